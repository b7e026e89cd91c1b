-- The projection: what the events up to a contract's position say of each trade. Amounts are whole units of the asset's smallest part: bigint
-- where the contract bounds them by 2^63-1 (TotalTooLarge), numeric where a sum may go beyond. Roles, stages, phases and outcomes are the
-- contract's numbers. `opened` is the id of the event that opened the trade: every list of trades is ordered by it.
--
-- It is also the key of everything below a trade: a trade's own id is a hash, and rows and index entries in its order would lie all over the
-- disk. Rows that belong to a trade are written in the transaction that writes the trade, and never removed: foreign keys would only look up
-- again what has just been written, and cost the server a third more work (measured with all of them, 100,000 events).

-- What never changes of a trade. It is most of it, and apart from the rest because an UPDATE writes the whole row anew.
CREATE TABLE trades (
  id            bytea    PRIMARY KEY CHECK (length(id) = 32),
  contract      text     COLLATE "C" NOT NULL,
  buyer         text     COLLATE "C" NOT NULL,
  seller        text     COLLATE "C" NOT NULL,
  terms         text     NOT NULL, -- JSON; comes back byte for byte
  opened_by     smallint NOT NULL,
  opened        text     COLLATE "C" NOT NULL CHECK (length(opened) = 30),
  opened_at     bigint   NOT NULL,
  last_deadline bigint   NOT NULL
);

-- Where a trade stands. Contract and asset repeat what the trade says, for the lists' order.
--
-- The indexes know the stage in which a trade has come to rest and no other one. A trade goes through three stages before, and as long as no
-- indexed column changes PostgreSQL writes the row's next version beside the old one and touches no index. Lists of one of those three look
-- at the trades under way one by one, which is few of all there are; lists of every stage merge the indexes' three parts (tradelist.go).
CREATE TABLE standings (
  opened      text     COLLATE "C" PRIMARY KEY,
  trade       bytea    NOT NULL,
  contract    text     COLLATE "C" NOT NULL,
  asset       text     COLLATE "C" NOT NULL,
  stage       smallint NOT NULL CHECK (stage BETWEEN 0 AND 4),
  final_stage smallint NOT NULL GENERATED ALWAYS AS (CASE WHEN stage >= 3 THEN stage ELSE 0 END) STORED, -- 0: under way
  loose       boolean  NOT NULL, -- has rows in offers or parked, which may have to go
  buyer_bond  bigint   NOT NULL CHECK (buyer_bond >= 0),
  seller_bond bigint   NOT NULL CHECK (seller_bond >= 0),
  updated     text     COLLATE "C" NOT NULL,
  updated_at  bigint   NOT NULL,
  ended_at    bigint   NOT NULL -- 0: not ended
) WITH (fillfactor = 70);

CREATE INDEX standings_of_stage    ON standings (final_stage, opened);
CREATE INDEX standings_of_asset    ON standings (asset, final_stage, opened);
CREATE INDEX standings_of_contract ON standings (contract, final_stage, opened);

-- Who takes part in what. `opened` repeats the trade's, so that a person's lists need no other table's order; one index serves all of them.
CREATE TABLE participants (
  account     text     COLLATE "C" NOT NULL,
  part        text     COLLATE "C" NOT NULL CHECK (part IN ('buyer', 'seller', 'arbitrator')),
  final_stage smallint NOT NULL CHECK (final_stage IN (0, 3, 4)),
  opened      text     COLLATE "C" NOT NULL,
  role        smallint NOT NULL
);

CREATE INDEX participants_of_account ON participants (account, part, final_stage, opened);

CREATE TABLE milestones (
  opened       text COLLATE "C" NOT NULL,
  milestone    smallint NOT NULL,
  left_over    bigint   NOT NULL CHECK (left_over >= 0), -- 0 before funding and once ended
  delivered_at bigint   NOT NULL,                        -- 0: not delivered
  proof        bytea    NOT NULL CHECK (length(proof) = 32),
  to_seller    bigint   NOT NULL CHECK (to_seller >= 0), -- so far, before the costs of hearings and the fee
  to_buyer     bigint   NOT NULL CHECK (to_buyer >= 0),
  fee          bigint   NOT NULL CHECK (fee >= 0),
  ended_at     bigint   NOT NULL,                        -- 0: not ended
  ended_by     text     NOT NULL,                        -- the kind of the event that ended it
  outcome      smallint NOT NULL,                        -- of the settled event
  PRIMARY KEY (opened, milestone)
) WITH (fillfactor = 70);

-- The latest offer of each side, standing or not; gone when the milestone has ended.
CREATE TABLE offers (
  opened        text COLLATE "C" NOT NULL,
  milestone     smallint NOT NULL,
  role          smallint NOT NULL,
  of            bigint   NOT NULL,
  phase         smallint NOT NULL,
  seller_amount bigint   NOT NULL,
  PRIMARY KEY (opened, milestone, role)
);

CREATE TABLE disputes (
  opened       text COLLATE "C" NOT NULL,
  milestone    smallint NOT NULL,
  role         smallint NOT NULL, -- who disputed
  reason       bytea    NOT NULL CHECK (length(reason) = 32),
  since        bigint   NOT NULL,
  buyer_aside  numeric(39) NOT NULL,
  seller_aside numeric(39) NOT NULL,
  appeal_by    smallint,
  appealed_at  bigint   NOT NULL,
  ruled_at     bigint   NOT NULL,
  silent       smallint[] NOT NULL, -- the seats, when it has ended
  buyer_paid   numeric(39) NOT NULL,
  seller_paid  numeric(39) NOT NULL,
  vote         bigint   NOT NULL, -- what each got
  appeal_vote  bigint   NOT NULL,
  PRIMARY KEY (opened, milestone)
);

CREATE TABLE votes (
  opened     text COLLATE "C" NOT NULL,
  milestone  smallint NOT NULL,
  place      smallint NOT NULL, -- in the order cast
  role       smallint NOT NULL,
  seller_ppm integer  NOT NULL,
  hash       bytea    NOT NULL CHECK (length(hash) = 32),
  voted_at   bigint   NOT NULL,
  PRIMARY KEY (opened, milestone, place)
);

CREATE TABLE parked (
  opened text COLLATE "C" NOT NULL,
  role   smallint    NOT NULL,
  amount numeric(39) NOT NULL,
  PRIMARY KEY (opened, role)
);

-- As in events: an index for each list, whatever the values are.
ALTER TABLE standings ALTER opened SET STATISTICS 0, ALTER contract SET STATISTICS 0, ALTER asset SET STATISTICS 0, ALTER stage SET STATISTICS 0,
  ALTER final_stage SET STATISTICS 0;
ALTER TABLE participants ALTER account SET STATISTICS 0, ALTER part SET STATISTICS 0, ALTER final_stage SET STATISTICS 0, ALTER opened SET STATISTICS 0;
