#!/bin/sh
# The whole hardening guide, proved on this checkout (docs/guide.md V10); with --live FILE, on the running system too. ESCROWCTL names another program than the one on the path.
exec "${ESCROWCTL:-escrowctl}" audit --tree "$(dirname "$0")/.." "$@"
