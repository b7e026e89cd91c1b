// Package keys knows whose key a caller offers: the lists of integrators' keys and of administrators' keys, which are files with the hash of each key
// and never the key itself.
//
// # The files
//
// API_KEYS and ADMIN_KEYS (docs/guide.md S2, S11) have one form, a key a line:
//
//	NAME SHA256 [FIELD=VALUE ...]
//
// NAME is whose key it is, in small letters, digits, '.', '-' and '_', at most 63, once in a file. SHA256 is the hash of the key's bytes, 64 hexadecimal
// digits. Words are separated by blanks or tabs. Empty lines and what begins with '#' are left out. One field is known:
//
//	from=203.0.113.7,2001:db8::/48   addresses and networks that the key may be used from
//
// Every administrator's key has it. A field that is not known is refused, so that a file for a newer program does not lose what it says in an older one.
// `escrowctl keys new NAME` makes a key and its line.
//
// A file is read again when it changes, so that a line that is taken out is a key that is refused a moment later (S7); while the changed file is
// malformed, the one before it counts, and the owner of the secret is told.
package keys
