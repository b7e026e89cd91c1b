package client

import "strings"

// contentSecurityPolicy lets the page use its own files and ask the api under its own name. Nothing inline, nothing of others, no frame, no form, and no
// text becomes markup (docs/guide.md N13).
var contentSecurityPolicy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
}, "; ")

// permissionsPolicy denies what the page has no use for, to itself and to whatever it would contain.
var permissionsPolicy = strings.Join([]string{
	"accelerometer=()", "autoplay=()", "camera=()", "display-capture=()", "encrypted-media=()", "fullscreen=()", "geolocation=()", "gyroscope=()", "hid=()",
	"magnetometer=()", "microphone=()", "midi=()", "payment=()", "picture-in-picture=()", "screen-wake-lock=()", "serial=()", "usb=()", "xr-spatial-tracking=()",
}, ", ")

// header is one that every answer has.
type header struct{ name, value string }

// headers are on every answer, whatever its status. HSTS is not among them: it belongs to whoever ends TLS.
var headers = [...]header{
	{"Content-Security-Policy", contentSecurityPolicy},
	{"X-Frame-Options", "DENY"}, // for browsers that do not know frame-ancestors, and to the letter of N13
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"}, // an address may name a trade
	{"Permissions-Policy", permissionsPolicy},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
}
