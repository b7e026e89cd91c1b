// Package projects finds what a tree holds that has to be scanned: what its languages' packages are listed in, what images are built from, and which languages it is written in.
//
// What git ignores is not of the tree: nobody who checks it out has it.
package projects
