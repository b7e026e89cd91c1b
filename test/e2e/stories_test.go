package e2e

import (
	"runtime"
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
	// A network serves one story at a time, and any number one after the other.
	networks := make(chan *built, min(runtime.GOMAXPROCS(0), 4))
	for range cap(networks) {
		b, err := newBuilt(t.Context(), passphrase, stories)
		if err != nil {
			t.Fatalf("start a network: %v", err)
		}
		networks <- b
	}
	var told, steps atomic.Int64
	t.Run("story", func(t *testing.T) {
		for _, s := range stories {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				b := <-networks
				defer func() { networks <- b }()
				if err := vectors.Run(b, s); err != nil {
					t.Fatal(err)
				}
				told.Add(1)
				steps.Add(int64(len(s.Steps)))
			})
		}
	})
	t.Logf("%d of %d stories, %d steps, told by the built contract in the real host", told.Load(), len(stories), steps.Load())
}
