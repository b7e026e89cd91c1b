// Package nginx starts a real nginx (1.22 or newer, as the system's package installs it) with a test's own configuration, on 127.0.0.1, in a temporary folder
// that is all it can write to, as a user without rights where the test itself is root. It ends with the test, also when the test's binary is killed.
// Where the program is not installed, tests are skipped by name, or fail where parts are required (package parts).
package nginx
