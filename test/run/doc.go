// Command run is what `make test` and CI call: the stages of the test suite as a table, each with the part it needs. A stage whose part
// is missing is skipped by name, or fails under -parts=required. It prints each stage's time and, last, one line that counts them.
package main
