// Package child runs one server of somebody else's for one test, with its files in a folder of its own. A small shell stands between: it alone starts the server, as its own child, so
// that no other process can be meant when it ends it, and it does so when the test ends and when the test's binary does, in whatever way.
package child
