package sim

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
	server "github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

var (
	worlds = flag.Uint64("worlds", 30, "how many seeded worlds TestWorlds goes through")
	first  = flag.Uint64("seed", 1, "the seed of the first of them; the others follow")
)

// databases is one server for all worlds.
var databases = server.New(server.Options{Careless: true, Template: func(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err != nil {
		return err
	}
	return s.Close()
}})

// emptyStore is a file that is migrated and empty; worlds begin with copies of it.
var emptyStore string

func TestMain(m *testing.M) {
	asked()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sim-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folders, emptyStore = dir, filepath.Join(dir, "empty.db")
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := sqlite.Open(context.Background(), emptyStore)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := databases.Main(m)
	if made.Load() { // by a test that submits
		if l, err := theLive(); err == nil {
			err = l.close()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
	}
	return code
}

// courses are the kinds of worlds; the seed says which one it is.
var courses = []struct {
	name   string
	run    func(w *world)
	resets bool
}{
	{name: "rough", run: (*world).rough}, {name: "rough", run: (*world).rough}, {name: "rough", run: (*world).rough}, {name: "together", run: (*world).together},
	{name: "gap", run: (*world).gap}, {name: "stopped", run: (*world).stops, resets: true},
}

const serverEvery = 7 // one world in so many is kept by the server

// enough worlds have each kind of weather and of fate in them.
const enough = 30

func TestWorlds(t *testing.T) {
	y := newTally()
	t.Cleanup(func() { // when all of them are over
		if t.Failed() {
			return
		}
		t.Logf("proved: %d worlds, seeds %d to %d, hold what undisturbed ones do: %s", *worlds, *first, *first+*worlds-1, y)
		if *worlds >= enough {
			y.missing(t, weather.Busy, weather.Unavailable, weather.InvalidRequest, weather.ServerError, weather.Duplicate, weather.Disorder, weather.Stale,
				weather.EmptyPage, weather.Truncated, weather.Cut, weather.Slow, weather.Behind, weather.Forked, weather.Reset,
				"commits dropped", "commits stored unheard", "processes", "on a server", "gap", "stopped", "together")
		}
	})
	for seed := *first; seed < *first+*worlds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c, err := chains[seed%chainCount]()
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(seed)
			if seed%serverEvery == 0 {
				w.onServer(t)
			} else {
				w.inFile(t)
			}
			course := courses[w.rng.IntN(len(courses))]
			var other *chain // the network after a reset
			if course.resets {
				if other, err = chains[(seed+1)%chainCount](); err != nil {
					t.Fatal(err)
				}
			}
			w.tally = y
			y.add(course.name, 1)
			if seed%serverEvery == 0 {
				y.add("on a server", 1)
			}
			defer func() {
				if t.Failed() {
					t.Logf("a world of kind %q:\n%s\n\nit runs again with\n  go test ./test/sim -run 'TestWorlds/^%d$' -worlds 1 -seed %d -v", course.name, w.told(), seed, seed)
				}
			}()
			synctest.Test(t, func(t *testing.T) {
				w.begin(t, c, other, 2+w.rng.IntN(2))
				defer w.stopAll()
				course.run(w)
				w.stopAll()
				w.count()
			})
		})
	}
}

// rough is a life in all weathers, in the end of which everything has been read.
func (w *world) rough() {
	w.settleIn()
	w.turns(16)
	w.clearUp()
	w.judge()
}

// settleIn begins, in fair weather, until something is stored.
func (w *world) settleIn() {
	w.known()
	w.start(true)
	if w.pair {
		w.start(true)
	}
	w.until("the first ledgers are read", w.following)
}

// turns are a number of things that happen.
func (w *world) turns(n int) {
	for range n {
		w.turn()
		w.reveal(w.rng.Uint32N(uint32(2*chainLedgers/n + 1)))
		w.known()
		d := time.Duration(w.rng.IntN(20)) * time.Second
		if w.rng.IntN(15) == 0 {
			d = time.Duration(w.rng.IntN(8)) * time.Minute
		}
		w.wait(d)
	}
}

