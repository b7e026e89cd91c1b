// Package attacks holds no program, only tests of docs/contract-attacks.md: that the tests and stories which it names are there (attacks_test.go, in
// every run of the tests), and that each of them runs and passes (passed_test.go, `make prove PART=attacks`).
package attacks
