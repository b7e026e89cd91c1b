package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// modes are the two kinds of source that a node makes.
func modes(t *testing.T, do func(t *testing.T, verify bool)) {
	for name, verify := range map[string]bool{"events": false, "ledgers": true} {
		t.Run(name, func(t *testing.T) { do(t, verify) })
	}
}

// The preferred node is used; while it fails, the next one is, in the same call; and it is used again once it is well, later each time.
func TestFailing(t *testing.T) {
	for what, fault := range map[string]sourcetest.Fault{
		"503": {Status: 503}, "cut": {Cut: 20}, "truncated": {Truncate: 20}, "internal error": {Code: -32603, Message: "no"}, "refused": {Code: -32600, Message: "no"},
		"busy": {Code: -32001, Message: "too many requests"},
	} {
		t.Run(what, func(t *testing.T) {
			modes(t, func(t *testing.T, verify bool) {
				inWorld(t, 2, verify, func(t *testing.T, w *world) {
					w.run()
					w.follow()
					w.is(0, pool.Ready, true)
					asked := w.nodes[1].Calls("getEvents") + w.nodes[1].Calls("getLedgers")
					for i, away := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
						w.nodes[0].fault.Store(&fault)
						w.grow(1)
						w.follow()
						w.is(0, pool.Failing, false)
						w.is(1, pool.Ready, true)
						if s := w.pool.Status(); s.Switches != uint64(2*i+1) || s.Nodes[0].Why == "" || s.Nodes[0].RetryAt.Sub(s.Nodes[0].Since) != away {
							t.Errorf("away for %s: %+v", s.Nodes[0].RetryAt.Sub(s.Nodes[0].Since), s)
						}
						w.nodes[0].fault.Store(nil)
						w.wait(away - time.Second)
						w.grow(1)
						w.follow()
						w.is(1, pool.Ready, true)
						w.wait(1*time.Second + pool.DefaultLook)
						w.grow(1)
						w.follow()
						w.is(0, pool.Ready, true)
					}
					if n := w.nodes[1].Calls("getEvents") + w.nodes[1].Calls("getLedgers"); n == asked {
						t.Error("the other node was not asked")
					}
				})
			})
		})
	}
}

// A node that is well for long is taken to be as good as new.
func TestBackoffEnds(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.follow()
		fail := func() time.Duration {
			w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
			w.live(1)
			s := w.pool.Status().Nodes[0]
			w.nodes[0].fault.Store(nil)
			return s.RetryAt.Sub(s.Since)
		}
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
			if got := fail(); got != want*time.Second {
				t.Fatalf("away for %s, want %ds", got, want)
			}
			w.live(int(want)/5 + 3)
			w.is(0, pool.Ready, true)
		}
		w.live(130)
		if got := fail(); got != 5*time.Second {
			t.Errorf("away for %s after ten good minutes", got)
		}
	})
}

// A node that is a ledger behind stays in use, and what it has not yet, another gives without a pause. One that is further behind is left.
func TestLagging(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		inWorld(t, 3, verify, func(t *testing.T, w *world) {
			w.run()
			w.live(3)
			w.nodes[0].off = true
			w.live(3)
			w.is(0, pool.Ready, true)
			w.live(3)
			w.is(0, pool.Lagging, false)
			w.is(1, pool.Ready, true)
			if why := w.pool.Status().Nodes[0].Why; !strings.Contains(why, "its newest ledger is 32, others have 3") {
				t.Errorf("why: %s", why)
			}
			w.live(12)
			w.is(0, pool.Stalled, false)
			w.nodes[0].off = false
			w.nodes[0].Replace(w.all...)
			w.live(20)
			w.is(0, pool.Ready, true)
			if s := w.pool.Status(); s.Switches != 2 {
				t.Errorf("%d switches", s.Switches)
			}
		})
	})
}

// A node that was left is not used again before its time, however well it looks; and what a look finds that began before a node failed is old.
func TestNotBeforeItsTime(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		lag := func() {
			w.nodes[0].off = true
			w.live(6)
			w.is(0, pool.Lagging, false)
			w.nodes[0].off = false
			w.nodes[0].Replace(w.all...)
		}
		lag()
		w.live(8)
		w.is(0, pool.Ready, true)
		lag()
		retryAt := w.pool.Status().Nodes[0].RetryAt
		for time.Until(retryAt) > pool.DefaultLook {
			w.live(1)
			w.is(0, pool.Lagging, false)
		}
		w.live(2)
		w.is(0, pool.Ready, true)
	})
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.follow()
		w.nodes[0].Fault = func(method string) sourcetest.Fault {
			if method == "getEvents" {
				return sourcetest.Fault{Status: 500}
			}
			return sourcetest.Fault{Delay: time.Second}
		}
		w.grow(1)
		w.run() // a look at the node is under way
		w.follow()
		w.is(0, pool.Failing, false)
		w.wait(3 * time.Second)
		w.is(0, pool.Failing, false)
	})
}

