// Package cli reads a program's command line into its struct of commands, hears when it is to end, and says what it ends with: the same way,
// with the same words and codes, for both programs.
//
// What a command does, and how its outcome is shown, stays with the program.
package cli
