// Package vectors holds the trade stories: the contract's behaviour, written down as examples.
//
// A story is a JSON file (README.md has the format). The package parses stories strictly (Load), and replays one against anything that claims to
// behave like the contract (Run with a Driver): the Go model and localnet. The Rust tests read the same files by themselves. What stays outside: any
// knowledge of what the contract would answer. The numbers in the files come from docs/contract.md.
package vectors
