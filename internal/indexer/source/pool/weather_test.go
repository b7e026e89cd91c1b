package pool_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// odd changes a field of the first event of an answer.
func odd(result any, field, value string) any {
	text, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		panic(err)
	}
	if events, _ := answer["events"].([]any); len(events) > 0 {
		events[0].(map[string]any)[field] = value
	}
	return answer
}

// worlds is how many TestWeather goes through, from which seed on. One that fails is gone through again with its own: -worlds 1 -seed N.
var (
	worlds    = flag.Uint64("worlds", 24, "seeded worlds of TestWeather")
	firstSeed = flag.Uint64("seed", 0, "the first one's seed")
)

// Whatever the weather, as long as one node is well now and then, nothing is lost, nothing comes twice, and the newest ledger never moves back.
func TestWeather(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() {
			t.Logf("proved: %d worlds from seed %d", *worlds, *firstSeed)
		}
	})
	for i := range *worlds {
		seed := *firstSeed + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			verify := seed%2 == 1
			inWorld(t, 3, verify, func(t *testing.T, w *world) {
				rng := rand.New(rand.NewPCG(seed, 0))
				w.run()
				if seed%3 == 0 {
					mark := w.all[5]
					w.pool.Trust(mark.LedgerSequence(), [32]byte(mark.LedgerHash()))
				}
				w.follow()
				for range 60 {
					for _, n := range w.nodes {
						w.weather(rng, n, verify)
					}
					w.wait(time.Duration(rng.IntN(20)) * time.Second)
					w.grow(rng.IntN(3))
					for range 3 {
						if more, err := w.page(); err != nil || !more {
							break // the indexer tries again
						}
					}
				}
				for _, n := range w.nodes {
					n.fault.Store(nil)
					n.Forget(0)
					n.off = false
					n.Replace(w.all...)
				}
				w.wait(10 * time.Minute)
				w.grow(1)
				w.follow()
			})
		})
	}
}

// weather changes what is wrong with a node.
func (w *world) weather(rng *rand.Rand, n *node, verify bool) {
	newest := w.all[len(w.all)-1].LedgerSequence()
	switch rng.IntN(16) {
	case 0:
		n.fault.Store(&sourcetest.Fault{Status: 502})
	case 1:
		n.fault.Store(&sourcetest.Fault{Cut: 1 + rng.IntN(400)})
	case 2:
		n.fault.Store(&sourcetest.Fault{Truncate: 1 + rng.IntN(400)})
	case 3:
		n.fault.Store(&sourcetest.Fault{Code: []int{-32600, -32001, -32603, -32602}[rng.IntN(4)], Message: "weather"})
	case 4:
		n.fault.Store(&sourcetest.Fault{Delay: time.Duration(rng.IntN(30)) * time.Second})
	case 5:
		n.fault.Store(&sourcetest.Fault{Gap: true})
	case 6:
		n.Forget(newest - uint32(rng.IntN(5)))
	case 7:
		n.Forget(0)
	case 8:
		n.off = true
	case 9:
		n.off = false
		n.Replace(w.all...)
	case 10:
		// Behind, by a restart from an old state.
		n.off = true
		n.Replace(w.all[:1+rng.IntN(len(w.all))]...)
	case 11:
		// Other ledgers from one on that was read. Without the ledgers themselves it takes a look to find it out.
		if read := store.EventID(w.at.Cursor).Complete(); verify && read > firstLedger+6 {
			n.off = true
			n.Replace(w.fork(firstLedger + 6 + uint32(rng.IntN(int(read-firstLedger-6))))...)
		}
	default:
		n.fault.Store(nil)
	}
}
