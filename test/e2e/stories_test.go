package e2e

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
)

// TestStories replays every story with the committed contract: each accepted call is a signed transaction in a ledger, each refused one is refused by
// the host when it is simulated with the same signatures.
func TestStories(t *testing.T) {
	stories, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(stories) == 0 {
		t.Fatal("there are no stories")
	}
	var next, steps atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			b, err := newBuilt(t.Context(), passphrase, stories)
			if err != nil {
				t.Errorf("start a network: %v", err)
				return
			}
			for {
				i := next.Add(1) - 1
				if i >= int64(len(stories)) || t.Context().Err() != nil {
					return
				}
				if err := vectors.Run(b, stories[i]); err != nil {
					t.Error(err)
				}
				steps.Add(int64(len(stories[i].Steps)))
			}
		})
	}
	wg.Wait()
	t.Logf("%d stories, %d steps, replayed by the built contract in the real host", len(stories), steps.Load())
}
