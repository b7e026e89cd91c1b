package ctl

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/report"
)

// proveRunning breaks the cluster of the targets file on purpose, and puts it back after each break. It refuses every cluster but the one whose context the user has named beside
// the file, so that neither a file alone nor a flag alone can break anything.
func (c *auditCommand) proveRunning(ctx context.Context, out io.Writer, whole *guide.Guide, chosen []guide.Control, tree *facts.Tree) error {
	if c.Live == "" || !c.Prove {
		return fmt.Errorf("%w: --break-running is for --prove with --live", cli.ErrUsage)
	}
	s, err := running(c.Live)
	if err != nil {
		return err
	}
	switch at := s.Targets.Cluster; {
	case at.Context == "":
		return fmt.Errorf("%w: --break-running: %s names no cluster", cli.ErrUsage, c.Live)
	case at.Context != c.Break:
		return fmt.Errorf("%w: --break-running: the cluster of %s is %q, not %q: nothing was broken", cli.ErrUsage, c.Live, at.Context, c.Break)
	}
	proof, err := whole.ProveRunning(ctx, chosen, guide.Asked{Tree: tree, Running: s, Within: c.Within, Now: time.Now}, pause)
	if err := report.Proof(out, proof); err != nil {
		return err
	}
	for _, way := range proof.Elsewhere {
		if _, err := fmt.Fprintf(out, "%s is shown by a running system alone, and broken by no break here: tests do\n", way); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return proof.Err()
}

// pause waits, or until it is called off.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
