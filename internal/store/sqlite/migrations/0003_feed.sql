-- The feed: one sequence without holes. The payload is the exact text that was hashed.

CREATE TABLE feed (
  seq     INTEGER PRIMARY KEY CHECK (seq > 0),
  payload BLOB    NOT NULL,
  hash    BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
