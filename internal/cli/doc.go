// Package cli reads a program's command line into its struct of commands, and says what the program ends with: the same way, with the same
// words and codes, for both programs.
//
// What a command does, and how its outcome is shown, stays with the program.
package cli