// Nobody waits for a node that fails while another is well and only has no more.
func TestNoWaitForFailing(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.nodes[0].off = true
		w.grow(1)
		w.wait(pool.DefaultLook)
		w.nodes[1].fault.Store(&sourcetest.Fault{Delay: time.Hour})
		if more, err := w.page(); err != nil || !more {
			t.Fatal(more, err)
		}
		for range 3 {
			if _, err := w.page(); err != nil {
				t.Fatal(err)
			}
		}
		w.is(1, pool.Failing, false)
		began := time.Now()
		if _, err := w.page(); err != nil || time.Now() != began || len(w.seen) != 20 {
			t.Errorf("waited for %s, %v, %d events", time.Since(began), err, len(w.seen))
		}
	})
}

// When the whole network stands still, its nodes are stalled and are used all the same.
func TestAllStalled(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.follow()
		w.wait(2 * time.Minute)
		w.follow()
		w.is(0, pool.Stalled, true)
		w.is(1, pool.Stalled, false)
		w.live(70)
		w.is(0, pool.Ready, true)
	})
}

// A node that takes long to answer is left for one that does not.
func TestSlow(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		w.live(2)
		w.nodes[0].fault.Store(&sourcetest.Fault{Delay: 4 * time.Second})
		w.live(6)
		w.is(0, pool.Slow, false)
		w.is(1, pool.Ready, true)
		w.nodes[1].fault.Store(&sourcetest.Fault{Delay: 4 * time.Second})
		w.nodes[0].fault.Store(nil)
		w.live(10)
		w.is(0, pool.Ready, true)
	})
	// If all are slow there is nothing to be won.
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.run()
		for _, n := range w.nodes {
			n.fault.Store(&sourcetest.Fault{Delay: 4 * time.Second})
		}
		w.live(6)
		w.is(0, pool.Ready, true)
	})
}

// A node of another network is left; only if all are is it the error that stops an indexer.
func TestForeign(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.nodes[0].Passphrase = "Another ; 2026"
		if _, err := w.pool.CheckNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.follow()
		w.is(0, pool.Foreign, false)
		w.is(1, pool.Ready, true)
		w.nodes[1].fault.Store(&sourcetest.Fault{Status: 500})
		if _, err := w.pool.CheckNetwork(t.Context()); !errors.Is(err, rpc.ErrUnavailable) || errors.Is(err, rpc.ErrWrongNetwork) {
			t.Errorf("one is of another network, one does not answer: %v", err)
		}
		w.nodes[1].fault.Store(nil)
		w.nodes[1].Passphrase = "Another ; 2026"
		w.wait(time.Hour)
		if _, err := w.pool.CheckNetwork(t.Context()); !errors.Is(err, rpc.ErrWrongNetwork) {
			t.Errorf("all are of another network: %v", err)
		}
	})
}

// What one node no longer keeps, another may: a gap is one only if nobody has what comes next. The node in use stays in use.
func TestGap(t *testing.T) {
	for what, fault := range map[string]sourcetest.Fault{"refused": {}, "an empty page": {Gap: true}} {
		t.Run(what, func(t *testing.T) {
			modes(t, func(t *testing.T, verify bool) {
				inWorld(t, 3, verify, func(t *testing.T, w *world) {
					w.run()
					if _, _, err := w.pool.LatestHash(t.Context()); err != nil {
						t.Fatal(err)
					}
					w.nodes[0].Forget(20)
					w.nodes[2].Forget(15)
					w.nodes[0].fault.Store(&fault)
					w.follow()
					w.is(0, pool.Ready, true)
					if s := w.pool.Status(); s.Switches != 0 {
						t.Errorf("%d switches", s.Switches)
					}
					w.at = rpc.From{Ledger: firstLedger}
					w.nodes[1].Forget(18)
					var gap *rpc.GapError
					if _, err := w.page(); !errors.As(err, &gap) || gap.Asked != firstLedger || gap.Kept.Oldest.Sequence != 15 {
						t.Errorf("a page, or %v", err)
					}
					if _, kept, err := w.pool.Ledgers(t.Context(), firstLedger, 1); !errors.As(err, &gap) || kept.Oldest.Sequence != 15 {
						t.Errorf("ledgers, kept %+v, or %v", kept, err)
					}
				})
			})
		})
	}
}

