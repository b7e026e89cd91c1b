package e2e

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
)

// TestStories replays every story with the committed contract: each accepted call is a signed transaction in a ledger, each refused one is refused by
// the host when it is simulated with the same signatures. An indexer follows, and after each call the stored trade is compared with what the contract's
// own view says, and the listed payouts with the balances in the ledger.
func TestStories(t *testing.T) {
	stories, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(stories) == 0 {
		t.Fatal("there are no stories")
	}
	// A network with its indexer serves one story at a time, and any number one after the other.
	free := make(chan *projected, min(runtime.GOMAXPROCS(0), 4))
	for range cap(free) {
		p, err := newProjected(t, stories)
		if err != nil {
			t.Fatalf("start a network: %v", err)
		}
		free <- p
	}
	var told, steps, compared, reconciled, paid atomic.Int64
	t.Run("story", func(t *testing.T) {
		for _, s := range stories {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				p := <-free
				defer func() { free <- p }()
				err := vectors.Run(p, s)
				if err := errors.Join(err, p.over()); err != nil {
					t.Fatal(err)
				}
				told.Add(1)
				steps.Add(int64(len(s.Steps)))
				compared.Add(int64(p.compared))
				reconciled.Add(int64(p.reconciledTrades))
				paid.Add(int64(p.payouts.paid))
			})
		}
	})
	if (compared.Load() == 0 || reconciled.Load() == 0 || paid.Load() == 0) && told.Load() == int64(len(stories)) { // one story alone, by -run, may have nothing to compare
		t.Error("no stored trade, or no payout, was compared")
	}
	t.Logf("%d of %d stories, %d steps, told by the built contract in the real host; %d times a stored trade was compared with the contract's, %d at the end with its ledger entry, %d payouts with balances",
		told.Load(), len(stories), steps.Load(), compared.Load(), reconciled.Load(), paid.Load())
}
