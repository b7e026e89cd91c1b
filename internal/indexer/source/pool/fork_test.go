package pool_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// The node in use is the measure: another that has other ledgers is forked, said loudly, and not used even when nobody else is left.
func TestForkOfAnother(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		inWorld(t, 3, verify, func(t *testing.T, w *world) {
			w.run()
			w.live(4)
			// Two of three agree with one another: nobody votes.
			for _, n := range w.nodes[1:] {
				n.off = true
				n.Replace(w.fork(25)...)
			}
			w.live(2)
			w.is(0, pool.Ready, true)
			w.is(1, pool.Forked, false)
			w.is(2, pool.Forked, false)
			if !strings.Contains(w.log.String(), "level=ERROR") || !strings.Contains(w.pool.Status().Nodes[1].Why, "not of one chain") {
				t.Errorf("%+v\n%s", w.pool.Status().Nodes[1], w.log)
			}
			w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
			w.grow(1)
			for range 200 {
				if _, err := w.page(); !errors.Is(err, rpc.ErrUnavailable) || errors.Is(err, rpc.ErrAnswer) {
					t.Fatalf("a page, or %v", err)
				}
				w.wait(3 * time.Second)
			}
			w.nodes[0].fault.Store(nil)
			w.nodes[1].Replace(w.all...)
			w.nodes[1].off = false
			w.live(80)
			w.is(0, pool.Ready, true)
			w.is(1, pool.Ready, false)
			w.is(2, pool.Forked, false)
		})
	})
}

// What is stored decides, against the preferred node and against the most.
func TestForkOfTheStored(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		inWorld(t, 3, verify, func(t *testing.T, w *world) {
			for _, n := range w.nodes[:2] {
				n.off = true
				n.Replace(w.fork(15)...)
			}
			mark := w.all[10]
			w.pool.Trust(mark.LedgerSequence(), stellar.Hash(mark.LedgerHash()))
			w.follow()
			w.is(0, pool.Forked, false)
			w.is(1, pool.Forked, false)
			w.is(2, pool.Ready, true)
			w.run()
			w.live(10)
			if list, _, err := w.pool.Ledgers(w.t.Context(), 16, 1); err != nil || len(list) != 1 || list[0].Hash != stellar.Hash(w.all[6].LedgerHash()) {
				t.Errorf("ledger 16: %+v, %v", list, err)
			}
		})
	})
}

// The store's mark comes late: a node that was believed until then is left.
func TestForkFoundByTheStored(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.nodes[0].off = true
		w.nodes[0].Replace(w.fork(15)...)
		w.run()
		if _, hash, err := w.pool.LatestHash(t.Context()); err != nil || hash == stellar.Hash(w.all[19].LedgerHash()) {
			t.Fatalf("the newest is %s, %v: of the preferred node it is another", hash, err)
		}
		w.is(1, pool.Forked, false)
		w.pool.Trust(20, stellar.Hash(w.all[10].LedgerHash()))
		w.follow()
		w.is(0, pool.Forked, false)
		w.is(1, pool.Ready, true)
	})
}

// The same, when the store's ledger is one that was taken from the other chain, and more was after it.
func TestForkContradictedByTheStored(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.nodes[0].off = true
		w.nodes[0].Replace(w.fork(15)...)
		w.run()
		w.grow(2)
		w.nodes[0].Replace(w.fork(15)...)
		w.wait(pool.DefaultLook)
		if l, _, err := w.pool.LatestHash(t.Context()); err != nil || l.Sequence != 31 {
			t.Fatalf("the newest is %+v, %v", l, err)
		}
		w.pool.Trust(29, stellar.Hash(w.all[19].LedgerHash()))
		w.grow(2)
		w.nodes[0].Replace(w.fork(15)...)
		w.follow()
		w.is(0, pool.Forked, false)
		w.is(1, pool.Ready, true)
	})
}

// As an indexer starts: it asks before it knows what is stored, and then tells the first ledger and the newest, which no node has named yet.
func TestForkBeforeTheStored(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		for _, looking := range []bool{true, false} {
			inWorld(t, 2, verify, func(t *testing.T, w *world) {
				fork := func() {
					w.nodes[0].off = true
					w.nodes[0].Replace(w.fork(15)...)
				}
				fork()
				if looking {
					w.run()
				}
				if _, err := w.pool.CheckNetwork(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.grow(1)
				fork()
				w.wait(2 * pool.DefaultLook)
				for _, i := range []int{0, 17} {
					w.pool.Trust(w.all[i].LedgerSequence(), stellar.Hash(w.all[i].LedgerHash()))
					if i == 0 && looking {
						w.grow(1)
						fork()
						w.wait(2 * pool.DefaultLook) // a look in between knows of the first only
					}
				}
				w.grow(1)
				fork()
				w.follow()
				w.is(0, pool.Forked, false)
				w.is(1, pool.Ready, true)
				if !looking {
					return
				}
				// Set right, it is used again.
				w.nodes[0].off = false
				w.nodes[0].Replace(w.all...)
				w.live(5)
				w.is(0, pool.Ready, true)
			})
		}
	})
}

// A node that takes over must go on where the one before it ended, to the ledger, if ledgers are verified.
func TestForkAtTheSwitch(t *testing.T) {
	inWorld(t, 2, true, func(t *testing.T, w *world) {
		w.follow()
		w.grow(1)
		w.follow()
		// The other's ledgers part from these with the newest that was read, 30; nobody has looked since 29.
		w.grow(3)
		w.nodes[1].off = true
		w.nodes[1].Replace(w.fork(30)...)
		w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
		if _, err := w.page(); !errors.Is(err, rpc.ErrUnavailable) {
			t.Errorf("a page, or %v", err)
		}
		w.is(1, pool.Forked, false)
		w.nodes[0].fault.Store(nil)
		w.follow()
	})
}

// A node that was wrong about what nobody had read yet is used again once it is set right: what it said is not held against it.
func TestForkSetRight(t *testing.T) {
	inWorld(t, 2, true, func(t *testing.T, w *world) {
		w.run()
		w.live(2)
		w.grow(2)
		w.nodes[1].off = true
		w.nodes[1].Replace(w.fork(32)...)
		w.wait(3 * pool.DefaultLook) // it has spoken of its ledger 33
		w.follow()
		w.wait(3 * pool.DefaultLook)
		w.is(1, pool.Forked, false)
		w.nodes[1].off = false
		w.nodes[1].Replace(w.all...)
		w.live(20)
		w.is(1, pool.Ready, false)
	})
}
