-- When settle next has something to carry out for a trade if nobody does anything before (escrow.DueAt): of funded trades only, so that it is
-- as small as what is under way. It is part of the projection, and apart from standings because a column in an index there would cost a new
-- index entry in each of standings' indexes with each change (0002_trades.sql).

CREATE TABLE due (
  opened   text   COLLATE "C" PRIMARY KEY,
  due_at   bigint NOT NULL CHECK (due_at > 0),
  trade    bytea  NOT NULL CHECK (length(trade) = 32),
  contract text   COLLATE "C" NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX due_in_order ON due (due_at, opened);

ALTER TABLE due ALTER opened SET STATISTICS 0, ALTER due_at SET STATISTICS 0;
