//go:build unix

// Prepare installs the tools of others that the audit asks for their opinion, once: it takes longer than a test may wait.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/Abdullahi130/StellarEscrow/test/parts/opinions"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := opinions.Prepare(ctx, "go", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}
