#!/bin/sh
# Ready when the one who knows the password is answered. It goes by the environment of this one process: an argument would be seen by all.
set -eu
REDISCLI_AUTH=$(cat /run/secrets/redis/REDIS_PASSWORD)
export REDISCLI_AUTH
[ "$(redis-cli -h 127.0.0.1 ping)" = PONG ]
