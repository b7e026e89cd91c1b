-- The projection: what the events up to a contract's position say of each trade. Amounts are whole units of the asset's smallest part: INTEGER
-- where the contract bounds them by 2^63-1 (TotalTooLarge), TEXT where a sum may go beyond. Roles, stages, phases and outcomes are the
-- contract's numbers. `opened` is the id of the event that opened the trade: every list of trades is ordered by it.

CREATE TABLE trades (
  id            BLOB    PRIMARY KEY CHECK (length(id) = 32),
  contract      TEXT    NOT NULL REFERENCES contracts,
  buyer         TEXT    NOT NULL,
  seller        TEXT    NOT NULL,
  asset         TEXT    NOT NULL,
  terms         TEXT    NOT NULL CHECK (json_valid(terms)),
  opened_by     INTEGER NOT NULL,
  stage         INTEGER NOT NULL,
  buyer_bond    INTEGER NOT NULL CHECK (buyer_bond >= 0),
  seller_bond   INTEGER NOT NULL CHECK (seller_bond >= 0),
  last_deadline INTEGER NOT NULL,
  opened        TEXT    NOT NULL UNIQUE,
  opened_at     INTEGER NOT NULL,
  updated       TEXT    NOT NULL,
  updated_at    INTEGER NOT NULL,
  ended_at      INTEGER NOT NULL -- 0: not ended
) STRICT;

CREATE INDEX trades_of_stage          ON trades (stage, opened);
CREATE INDEX trades_of_asset          ON trades (asset, opened);
CREATE INDEX trades_of_asset_stage    ON trades (asset, stage, opened);
CREATE INDEX trades_of_contract       ON trades (contract, opened);
CREATE INDEX trades_of_contract_stage ON trades (contract, stage, opened);

-- Who takes part in what. `stage` and `opened` repeat the trade's, so that a person's lists need no other table's order.
CREATE TABLE participants (
  trade   BLOB    NOT NULL REFERENCES trades,
  role    INTEGER NOT NULL,
  account TEXT    NOT NULL,
  part    TEXT    NOT NULL CHECK (part IN ('buyer', 'seller', 'arbitrator')),
  stage   INTEGER NOT NULL,
  opened  TEXT    NOT NULL,
  PRIMARY KEY (trade, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX participants_of_account    ON participants (account, opened);
CREATE INDEX participants_of_stage      ON participants (account, stage, opened);
CREATE INDEX participants_of_part       ON participants (account, part, opened);
CREATE INDEX participants_of_part_stage ON participants (account, part, stage, opened);

CREATE TABLE milestones (
  trade        BLOB    NOT NULL REFERENCES trades,
  milestone    INTEGER NOT NULL,
  left_over    INTEGER NOT NULL CHECK (left_over >= 0), -- 0 before funding and once ended
  delivered_at INTEGER NOT NULL,                        -- 0: not delivered
  proof        BLOB    NOT NULL CHECK (length(proof) = 32),
  to_seller    INTEGER NOT NULL CHECK (to_seller >= 0), -- so far, before the costs of hearings and the fee
  to_buyer     INTEGER NOT NULL CHECK (to_buyer >= 0),
  fee          INTEGER NOT NULL CHECK (fee >= 0),
  ended_at     INTEGER NOT NULL,                        -- 0: not ended
  ended_by     TEXT    NOT NULL,                        -- the kind of the event that ended it
  outcome      INTEGER NOT NULL,                        -- of the settled event
  PRIMARY KEY (trade, milestone)
) STRICT, WITHOUT ROWID;

-- The latest offer of each side, standing or not; gone when the milestone has ended.
CREATE TABLE offers (
  trade         BLOB    NOT NULL,
  milestone     INTEGER NOT NULL,
  role          INTEGER NOT NULL,
  of            INTEGER NOT NULL,
  phase         INTEGER NOT NULL,
  seller_amount INTEGER NOT NULL,
  PRIMARY KEY (trade, milestone, role),
  FOREIGN KEY (trade, milestone) REFERENCES milestones
) STRICT, WITHOUT ROWID;

CREATE TABLE disputes (
  trade        BLOB    NOT NULL,
  milestone    INTEGER NOT NULL,
  role         INTEGER NOT NULL, -- who disputed
  reason       BLOB    NOT NULL CHECK (length(reason) = 32),
  since        INTEGER NOT NULL,
  buyer_aside  TEXT    NOT NULL,
  seller_aside TEXT    NOT NULL,
  appeal_by    INTEGER,
  appealed_at  INTEGER NOT NULL,
  ruled_at     INTEGER NOT NULL,
  silent       TEXT    NOT NULL CHECK (json_valid(silent)), -- the seats, when it has ended
  buyer_paid   TEXT    NOT NULL,
  seller_paid  TEXT    NOT NULL,
  vote         INTEGER NOT NULL, -- what each got
  appeal_vote  INTEGER NOT NULL,
  PRIMARY KEY (trade, milestone),
  FOREIGN KEY (trade, milestone) REFERENCES milestones
) STRICT, WITHOUT ROWID;

CREATE TABLE votes (
  trade      BLOB    NOT NULL,
  milestone  INTEGER NOT NULL,
  place      INTEGER NOT NULL, -- in the order cast
  role       INTEGER NOT NULL,
  seller_ppm INTEGER NOT NULL,
  hash       BLOB    NOT NULL CHECK (length(hash) = 32),
  voted_at   INTEGER NOT NULL,
  PRIMARY KEY (trade, milestone, place),
  FOREIGN KEY (trade, milestone) REFERENCES disputes
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
  trade  BLOB    NOT NULL REFERENCES trades,
  role   INTEGER NOT NULL,
  amount TEXT    NOT NULL,
  PRIMARY KEY (trade, role)
) STRICT, WITHOUT ROWID;
