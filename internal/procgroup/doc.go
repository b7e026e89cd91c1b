// Package procgroup runs a program that starts programs of its own, so that all of them end when it is stopped: a script whose compiler
// goes on after control-C writes into the next run's files. For tools of developers, on Unix only.
package procgroup
