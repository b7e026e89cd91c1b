#!/bin/sh
# What the real image's docker-entrypoint.sh does, as far as this platform uses it: on an empty PGDATA it makes the database, with POSTGRES_PASSWORD_FILE and
# POSTGRES_INITDB_ARGS, runs what stands in /docker-entrypoint-initdb.d on a server that listens on its socket only, and then becomes the server. It
# does not change its user: it is started as the right one.
set -eu
case ${1:-} in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"

# quoted says arguments as a shell reads them.
quoted() {
	for argument in "$@"; do
		printf "'"
		printf %s "$argument" | sed "s/'/'\\\\''/g"
		printf "' "
	done
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA"
	if [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || [ ! -s "$POSTGRES_PASSWORD_FILE" ]; then
		echo "stand-in-entrypoint.sh: POSTGRES_PASSWORD_FILE names no file with a password" >&2
		exit 1
	fi
	# Unquoted: several arguments in one variable, as the real one has it.
	# shellcheck disable=SC2086
	initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" ${POSTGRES_INITDB_ARGS:-}
	printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
	shift
	pg_ctl --wait -o "$(quoted "$@") -c listen_addresses=''" start
	for script in /docker-entrypoint-initdb.d/*.sh; do
		[ -e "$script" ] || continue
		echo "stand-in-entrypoint.sh: running $script"
		if [ -x "$script" ]; then "$script"; else . "$script"; fi
	done
	pg_ctl --wait --mode=fast stop
	set -- postgres "$@"
fi
exec "$@"
