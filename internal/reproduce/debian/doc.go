// Package debian holds the one list of the Debian packages that the tree's builds and tests need. The list is packages.txt, which .ci/run
// reads as it is.
//
// How they are installed stays with .ci/run and the machine; nothing here runs a package manager.
package debian
