// Package redis starts a real Redis (7 or newer, as the system's package installs it) for one test binary, on 127.0.0.1 and a free port, with
// its files in a temporary folder and a password made at run time. It keeps nothing over a restart. It ends with the binary, also when that
// is killed. Where the program is not installed, tests are skipped by name, or fail where parts are required (package parts).
package redis
