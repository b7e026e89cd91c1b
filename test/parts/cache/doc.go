// Package cache keeps what parts are made of from one test to the next: a folder a kind, ${XDG_CACHE_HOME:-$HOME/.cache}/stellarescrow/KIND, and the lock that whoever
// builds something there holds meanwhile. Program is one of somebody else's that is built from its Go module.
//
// It knows no test: a part that finds something missing says so by package parts.
package cache
