-- What went out to whom, and by which event (store.Payout). It is part of the projection. What events before this step have paid it does not hold: only the
-- rules of a trade tell that, from each event and the trade as it was then. `stellarescrow indexer rebuild` projects them all anew; until then lists
-- of payouts begin with this step.

CREATE TABLE payouts (
  opened  text COLLATE "C" NOT NULL, -- the trade's
  event   text COLLATE "C" NOT NULL CHECK (length(event) = 30),
  role    smallint    NOT NULL,
  account text COLLATE "C" NOT NULL,
  amount  numeric(39) NOT NULL CHECK (amount > 0),
  PRIMARY KEY (opened, event, role)
);

CREATE INDEX payouts_of_account ON payouts (account, event, role);

ALTER TABLE payouts ALTER opened SET STATISTICS 0, ALTER event SET STATISTICS 0, ALTER role SET STATISTICS 0, ALTER account SET STATISTICS 0;
