// Package postgres starts a real PostgreSQL (15 or newer, as the system's package installs it) for one test binary, on 127.0.0.1 and a free
// port, with its files in a temporary folder. It ends with the binary, also when that is killed. Where the programs are not installed, tests
// are skipped by name, or fail where parts are required (package parts).
package postgres
