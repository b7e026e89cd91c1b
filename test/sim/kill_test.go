//go:build unix

package sim

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

var (
	kills      = flag.Int("kills", 6, "random moments at which a process of the indexer is killed, spread over engines and roles")
	boundaries = flag.Int("boundaries", 2, "commits of each engine at which a process is killed, at most; they are tried one after the other if these are all there are")
)

// ground is a chain that a real node serves, and a store, for processes that are killed.
type ground struct {
	*world
	node    *replay
	url     string // of the node
	store   string // the database's URL, for the program
	secrets string
}

// newGround shows the chain as far as both contracts are there; step ledgers more each time that an indexer has read all, if it is not 0.
func newGround(t *testing.T, kind string, step uint32) *ground {
	t.Helper()
	c, err := chains[0]()
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{world: &world{t: t, chain: c, tip: c.newest(), began: time.Now()}, node: newReplay(c, 5)}
	g.node.tip.Store(c.contracts[len(c.contracts)-1].Start)
	g.node.step = step
	server := httptest.NewServer(g.node)
	t.Cleanup(server.Close)
	g.url = server.URL
	switch kind {
	case "sqlite":
		path := filepath.Join(t.TempDir(), "store.db")
		g.store = "sqlite:" + path
		g.open = func(ctx context.Context) (engine, error) { return sqlite.Open(ctx, path) }
	case "postgres":
		g.store = databases.Database(t)
		g.open = func(ctx context.Context) (engine, error) {
			return postgres.Open(ctx, postgres.Options{URL: g.store})
		}
	}
	g.secrets = secretsFolder(t, g.store)
	return g
}

func (g *ground) program(env ...string) *program {
	g.t.Helper()
	return g.chain.run(g.t, g.url, g.secrets, env...)
}

// finish lets one undisturbed process read to the end, and judges the store.
func (g *ground) finish() {
	g.t.Helper()
	g.node.tip.Store(g.chain.newest())
	last := g.program()
	if !last.catchUp(g.chain.newest()) {
		g.t.Fatal("the undisturbed process was killed")
	}
	last.stop()
	g.judge()
}

// TestKills kills the one that follows, or one of two, again and again while ledgers close.
func TestKills(t *testing.T) {
	const perStore = 10 // kills
	roles := []struct {
		engine string
		count  int
	}{{"sqlite", 1}, {"postgres", 1}, {"sqlite", 2}, {"postgres", 2}}
	y := newTally()
	rng := rand.New(rand.NewPCG(*first, 3))
	for i, role := range roles {
		n := (*kills + len(roles) - 1 - i) / len(roles)
		t.Run(fmt.Sprintf("%s, %d at once", role.engine, role.count), func(t *testing.T) {
			for left := n; left > 0; left -= perStore {
				killSome(t, rng, role.engine, role.count, min(left, perStore))
			}
			if n > 0 && !t.Failed() {
				y.add(fmt.Sprintf("of %d on %s", role.count, role.engine), n)
			}
		})
	}
	t.Logf("proved: processes killed at random moments, and what is stored is what undisturbed ones store: %s", y)
}

func killSome(t *testing.T, rng *rand.Rand, engine string, count, n int) {
	const longest = 700 * time.Millisecond // of a life: beginning takes up to a third of it
	g := newGround(t, engine, 0)
	// The whole chain takes about as long as the kills do.
	left := int64(g.chain.newest() - g.node.tip.Load())
	pace := time.NewTicker(max(time.Duration(n)*longest/2/time.Duration(left), time.Millisecond))
	defer pace.Stop()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-pace.C:
				g.node.grow(1)
			}
		}
	}()
	running := make([]*program, count)
	for i := range running {
		running[i] = g.program()
	}
	for range n {
		time.Sleep(time.Duration(rng.Int64N(int64(longest))))
		i := rng.IntN(count)
		running[i].kill()
		if !running[i].died() {
			t.Error("it was not killed")
		}
		running[i] = g.program()
	}
	for _, p := range running {
		p.kill()
	}
	g.finish()
}

// TestKilledAtCommits kills a process at one commit after the other, in a store of its own each time; another one then reads to the end.
func TestKilledAtCommits(t *testing.T) {
	const (
		step = 6   // ledgers that close each time that all is read
		most = 200 // commits, before it is said that there is no end
	)
	rng := rand.New(rand.NewPCG(*first, 4))
	for _, c := range []struct {
		name, engine string
		after        bool
	}{
		{"sqlite, before it is durable", "sqlite", false},
		{"postgres, before it is durable", "postgres", false},
		{"postgres, before anybody has heard", "postgres", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			killed := 0
			for n := 1; n <= most && killed < *boundaries; n++ {
				if *boundaries < most/10 {
					n += rng.IntN(6) // a few of them
				}
				g := newGround(t, c.engine, step)
				var victim *program
				if c.engine == "sqlite" {
					victim = g.program(fmt.Sprint(dieAt, "=", n))
				} else {
					way, url := between(t, g.store, n, c.after)
					way.kill = func() { <-way.ready; victim.kill() }
					through := *g
					through.secrets = secretsFolder(t, url)
					victim = through.program()
					close(way.ready)
				}
				if victim.catchUp(g.chain.newest()) {
					victim.stop()
					t.Logf("all is read with %d commits", n-1)
					break
				}
				killed++
				g.finish()
				if t.Failed() {
					t.Fatalf("killed at commit %d", n)
				}
			}
			if killed == 0 {
				t.Error("no process was killed")
			}
			t.Logf("proved: killed at %d commits, and what is stored is what undisturbed ones store", killed)
		})
	}
}
