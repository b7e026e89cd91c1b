// Package arch holds no program, only tests of the whole tree: which room may import which, and why (imports_test.go); under which names things
// are logged (logkeys_test.go). What the network policy forbids, the imports forbid too.
package arch
