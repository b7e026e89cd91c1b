// Command escrowctl is the operator's tool. It exits with 0 when what was asked for is done or holds, 1 when it fails, 2 when it could not
// look, 3 when it was called wrongly.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

func main() {
	ctx, stop := cli.Stoppable(context.Background())
	err := ctl.RunWithNotes(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "escrowctl:", err)
		os.Exit(ctl.ExitCode(err))
	}
}
