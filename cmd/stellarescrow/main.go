// Command stellarescrow is the platform: one binary, a target a part. `stellarescrow dev` runs all of it on one machine. It exits as escrowctl
// does (cli.ExitCode).
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/Abdullahi130/StellarEscrow/internal/app"
	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

func main() {
	ctx, stop := cli.Stoppable(context.Background())
	err := app.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stellarescrow:", err)
		os.Exit(app.ExitCode(err))
	}
}
