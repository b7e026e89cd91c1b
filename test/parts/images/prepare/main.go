//go:build unix

// Prepare builds what takes longer than a test may wait, once: the programs of others that stand-ins are made of. It says what it has built.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := images.Prepare(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}
