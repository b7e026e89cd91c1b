-- A contract that nobody follows any more, because the settings no longer name it: what it holds stays, its position stays where it is, and nobody
-- waits for it.

ALTER TABLE contracts ADD dropped INTEGER NOT NULL DEFAULT 0;

DROP INDEX contracts_position;
CREATE INDEX contracts_position ON contracts (position) WHERE dropped = 0; -- how far all of them are that are followed
