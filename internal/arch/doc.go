// Package arch holds no program, only tests: which room may import which, and why (imports_test.go). What the network policy forbids,
// the imports forbid too.
package arch
