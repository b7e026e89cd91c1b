#!/bin/sh
# Redis takes no password from a file of its own; it takes a list of users. This writes one, with the password's hash, where only this pod's
# memory has it. The user may do what the feed's fan-out does (internal/indexer/fanout), on its keys, and nothing else. A password that was
# rotated is taken when the pod is started again.
set -eu
umask 077
password=$(cat /run/secrets/redis/REDIS_PASSWORD)
if [ "${#password}" -lt 16 ]; then
	echo "redis: /run/secrets/redis/REDIS_PASSWORD has fewer than 16 characters: write a random value (docs/guide.md N9)" >&2
	exit 1
fi
hash=$(printf %s "$password" | sha256sum | cut -c 1-64)
echo "user default reset on #$hash ~stellarescrow:* +auth +hello +ping +select +xadd +xread +xrevrange" >/run/redis/users.acl
unset password hash
exec redis-server /etc/redis/redis.conf