// turn is one thing that happens.
func (w *world) turn() {
	i := w.rng.IntN(len(w.nodes))
	presets := weather.Presets()
	for name, c := range presets { // what could be taken for the truth more often than what cannot be read at all
		c.Duplicate, c.Disorder, c.Stale = min(5*c.Duplicate, 0.5), 3*c.Disorder, 3*c.Stale
		presets[name] = c
	}
	odd := w.anyOdd() // one at a time: somebody has to be right
	switch w.rng.IntN(18) {
	case 0, 1:
		w.set(i, "mild weather", presets["mild"])
	case 2, 3, 4:
		w.set(i, "rough weather", presets["rough"])
	case 5:
		w.set(i, "a storm", presets["storm"])
	case 6:
		w.clear(i)
	case 7:
		c := presets["rough"]
		c.Keep = 1 + w.rng.Uint32N(20)
		w.set(i, fmt.Sprintf("keeps %d ledgers", c.Keep), c)
	case 8:
		w.set(i, "is gone", weather.Config{Unavailable: 1})
	case 9:
		w.set(i, "lags", weather.Config{Lag: 1, LagLedgers: 30, SpellCalls: 1000})
	case 10:
		w.set(i, "flaps", weather.Config{Flap: 1, LagLedgers: 12, SpellCalls: 1000})
	case 16:
		w.set(i, "says things twice", weather.Config{Duplicate: 1})
	case 17:
		w.set(i, "says things late and out of order", weather.Config{Stale: 0.4, Disorder: 0.4})
	case 11:
		if !odd {
			w.gone(i, "is on a fork", weather.Config{Fork: 1, ForkLedgers: math.MaxUint32})
		}
	case 12:
		if !odd {
			w.gone(i, "is of another network", weather.Config{Passphrase: "Another ; 2026"})
		}
	case 13:
		hour := time.Hour
		if w.rng.IntN(2) == 0 {
			hour = -hour
		}
		w.note("the clock is moved by %s", hour)
		w.skew.Add(int64(hour))
	case 14:
		if n := len(w.running); n > 0 {
			p := w.running[w.rng.IntN(n)]
			w.note("%s is told to end", p.name)
			p.end()
			w.wait(time.Duration(w.rng.IntN(60)) * time.Second)
			w.start(true)
		}
	case 15:
		if w.pair = !w.pair; w.pair && len(w.running) < 2 {
			w.start(true)
		}
	}
}

// clearUp lets the weather clear, and waits until all there is has been read.
func (w *world) clearUp() {
	for i, n := range w.nodes {
		w.clear(i)
		n.replay.tip.Store(w.chain.newest())
	}
	w.tip = w.chain.newest()
	w.odds = 0
	for _, p := range w.running {
		p.store.calm()
	}
	if w.known(); len(w.running) == 0 || w.rng.IntN(2) == 0 || !w.allKnown() {
		w.stopAll()
		w.start(true)
	}
	w.until("all is read", w.following)
	w.stopAll()
}

// allKnown tells that every process follows every contract.
func (w *world) allKnown() bool {
	for _, p := range w.running {
		if p.contracts < len(w.chain.contracts) {
			return false
		}
	}
	return true
}

// together is rough, with two processes that both believe to lead, as for a moment after the lead was lost.
func (w *world) together() {
	w.settleIn()
	for range 3 {
		w.turns(4)
		w.start(false)
		w.turns(2)
		for len(w.running) > 2 {
			w.running[0].end()
		}
	}
	w.clearUp()
	w.judge()
}

