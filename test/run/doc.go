// Command run is what `make test` and CI call: the stages of the test suite as a table, each with the part it needs. A stage whose part
// is missing is skipped by name, or fails under -parts=required. It prints each stage's time and, last, one line that counts them.
//
// What takes too long for that is asked for apart, and goes on where it was stopped: -prove (prove.go), -bench (bench.go), -fuzz (fuzz.go).
package main
