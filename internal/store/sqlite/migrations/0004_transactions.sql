-- Transactions we prepared or sent: the one table that the chain cannot give back.

CREATE TABLE transactions (
  hash        BLOB    PRIMARY KEY CHECK (length(hash) = 32),
  state       TEXT    NOT NULL CHECK (state IN ('prepared', 'submitted', 'included', 'failed', 'expired', 'projected')),
  trade       BLOB    CHECK (trade IS NULL OR length(trade) = 32),
  action      TEXT    NOT NULL,
  account     TEXT    NOT NULL,
  envelope    BLOB    NOT NULL, -- TransactionEnvelope, XDR
  valid_until INTEGER NOT NULL, -- 0: no time bound
  ledger      INTEGER NOT NULL, -- 0 until one includes it
  problem     TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX transactions_of_trade   ON transactions (trade, created_at, hash) WHERE trade IS NOT NULL;
CREATE INDEX transactions_of_account ON transactions (account, created_at, hash);
CREATE INDEX transactions_in_state   ON transactions (state, created_at, hash);
CREATE INDEX transactions_included   ON transactions (ledger) WHERE state = 'included';
