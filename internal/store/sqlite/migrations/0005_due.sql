-- When settle next has something to carry out for a trade if nobody does anything before (escrow.DueAt): of funded trades only, so that it is
-- as small as what is under way. It is part of the projection.

CREATE TABLE due (
  opened   TEXT    PRIMARY KEY,
  due_at   INTEGER NOT NULL CHECK (due_at > 0),
  trade    BLOB    NOT NULL REFERENCES trades,
  contract TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX due_in_order ON due (due_at, opened, trade, contract);
