-- What was read of the chain, and how far. Hashes are 32 bytes, times unix seconds, event ids and positions in the form of Stellar RPC. Text
-- orders by its bytes (COLLATE "C"), as those ids do on the chain and as SQLite's does.

CREATE TABLE network (
  one          smallint PRIMARY KEY CHECK (one = 1),
  passphrase   text     NOT NULL,
  first_ledger bigint   NOT NULL,
  first_hash   bytea    NOT NULL CHECK (length(first_hash) = 32),
  mark_ledger  bigint   NOT NULL CHECK (mark_ledger >= first_ledger),
  mark_hash    bytea    NOT NULL CHECK (length(mark_hash) = 32)
);

CREATE TABLE contracts (
  contract     text   COLLATE "C" PRIMARY KEY,
  start_ledger bigint NOT NULL,
  position     text   COLLATE "C" NOT NULL CHECK (length(position) = 30),
  position_at  bigint NOT NULL DEFAULT 0, -- close time of the position's ledger, or of one before it
  gap_oldest   bigint NOT NULL DEFAULT 0  -- 0: no gap
);

CREATE INDEX contracts_position ON contracts (position); -- how far all of them are

-- No foreign key leads to contracts: Apply takes events of contracts only that the same batch moves, and none is ever removed. A key would
-- ask once for each event.
CREATE TABLE events (
  id        text   COLLATE "C" PRIMARY KEY CHECK (length(id) = 30),
  contract  text   COLLATE "C" NOT NULL,
  closed_at bigint NOT NULL,
  tx        bytea  NOT NULL CHECK (length(tx) = 32),
  kind      text   COLLATE "C" NOT NULL,
  trade     bytea  CHECK (length(trade) = 32),
  body      bytea  NOT NULL,            -- ContractEvent, XDR
  unread    text   NOT NULL DEFAULT ''  -- why it had no effect; '' if it had
);

CREATE INDEX events_of_trade    ON events (trade, id) WHERE trade IS NOT NULL;
CREATE INDEX events_of_kind     ON events (kind, id);
CREATE INDEX events_of_contract ON events (contract, id);
CREATE INDEX events_unread      ON events (id) WHERE unread <> '';

-- Each statement is written for one index. Were the planner to count values, it would find that most events are of one contract and walk the
-- primary key past all those that are not, and keep to that for the contract that has few. What it knows nothing of it takes for rare.
ALTER TABLE events ALTER id SET STATISTICS 0, ALTER contract SET STATISTICS 0, ALTER kind SET STATISTICS 0, ALTER trade SET STATISTICS 0, ALTER unread SET STATISTICS 0;
