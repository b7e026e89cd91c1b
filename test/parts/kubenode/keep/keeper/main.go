// Command keeper is started by package keep, and by nobody else.
package main

import (
	"os"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

func main() { os.Exit(keep.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
