-- What was read of the chain, and how far. Hashes are 32 bytes, times unix seconds, event ids and positions in the form of Stellar RPC.

CREATE TABLE network (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  passphrase   TEXT    NOT NULL,
  first_ledger INTEGER NOT NULL,
  first_hash   BLOB    NOT NULL CHECK (length(first_hash) = 32),
  mark_ledger  INTEGER NOT NULL CHECK (mark_ledger >= first_ledger),
  mark_hash    BLOB    NOT NULL CHECK (length(mark_hash) = 32)
) STRICT;

CREATE TABLE contracts (
  contract     TEXT    PRIMARY KEY,
  start_ledger INTEGER NOT NULL,
  position     TEXT    NOT NULL CHECK (length(position) = 30),
  position_at  INTEGER NOT NULL DEFAULT 0, -- close time of the position's ledger, or of one before it
  gap_oldest   INTEGER NOT NULL DEFAULT 0  -- 0: no gap
) STRICT, WITHOUT ROWID;

CREATE INDEX contracts_position ON contracts (position); -- how far all of them are

CREATE TABLE events (
  id        TEXT    PRIMARY KEY CHECK (length(id) = 30),
  contract  TEXT    NOT NULL REFERENCES contracts,
  closed_at INTEGER NOT NULL,
  tx        BLOB    NOT NULL CHECK (length(tx) = 32),
  kind      TEXT    NOT NULL,
  trade     BLOB    CHECK (trade IS NULL OR length(trade) = 32),
  body      BLOB    NOT NULL,            -- ContractEvent, XDR
  unread    TEXT    NOT NULL DEFAULT ''  -- why it had no effect; '' if it had
) STRICT;

CREATE INDEX events_of_trade    ON events (trade, id) WHERE trade IS NOT NULL;
CREATE INDEX events_of_kind     ON events (kind, id);
CREATE INDEX events_of_contract ON events (contract, id);
CREATE INDEX events_unread      ON events (id) WHERE unread <> '';
