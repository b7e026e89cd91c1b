// Package child runs a server of somebody else's with its files in a folder of its own. A small shell stands between: it alone starts the server and sends it signals, always as its
// own child, so that no other process can be meant, and it ends the server when the pipe to it ends: when the test does, and when the test's binary does, in whatever way.
package child
