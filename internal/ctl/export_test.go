package ctl

import (
	"context"
	"fmt"
	"os"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
)

// AsProgram makes the test binary the program itself, for tests that call it from a shell.
const AsProgram = "STELLARESCROW_TEST_AS_ESCROWCTL"

// asProgram is main, for a test that is gone when its end of the pipe is.
func asProgram() {
	ctx, stop := cli.Stoppable(context.Background())
	err := RunWithNotes(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "escrowctl:", err)
	}
	os.Exit(ExitCode(err))
}

func hex(hash [32]byte) string { return fmt.Sprintf("%x", hash) }
