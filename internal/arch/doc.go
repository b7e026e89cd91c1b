// Package arch holds no program, only tests: which room may import which, and why (design: the house). What the network policy forbids,
// the imports forbid too.
package arch
