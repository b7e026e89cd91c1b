#!/bin/sh
# Starts nginx, on a machine that has no certificate yet too. nginx reads its certificate from RUN_DIR/tls. Into that come, as a pair that fits, the files that
# whoever renews certificates leaves in CERTIFICATE_DIR; while there are none, one that vouches for itself, so that everything but trust is as it will be,
# and the challenge that brings the first one can be answered. What is left there later is found within CERTIFICATE_CHECK_SECONDS and taken over
# without cutting a connection; what does not fit is left alone, and said.
set -eu
umask 077
given=${CERTIFICATE_DIR:-/etc/nginx/tls}
run=${RUN_DIR:-/run/nginx}
config=${NGINX_CONFIG:-/etc/nginx/stellar-escrow/nginx.conf}
every=${CERTIFICATE_CHECK_SECONDS:-60}

# fits tells whether a certificate and a key belong together. Renewal writes two files; between them they do not.
fits() {
	public=$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null) && [ -n "$public" ] && [ "$public" = "$(openssl pkey -in "$2" -pubout 2>/dev/null)" ]
}

# take puts a pair where nginx reads it. It is copied first, so that what is looked at is what is used.
take() {
	cat "$given/fullchain.pem" >"$run/tls/fullchain.new" 2>/dev/null || return 1
	cat "$given/privkey.pem" >"$run/tls/privkey.new" 2>/dev/null || return 1
	if ! fits "$run/tls/fullchain.new" "$run/tls/privkey.new"; then
		echo "start.sh: certificate and key in $given do not belong together: they are left alone until they do" >&2
		return 1
	fi
	mv "$run/tls/privkey.new" "$run/tls/privkey.pem"
	mv "$run/tls/fullchain.new" "$run/tls/fullchain.pem"
}

stamp() { cat "$given/fullchain.pem" "$given/privkey.pem" 2>/dev/null | cksum; }

# watch lives as long as nginx does, whose process this one becomes.
watch() {
	while sleep "$every" && kill -0 $$ 2>/dev/null; do
		now=$(stamp)
		[ "$now" = "$seen" ] && continue
		if take; then
			echo "start.sh: another certificate is taken over" >&2
			kill -HUP $$
		fi
		seen=$now
	done
}

mkdir -p "$run/tls"
seen=$(stamp)
if ! take; then
	echo "start.sh: no certificate in $given yet: nginx starts with one that nobody trusts" >&2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$run/tls/privkey.pem" -out "$run/tls/fullchain.pem" 2>/dev/null
fi
watch &
exec nginx -e /dev/stderr -c "$config" -g 'daemon off;'
