-- Transactions we prepared or sent: the one table that the chain cannot give back.

CREATE TABLE transactions (
  hash        bytea  PRIMARY KEY CHECK (length(hash) = 32),
  state       text   COLLATE "C" NOT NULL CHECK (state IN ('prepared', 'submitted', 'included', 'failed', 'expired', 'projected')),
  trade       bytea  CHECK (length(trade) = 32),
  action      text   NOT NULL,
  account     text   COLLATE "C" NOT NULL,
  envelope    bytea  NOT NULL, -- TransactionEnvelope, XDR
  valid_until bigint NOT NULL, -- 0: no time bound
  ledger      bigint NOT NULL, -- 0 until one includes it
  problem     text   NOT NULL,
  created_at  bigint NOT NULL,
  updated_at  bigint NOT NULL
);

CREATE INDEX transactions_of_trade   ON transactions (trade, created_at, hash) WHERE trade IS NOT NULL;
CREATE INDEX transactions_of_account ON transactions (account, created_at, hash);
CREATE INDEX transactions_in_state   ON transactions (state, created_at, hash);
CREATE INDEX transactions_included   ON transactions (ledger) WHERE state = 'included';

ALTER TABLE transactions ALTER hash SET STATISTICS 0, ALTER state SET STATISTICS 0, ALTER trade SET STATISTICS 0, ALTER account SET STATISTICS 0,
  ALTER created_at SET STATISTICS 0, ALTER ledger SET STATISTICS 0;
