package pool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// claiming is a world in which the node in use speaks of ledgers 30 and 31 of another chain, which nobody has read.
func claiming(t *testing.T, verify bool, do func(t *testing.T, w *world)) {
	inWorld(t, 2, verify, func(t *testing.T, w *world) {
		w.run()
		w.follow()
		w.grow(2)
		w.nodes[0].off = true
		w.nodes[0].Replace(w.fork(30)...)
		w.wait(pool.DefaultLook)
		w.is(0, pool.Ready, true)
		w.is(1, pool.Forked, false)
		do(t, w)
	})
}

// It takes its word back: then the other is as good as it.
func TestClaimTakenBack(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		claiming(t, verify, func(t *testing.T, w *world) {
			w.nodes[0].off = false
			w.nodes[0].Replace(w.all...)
			w.wait(pool.DefaultLook)
			if !verify { // the source itself remembers what it gave, and is left for a while
				w.is(0, pool.Ready, true)
			}
			w.live(4)
			w.is(0, pool.Ready, true)
			w.is(1, pool.Ready, false)
		})
	})
}

// It fails: nothing that was read speaks against the other, which is used at once.
func TestClaimOfNodeThatIsLeft(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		claiming(t, verify, func(t *testing.T, w *world) {
			w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
			began := time.Now()
			if _, err := w.page(); err != nil && !errors.Is(err, rpc.ErrUnavailable) {
				t.Fatal(err)
			}
			w.follow()
			if time.Now() != began {
				t.Errorf("waited for %s", time.Since(began))
			}
			w.is(1, pool.Ready, true)
			// Now it is the other's word that was read.
			w.nodes[0].fault.Store(nil)
			w.live(4)
			w.nodes[0].Replace(w.fork(30)...)
			w.live(1)
			w.is(0, pool.Forked, false)
		})
	})
}

// What was read stays the measure after the node that gave it is left, though a look and not a page told its hash.
func TestReadIsNoClaim(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.grow(1)
		w.follow() // to ledger 30
		w.nodes[1].off = true
		w.nodes[1].Replace(w.fork(30)...)
		w.nodes[1].fault.Store(&sourcetest.Fault{Status: 500}) // nobody hears of it yet
		w.wait(pool.DefaultLook)
		w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
		w.grow(1)
		w.nodes[1].fault.Store(nil)
		w.nodes[1].Replace(w.fork(30)...)
		if more, err := w.page(); !errors.Is(err, rpc.ErrUnavailable) {
			t.Errorf("a page, more %t, %v", more, err)
		}
		w.is(1, pool.Forked, false)
	})
}

// The store marks what the pool reported: nobody has to be looked at again for that.
func TestTrustInAClaim(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		l, hash, err := w.pool.LatestHash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.pool.Trust(l.Sequence, hash)
		w.is(0, pool.Ready, true)
		w.follow()
		w.pool.Trust(l.Sequence, hash)
		w.is(1, pool.Ready, false)
		w.pool.Trust(15, stellar.Hash(w.all[5].LedgerHash()))
		w.is(0, pool.Unknown, true)
		w.follow()
		w.is(0, pool.Ready, true)
	})
}
