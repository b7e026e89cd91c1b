#!/bin/sh
# Run once, on an empty volume: the programs' user, who owns the database and may do nothing else to the server. One command, and no setting of
# the shell's: where the file is not executable, the image reads it into its own script.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\set password `cat /run/secrets/stellar-escrow/POSTGRES_PASSWORD`
CREATE ROLE stellarescrow LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE stellarescrow OWNER stellarescrow;
REVOKE ALL ON DATABASE stellarescrow FROM PUBLIC;
SQL
