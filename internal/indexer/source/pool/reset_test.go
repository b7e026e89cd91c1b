package pool_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// If all nodes contradict the store, the network was reset: whoever compares has to see it.
func TestReset(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		inWorld(t, 2, verify, func(t *testing.T, w *world) {
			mark := w.all[10]
			fork := w.fork(15)
			for _, n := range w.nodes {
				n.off = true
				n.Replace(fork...)
			}
			w.pool.Trust(mark.LedgerSequence(), stellar.Hash(mark.LedgerHash()))
			list, _, err := w.pool.Ledgers(t.Context(), mark.LedgerSequence(), 1)
			if err != nil || len(list) != 1 || list[0].Hash != stellar.Hash(fork[10].LedgerHash()) {
				t.Errorf("%+v, %v", list, err)
			}
			if _, err := w.page(); !errors.Is(err, rpc.ErrUnavailable) {
				t.Errorf("a page, or %v", err)
			}
			// As long as one could still be right, nobody is told.
			w.nodes[1].fault.Store(&sourcetest.Fault{Status: 500})
			w.wait(10 * time.Minute)
			if list, _, err := w.pool.Ledgers(t.Context(), mark.LedgerSequence(), 1); !errors.Is(err, rpc.ErrUnavailable) {
				t.Errorf("%+v, %v", list, err)
			}
		})
	})
}

// The network is reset while it is followed, the nodes coming back one by one: that the ledgers are others is found by what was read last, and by
// a look, long after the store's mark; whoever compares the store's ledgers has to see it all the same, and can ask which network it is.
func TestResetWhileItIsFollowed(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		for _, shorter := range []bool{false, true} {
			inWorld(t, 3, verify, func(t *testing.T, w *world) {
				w.run()
				first, mark := w.all[2], w.all[10]
				for _, m := range []xdr.LedgerCloseMeta{first, mark} {
					w.pool.Trust(m.LedgerSequence(), stellar.Hash(m.LedgerHash()))
				}
				w.live(5)
				fork := w.fork(1)
				if shorter {
					fork = fork[:8] // behind the mark, and beyond the first one
				}
				for _, n := range w.nodes {
					n.fault.Store(&sourcetest.Fault{Status: 502})
				}
				w.wait(time.Minute)
				for _, n := range w.nodes {
					n.off = true
					n.Replace(fork...)
					n.fault.Store(nil)
					w.wait(7 * time.Minute)
				}
				if more, err := w.page(); more || err != nil && !errors.Is(err, rpc.ErrUnavailable) {
					t.Errorf("a page, or %v", err)
				}
				if _, err := w.pool.CheckNetwork(t.Context()); err != nil {
					t.Errorf("which network it is: %v", err)
				}
				seen := false
				for _, m := range []xdr.LedgerCloseMeta{mark, first} {
					list, _, err := w.pool.Ledgers(t.Context(), m.LedgerSequence(), 1)
					if err != nil {
						t.Errorf("ledger %d: %v", m.LedgerSequence(), err)
					}
					seen = seen || len(list) == 1 && list[0].Hash != stellar.Hash(m.LedgerHash())
				}
				if !seen {
					t.Error("nobody can see that the network was reset")
				}
			})
		}
	})
}

// A node that is wrong about its newest ledger for a moment, by far, is not believed for ever.
func TestALedgerThatThereIsNot(t *testing.T) {
	for _, nodes := range []int{1, 2} {
		inWorld(t, nodes, false, func(t *testing.T, w *world) {
			w.run()
			w.live(3)
			c := sourcetest.From(w.all[len(w.all)-1].LedgerSequence() + 5_000_000)
			w.nodes[0].off = true
			w.nodes[0].Replace(append(slices.Clone(w.all), next(c, "wild"))...)
			w.wait(2 * pool.DefaultLook)
			_, _, _ = w.pool.LatestHash(t.Context())
			if got := w.pool.Status().Newest.Sequence; got < 5_000_000 {
				t.Fatalf("the newest is %d: this test sees nothing", got)
			}
			w.nodes[0].off = false
			w.nodes[0].Replace(w.all...)
			w.live(80)
			last := w.all[len(w.all)-1].LedgerSequence()
			if got := w.pool.Status().Newest.Sequence; got > last {
				t.Errorf("the newest is still %d, of %d", got, last)
			}
			if l, _, err := w.pool.LatestHash(t.Context()); err != nil || l.Sequence > last {
				t.Errorf("%+v, %v", l, err)
			}
			w.follow()
		})
	}
}

// What two nodes say of a ledger can be stored as the network's mark; what the one in use says alone, cannot: it may have parted from the others.
func TestWhatNodesAgreeOn(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		inWorld(t, 3, verify, func(t *testing.T, w *world) {
			w.run()
			w.live(4)
			w.wait(2 * pool.DefaultLook)
			seq, hash, alone := w.pool.Agreed()
			last := w.all[len(w.all)-1].LedgerSequence()
			if alone || seq+3 < last || hash != stellar.Hash(w.all[seq-w.all[0].LedgerSequence()].LedgerHash()) {
				t.Errorf("at ledger %d they agree on %d, %s", last, seq, hash)
			}
			// The one in use parts from the others, whether it goes on being followed or not.
			w.nodes[0].off = true
			fork := w.all[len(w.all)-1].LedgerSequence()
			for range 6 {
				w.grow(1)
				w.nodes[0].Replace(w.fork(fork)...)
				w.wait(2 * pool.DefaultLook)
				_, _ = w.page()
				if seq, hash, _ := w.pool.Agreed(); hash != stellar.Hash(w.all[seq-w.all[0].LedgerSequence()].LedgerHash()) {
					t.Errorf("they agree on %s for ledger %d, which one node alone says", hash, seq)
				}
			}
		})
	})
	// The others are gone, and it goes on alone.
	inWorld(t, 3, false, func(t *testing.T, w *world) {
		w.run()
		w.live(4)
		for _, n := range w.nodes[1:] {
			n.fault.Store(&sourcetest.Fault{Status: 502})
		}
		fork := w.all[len(w.all)-1].LedgerSequence()
		w.live(10)
		w.is(0, pool.Ready, true)
		if seq, _, _ := w.pool.Agreed(); seq > fork {
			t.Errorf("they agree on ledger %d, and the others ended with %d", seq, fork)
		}
	})
	inWorld(t, 1, false, func(t *testing.T, w *world) {
		w.run()
		w.live(4)
		if _, _, alone := w.pool.Agreed(); !alone {
			t.Error("one node alone has somebody to agree with")
		}
	})
}