// A folder of recorded ledgers, the last in the order, gives what no node keeps any more; a hole between the two is a gap.
func TestFilesBehindNodes(t *testing.T) {
	modes(t, func(t *testing.T, verify bool) {
		dir := t.TempDir()
		inWorld(t, 1, verify, func(t *testing.T, w *world) {
			w.record(dir, 24)
			w.run()
			w.nodes[0].Forget(20)
			w.follow()
			w.is(0, pool.Ready, true)
			w.live(30)
			w.is(0, pool.Ready, true)
			w.is(1, pool.Stalled, false)
			if s := w.pool.Status(); s.Switches != 0 {
				t.Errorf("%d switches", s.Switches)
			}
			w.at, w.seen = rpc.From{Ledger: firstLedger}, nil
			w.nodes[0].Forget(27)
			for more := true; more; {
				var err error
				var gap *rpc.GapError
				if more, err = w.page(); err != nil {
					if !errors.As(err, &gap) || gap.Asked != 25 || gap.Kept.Oldest.Sequence != 27 || len(w.seen) != 15 {
						t.Fatalf("after %d events: %v", len(w.seen), err)
					}
					return
				}
			}
			t.Error("no gap")
		})
	})
}

// A question that no node answers is to blame itself.
func TestRefusedByAll(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.follow()
		if _, err := w.pool.Events(t.Context(), rpc.From{Ledger: 12}, contracts(), 0); !errors.Is(err, rpc.ErrRefused) {
			t.Errorf("a page of none: %v", err)
		}
		w.is(0, pool.Ready, true)
		ctx, cancel := context.WithCancel(t.Context())
		w.nodes[0].fault.Store(&sourcetest.Fault{Delay: time.Hour})
		time.AfterFunc(time.Second, cancel)
		if _, err := w.pool.Events(ctx, w.at, contracts(), 10); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		w.is(0, pool.Ready, true)
	})
}

// A page that makes no sense is not taken.
func TestOddPages(t *testing.T) {
	for what, change := range map[string]func(any) any{
		"of another contract": func(r any) any {
			return odd(r, "contractId", stellar.Address{Contract: true, Key: [32]byte{9}}.String())
		},
		"an id that is none": func(r any) any { return odd(r, "id", "1") },
		"an old event":       func(r any) any { return odd(r, "id", "0000000000000004096-0000000000") },
		"beyond the tip":     func(r any) any { return odd(r, "id", "0000900000000004096-0000000000") },
	} {
		t.Run(what, func(t *testing.T) {
			inWorld(t, 2, false, func(t *testing.T, w *world) {
				w.follow()
				w.nodes[0].Fault = func(method string) sourcetest.Fault {
					if method == "getEvents" {
						return sourcetest.Fault{Change: change}
					}
					return sourcetest.Fault{}
				}
				w.grow(3)
				w.follow()
				w.is(0, pool.Failing, false)
				w.is(1, pool.Ready, true)
			})
		})
	}
}

// The newest ledger never moves back, whoever is asked.
func TestNewestStays(t *testing.T) {
	inWorld(t, 2, false, func(t *testing.T, w *world) {
		w.nodes[0].off = true
		w.grow(2)
		w.nodes[0].fault.Store(&sourcetest.Fault{Status: 500})
		w.follow()
		w.nodes[0].fault.Store(nil)
		w.wait(time.Minute)
		w.run()
		w.wait(time.Second)
		if l, hash, err := w.pool.LatestHash(t.Context()); err != nil || l.Sequence != 31 || hash != stellar.Hash(w.all[21].LedgerHash()) {
			t.Errorf("the newest is %+v, %v", l, err)
		}
		w.nodes[1].fault.Store(&sourcetest.Fault{Status: 500})
		if l, _, err := w.pool.LatestHash(t.Context()); !errors.Is(err, rpc.ErrUnavailable) {
			t.Errorf("the newest is %+v, %v", l, err)
		}
		w.follow()
		if s := w.pool.Status(); s.Newest.Sequence != 31 {
			t.Errorf("%+v", s)
		}
		if list, kept, err := w.pool.Ledgers(t.Context(), 31, 1); err != nil || len(list) != 0 || kept.Latest.Sequence != 31 {
			t.Errorf("ledger 31: %d, %+v, %v", len(list), kept, err)
		}
	})
}

func TestNames(t *testing.T) {
	if _, err := pool.New(pool.Config{Now: time.Now}); err == nil {
		t.Error("a pool of nobody")
	}
	p, err := pool.New(pool.Config{Now: time.Now, Endpoints: []pool.Endpoint{{Name: "x"}, {Name: "x"}}})
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Status(); s.Nodes[0].Name != "x" || s.Nodes[1].Name != "x (2)" || s.Nodes[0].State != pool.Unknown {
		t.Errorf("%+v", s)
	}
}
