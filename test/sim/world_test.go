package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// world is one run: all that is random in it comes from its seed. Its clock is synctest's; of the order in which goroutines run at one moment the seed
// says nothing.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	chain *chain
	other *chain // the network after a reset
	nodes []*node
	open  func(context.Context) (engine, error)

	tip    uint32             // of the best node
	skew   atomic.Int64       // of the clock that is handed in
	poll   time.Duration      // of indexers
	look   time.Duration      // of pools
	verify bool               // ledgers are taken instead of events
	files  bool               // there are ledger files behind the nodes
	pair   bool               // a second process stands by
	odds   float64            // of a commit that does not go well
	follow []indexer.Contract // what processes that begin are to follow: contracts that are there by now

	tally *tally

	running   []*process
	processes int // that have begun

	began time.Time
	mu    sync.Mutex
	trace []string
}

// node is one of the chain, and its weather.
type node struct {
	replay  *replay
	weather *weather.Weather
	client  *rpc.Client
	odd     bool // is of another chain or network
}

// newWorld makes what the seed says, before its clock begins.
func newWorld(seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &world{
		rng: rng, verify: rng.IntN(4) == 0, pair: rng.IntN(3) == 0, odds: []float64{0, 0.05, 0.15, 0.3}[rng.IntN(4)],
		poll: time.Duration(2+rng.IntN(8)) * time.Second, look: time.Duration(5+rng.IntN(25)) * time.Second,
	}
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace = append(w.trace, fmt.Sprintf("%9s  %s", time.Since(w.began).Round(time.Millisecond), fmt.Sprintf(format, args...)))
}

// begin makes the nodes, when the clock runs.
func (w *world) begin(t *testing.T, c, other *chain, nodes int) {
	w.t, w.chain, w.other, w.began = t, c, other, time.Now()
	w.tip = c.contracts[0].Start + w.rng.Uint32N(20)
	for i := range nodes {
		n := &node{replay: newReplay(c, 1+w.rng.IntN(40))}
		n.replay.tip.Store(w.tip)
		var err error
		if n.weather, err = weather.New(n.replay, weather.Config{}); err != nil {
			t.Fatal(err)
		}
		if n.client, err = rpc.New(rpc.Config{URL: fmt.Sprint("http://node-", i), Network: c.network, HTTP: wire{n.weather}}); err != nil {
			t.Fatal(err)
		}
		w.nodes = append(w.nodes, n)
	}
	w.note("%d nodes at ledger %d of %d, verify %t, pair %t, a commit fails with %v, poll %s", nodes, w.tip, c.newest(), w.verify, w.pair, w.odds, w.poll)
}

// inFile keeps the world's store in a file.
func (w *world) inFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if empty, err := os.ReadFile(emptyStore); err != nil || os.WriteFile(path, empty, 0o600) != nil {
		t.Fatalf("copy an empty store: %v", err)
	}
	w.open = func(ctx context.Context) (engine, error) { return sqlite.Open(ctx, path) }
}

// onServer keeps it in a database.
func (w *world) onServer(t *testing.T) {
	url := databases.Database(t)
	w.open = func(ctx context.Context) (engine, error) {
		return postgres.Open(ctx, postgres.Options{URL: url, Connections: 3})
	}
}

// reveal lets the network close some ledgers. Not every node has them at once.
func (w *world) reveal(ledgers uint32) {
	w.tip = min(w.tip+ledgers, w.chain.newest())
	for _, n := range w.nodes {
		n.replay.tip.Store(max(n.replay.tip.Load(), w.tip-min(w.rng.Uint32N(4), w.tip-firstLedger)))
	}
}

// set gives a node weather.
func (w *world) set(i int, what string, c weather.Config) {
	w.note("node-%d: %s", i, what)
	c.Seed = w.rng.Uint64()
	if err := w.nodes[i].weather.Set(c); err != nil {
		w.t.Fatal(err)
	}
}

// gone takes a node away for long enough that everybody has noticed, and brings it back as what it is not.
func (w *world) gone(i int, what string, c weather.Config) {
	w.set(i, "is gone", weather.Config{Unavailable: 1})
	w.wait(3 * w.look)
	w.nodes[i].odd = true
	w.set(i, what, c)
	_, _, _ = w.nodes[i].client.LatestHash(w.t.Context()) // it is so from the first call on
}

// clear lets a node be well.
func (w *world) clear(i int) {
	w.note("node-%d: is well", i)
	w.nodes[i].weather.Clear()
	w.nodes[i].odd = false
}

// wait lets time pass. Processes that have ended begin again.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	for _, p := range append([]*process(nil), w.running...) {
		w.check(p)
		if p.over() {
			p.end()
			time.Sleep(time.Duration(w.rng.IntN(3000)) * time.Millisecond)
			w.start(true)
		}
	}
}

// check looks at a process: what it has heard of never moves back.
func (w *world) check(p *process) {
	s := p.x.Status()
	if s.Latest == 0 { // stands by, or has just begun to lead
		return
	}
	if s.Latest < p.latest {
		w.t.Errorf("%s: the newest ledger was %d and is %d", p.name, p.latest, s.Latest)
	}
	if s.Latest > w.tip && !w.files && !w.anyOdd() {
		w.t.Errorf("%s: the newest ledger is %d, the network has %d", p.name, s.Latest, w.tip)
	}
	p.latest = s.Latest
}

func (w *world) anyOdd() bool {
	for _, n := range w.nodes {
		if n.odd {
			return true
		}
	}
	return false
}

// state is that of the process that follows.
func (w *world) state() (indexer.Status, *process) {
	for _, p := range w.running {
		if s := p.x.Status(); s.State != indexer.Standby && !p.over() {
			return s, p
		}
	}
	return indexer.Status{State: indexer.Standby}, nil
}

// until waits for a state, for hours if need be: clocks have been moved.
func (w *world) until(what string, so func(indexer.Status) bool) {
	w.t.Helper()
	const step = 5 * time.Second
	for range 4 * time.Hour / step {
		s, _ := w.state()
		if so(s) {
			return
		}
		w.wait(step)
	}
	s, _ := w.state()
	w.t.Errorf("it has not come to that: %s; the indexer is %+v", what, s)
	w.t.FailNow()
}

// following tells that all there is has been read.
func (w *world) following(s indexer.Status) bool {
	return s.State == indexer.Following && s.Ledger >= w.tip
}

// stopAll ends all processes.
func (w *world) stopAll() {
	for len(w.running) > 0 {
		w.running[0].end()
	}
}

// stored reads what the store holds; nobody writes meanwhile.
func (w *world) stored() contents {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	db, err := w.open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := read(ctx, db)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// count tells the tally what there was.
func (w *world) count() {
	w.tally.add("processes", w.processes)
	for _, n := range w.nodes {
		for what, times := range n.weather.Seen() {
			w.tally.add(what, times)
		}
	}
}

// known takes in the contracts that have been deployed by now.
func (w *world) known() {
	w.follow = nil
	for _, c := range w.chain.contracts {
		if c.Start <= w.tip {
			w.follow = append(w.follow, c)
		}
	}
}

const toldLines = 200 // of either end of a trace

// told is the trace, or its ends.
func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := w.trace
	if n := len(lines); n > 2*toldLines {
		lines = slices.Concat(lines[:toldLines], []string{fmt.Sprintf("… %d lines …", n-2*toldLines)}, lines[n-toldLines:])
	}
	return strings.Join(lines, "\n")
}
