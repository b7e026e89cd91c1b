package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
)

// leader is the work of the one process that follows, of all that share a store.
type leader struct {
	follow *indexer.Replica
	verify *reconcile.Watch // nil for none
	keeper *keeper.Keeper   // nil for none
	log    *slog.Logger
}

// The bounds of a scheduled comparison.
const (
	scheduledEnded = 200             // trades that are over, of each contract and stage
	scheduledWait  = 2 * time.Minute // for following to come to the ledger that was read
)

// run works until ctx ends or following does, with whose error it ends.
func (l leader) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	if l.verify != nil {
		beside.Go(func() { l.verify.Run(ctx) })
	}
	if l.keeper != nil {
		beside.Go(func() {
			if err := l.keeper.Run(ctx); err != nil && ctx.Err() == nil {
				l.log.Error("the keeper has stopped", "err", err)
			}
		})
	}
	return l.follow.Follow(ctx)
}
