-- A contract that nobody follows any more, because the settings no longer name it: what it holds stays, its position stays where it is, and nobody
-- waits for it.

ALTER TABLE contracts ADD dropped boolean NOT NULL DEFAULT false;

DROP INDEX contracts_position;
CREATE INDEX contracts_position ON contracts (position) WHERE NOT dropped; -- how far all of them are that are followed
