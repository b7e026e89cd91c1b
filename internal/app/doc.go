// Package app is the program `stellarescrow`: its targets as a table, their configuration, and one straight function that wires each.
// Rules, storage and protocols live elsewhere; what stands here is who is started, with what, and in which order it is stopped.
package app
