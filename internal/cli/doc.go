// Package cli reads a program's command line into its struct of commands: the same way, and with the same words, for both programs.
//
// What a command does, and how its outcome is shown, stays with the program.
package cli
