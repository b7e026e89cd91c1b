-- What went out to whom, and by which event (store.Payout). It is part of the projection. What events before this step have paid it does not hold: only the
-- rules of a trade tell that, from each event and the trade as it was then. `stellarescrow indexer rebuild` projects them all anew; until then lists
-- of payouts begin with this step.

CREATE TABLE payouts (
  opened  TEXT    NOT NULL REFERENCES trades (opened),
  event   TEXT    NOT NULL CHECK (length(event) = 30),
  role    INTEGER NOT NULL,
  account TEXT    NOT NULL,
  amount  TEXT    NOT NULL, -- above 0
  PRIMARY KEY (opened, event, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX payouts_of_account ON payouts (account, event, role);
