-- What the platform spends of its own XLM, and which of its accounts works for which process. None of it is on the chain in this form.

CREATE TABLE spending (
  purpose      text   COLLATE "C" NOT NULL CHECK (purpose IN ('sponsor', 'keeper')),
  day          bigint NOT NULL, -- since 1 January 1970, UTC
  account      text   COLLATE "C" NOT NULL, -- on whose behalf; '' is all of them together, and nobody's
  stroops      bigint NOT NULL CHECK (stroops >= 0), -- reservations that are not settled yet among it
  transactions bigint NOT NULL CHECK (transactions >= 0),
  PRIMARY KEY (purpose, day, account)
);

CREATE TABLE leases (
  name   text   COLLATE "C" PRIMARY KEY,
  holder text   COLLATE "C" NOT NULL, -- '' is nobody
  until  bigint NOT NULL              -- wall time, unix seconds: from then on it is anybody's
);

ALTER TABLE spending ALTER purpose SET STATISTICS 0, ALTER day SET STATISTICS 0, ALTER account SET STATISTICS 0;
ALTER TABLE leases ALTER name SET STATISTICS 0, ALTER until SET STATISTICS 0;