// gap is a world whose nodes forget what has not been read: it must come to the gap, stay there, and go on when the ledgers can be had.
func (w *world) gap() {
	w.settleIn()
	w.turns(4)
	for i := range w.nodes {
		w.clear(i)
	}
	w.until("what there is is read", func(s indexer.Status) bool { return s.State == indexer.Following })
	w.stopAll()
	at := w.stored()
	read := at.contracts[0].Position.Complete()
	keep := 2 + w.rng.Uint32N(10)
	w.tip = min(max(w.tip, read+keep+2+w.rng.Uint32N(30)), w.chain.newest())
	for i, n := range w.nodes {
		n.replay.tip.Store(w.tip)
		w.set(i, fmt.Sprintf("keeps %d ledgers", keep), weather.Config{Keep: keep, EmptyPage: weather.Chance(w.rng.IntN(2))})
	}
	if w.tip-keep <= read+1 {
		w.clearUp() // the chain ends too early for a gap
		w.judge()
		return
	}
	inGap := func(s indexer.Status) bool { return s.State == indexer.InGap }
	for range 2 {
		w.start(true)
		w.until("the gap is seen", inGap)
		w.wait(2 * time.Minute)
		if s, _ := w.state(); !inGap(s) {
			w.t.Errorf("in the gap it is %+v", s)
		}
		w.stopAll()
	}
	now := w.stored()
	oldest, gaps := w.tip-keep+1, 0
	for _, c := range now.contracts {
		from := store.EndOfLedger(c.Start - 1) // of a contract that is new
		if i := slices.IndexFunc(at.contracts, func(b store.Contract) bool { return b.ID == c.ID }); i >= 0 {
			from = at.contracts[i].Position
		}
		if from.Complete()+1 >= oldest {
			continue
		}
		if gaps++; c.GapOldest == 0 || c.Position != from {
			w.t.Errorf("in the gap a contract is %+v, before it was at %s", c, from)
		}
	}
	if n := count(now.feed, feed.KindGap) - count(at.feed, feed.KindGap); n != gaps || gaps == 0 {
		w.t.Errorf("the feed tells of %d gaps, there are %d", n, gaps)
	}
	w.note("the ledger files are there")
	w.files = true
	w.start(true)
	w.turns(4)
	w.clearUp()
	w.judge()
}

// stops is a world whose network is reset, or whose nodes are all of another one: it must stop and change nothing, whether that happens while it runs or is
// found when it begins, and go on when they are right again.
func (w *world) stops() {
	w.settleIn()
	w.turns(6)
	what, config := "is of another network", weather.Config{Passphrase: "Another ; 2026"}
	if w.rng.IntN(2) == 0 {
		what, config = "is of the network that was reset", weather.Config{Reset: 1, Other: newReplay(w.other, 20)}
	}
	running := w.rng.IntN(2) == 0
	for i, n := range w.nodes {
		w.clear(i)
		n.replay.tip.Store(w.tip)
	}
	if running {
		w.until("what there is is read", w.following)
	} else {
		w.stopAll()
	}
	before := w.stored()
	for i := range w.nodes {
		w.set(i, "is gone", weather.Config{Unavailable: 1})
	}
	w.wait(3 * w.look)
	for i, n := range w.nodes {
		n.odd = true
		w.set(i, what, config)
	}
	for begun := running; ; begun = false {
		if !begun {
			w.stopAll()
			w.start(true)
		}
		w.until("it has stopped", func(s indexer.Status) bool { return s.State == indexer.Stopped })
		if _, p := w.state(); !errors.Is(p.stopped(), indexer.ErrStopped) {
			w.wait(10 * time.Second)
			if !errors.Is(p.stopped(), indexer.ErrStopped) {
				w.t.Errorf("%s says that it has stopped, and has ended with %v", p.name, p.stopped())
			}
		}
		if !begun { // started again it says the same
			break
		}
	}
	w.stopAll()
	after := w.stored()
	if n := len(after.feed); n != len(before.feed)+1 || after.feed[n-1].Kind != feed.KindStopped {
		w.t.Errorf("the feed has %d entries, it had %d", n, len(before.feed))
	}
	after.feed = before.feed
	if !reflect.DeepEqual(before, after) {
		w.t.Errorf("what is stored has changed (-before +now):\n%s", cmp.Diff(before, after, cmp.AllowUnexported(contents{})))
	}
	for i := range w.nodes {
		w.clear(i)
	}
	w.start(true)
	w.turns(4)
	w.clearUp()
	w.judge()
}
