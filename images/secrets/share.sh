#!/bin/sh
# Gives each part of docker-compose.yml the secrets that are its own, as files in a volume that lives in memory. Why not by Compose itself: a value of .env
# becomes a file only in a container whose root can be written, and those of our parts cannot be.
# In: FROM, a file a secret, named like its variable. Out: TO, a folder a part, and READY when all is there. It stays: the volumes last as long as
# somebody holds them.
set -eu
umask 022
from=${FROM:-/run/secrets}
to=${TO:-/share}
ready=${READY:-/tmp/given}

# fit refuses what the programs refuse too (internal/secret), for those that do not: PostgreSQL, Grafana. It never says a value.
fit() {
	value=$(cat "$from/$1" 2>/dev/null || true)
	if [ "${#value}" -lt 16 ]; then
		echo "share.sh: $1 has fewer than 16 characters: write a random value into .env (docs/guide.md S11)" >&2
		return 1
	fi
	case $(printf %s "$value" | tr '[:upper:]' '[:lower:]') in
	*password* | *passw0rd* | *changeme* | *change-me* | *change_me* | *secret* | *example* | *qwerty* | *letmein* | *123456* | *stellarescrow* | *stellar-escrow*)
		echo "share.sh: $1 is made of well-known words: write a random value into .env (docs/guide.md S11)" >&2
		return 1
		;;
	esac
	if [ "$(printf %s "$value" | fold -w 1 | sort -u | wc -l)" -lt 5 ]; then
		echo "share.sh: $1 repeats a few characters: write a random value into .env (docs/guide.md S11)" >&2
		return 1
	fi
}

# give writes beside and renames: whoever reads has the old value or the new one, never half of one. What has no value is not given.
give() {
	part=$1
	shift
	for name in "$@"; do
		if [ -s "$from/$name" ]; then
			cat "$from/$name" >"$to/$part/.$name"
			mv -f "$to/$part/.$name" "$to/$part/$name"
		else
			rm -f "$to/$part/$name"
		fi
	done
}

bad=0
for name in POSTGRES_PASSWORD REDIS_PASSWORD API_KEYS ADMIN_KEYS GRAFANA_ADMIN_PASSWORD RELAY_SECRET; do
	fit "$name" || bad=1
done
[ "$bad" = 0 ] || exit 1

for part in api indexer backup; do
	# No secret: the password has a file of its own.
	printf 'postgres://stellarescrow@postgres:5432/stellarescrow?sslmode=disable\n' >"$to/$part/.DATABASE_URL"
	mv -f "$to/$part/.DATABASE_URL" "$to/$part/DATABASE_URL"
done
give api POSTGRES_PASSWORD RELAY_SECRET API_KEYS ADMIN_KEYS CONTRACT_ID
give indexer POSTGRES_PASSWORD RELAY_SECRET REDIS_PASSWORD CONTRACT_ID STELLAR_RPC_URLS KEEPER_KEYS FEE_KEY CHANNEL_KEYS
give backup POSTGRES_PASSWORD BACKUP_RECIPIENTS
give postgres POSTGRES_PASSWORD
give redis REDIS_PASSWORD
give grafana GRAFANA_ADMIN_PASSWORD
give alertmanager ALERT_CRITICAL_URL ALERT_WARNING_URL
: >"$ready"

trap 'exit 0' TERM INT
while :; do
	sleep 3600 &
	wait $!
done
