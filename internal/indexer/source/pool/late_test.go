package pool_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// slow is a node whose answer is under way for as long as held is there.
type slow struct {
	pool.Source
	held chan struct{}
}

func (s *slow) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	held := s.held
	l, h, err := s.Source.LatestHash(ctx)
	if held != nil {
		<-held
	}
	return l, h, err
}

// An answer that was under way while another one brought a newer ledger is no node that is behind: with one node, nobody else could be asked.
func TestAnAnswerThatIsOvertaken(t *testing.T) {
	inWorld(t, 1, false, func(t *testing.T, w *world) {
		node := &slow{Source: w.config.Endpoints[0].Source}
		w.config.Endpoints[0].Source = node
		var err error
		if w.pool, err = pool.New(w.config); err != nil {
			t.Fatal(err)
		}
		before, _, err := w.pool.LatestHash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		type answer struct {
			rpc.Ledger
			err error
		}
		first, held := make(chan answer, 1), make(chan struct{})
		node.held = held
		go func() {
			l, _, err := w.pool.LatestHash(t.Context())
			first <- answer{l, err}
		}()
		synctest.Wait()
		node.held = nil
		w.grow(1)
		newer, _, err := w.pool.LatestHash(t.Context())
		if err != nil || newer.Sequence != before.Sequence+1 {
			t.Fatalf("ledger %d after %d, %v", newer.Sequence, before.Sequence, err)
		}
		close(held)
		if got := <-first; got.err != nil || got.Sequence != before.Sequence {
			t.Errorf("ledger %d, %v, want %d", got.Sequence, got.err, before.Sequence)
		}
		if s := w.pool.Status(); s.Newest.Sequence != newer.Sequence {
			t.Errorf("the newest is now %d, it was %d", s.Newest.Sequence, newer.Sequence)
		}
		w.is(0, pool.Ready, true)
	})
}
