-- What the platform spends of its own XLM, and which of its accounts works for which process. None of it is on the chain in this form.

CREATE TABLE spending (
  purpose      TEXT    NOT NULL CHECK (purpose IN ('sponsor', 'keeper')),
  day          INTEGER NOT NULL, -- since 1 January 1970, UTC
  account      TEXT    NOT NULL, -- on whose behalf; '' is all of them together, and nobody's
  stroops      INTEGER NOT NULL CHECK (stroops >= 0), -- reservations that are not settled yet among it
  transactions INTEGER NOT NULL CHECK (transactions >= 0),
  PRIMARY KEY (purpose, day, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
  name   TEXT    PRIMARY KEY,
  holder TEXT    NOT NULL, -- '' is nobody
  until  INTEGER NOT NULL  -- wall time, unix seconds: from then on it is anybody's
) STRICT, WITHOUT ROWID;
