// Package secret holds what must not be seen: values that hide themselves from logs, JSON and formatting, read from files that whoever
// runs the program mounts (docs/guide.md S1, S4: never from the environment), and read again when they change (S5: rotation without a restart).
//
// Missing, empty, short, repeated and well-known values are refused at the start (S11). What a secret opens stays outside.
package secret
