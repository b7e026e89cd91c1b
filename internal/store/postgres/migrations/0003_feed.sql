-- The feed: one sequence without holes. The payload is the exact text that was hashed.

CREATE TABLE feed (
  seq     bigint PRIMARY KEY CHECK (seq > 0),
  payload bytea  NOT NULL,
  hash    bytea  NOT NULL CHECK (length(hash) = 32)
);
