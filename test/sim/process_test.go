package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
)

// process is an indexer with its own pool of nodes and its own handle of the store, wired as the program wires it.
type process struct {
	w      *world
	name   string
	store  *faulty
	pool   *pool.Pool
	x      *indexer.Replica
	cancel context.CancelFunc
	ended  chan struct{}
	latest uint32 // of its Status, so far

	contracts int // that it follows

	mu  sync.Mutex
	err error // of following
}

// start begins a process. If alone, it waits for the lead; otherwise it follows at once, whoever else does.
func (w *world) start(alone bool) *process {
	w.t.Helper()
	w.processes++
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	p := &process{w: w, name: fmt.Sprint("process ", w.processes), cancel: cancel, ended: make(chan struct{}), contracts: len(w.follow)}
	db, err := w.open(ctx)
	if err != nil {
		w.t.Fatalf("open the store: %v", err)
	}
	log := slog.New(slog.NewTextHandler(lines{w, p.name}, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	p.store = &faulty{engine: db, rng: rand.New(rand.NewPCG(w.rng.Uint64(), 0)), odds: w.odds, die: cancel,
		log: func(format string, args ...any) { w.note(p.name+": "+format, args...) }, tally: w.tally}
	endpoints, closeFiles := w.endpoints()
	if p.pool, err = pool.New(pool.Config{Endpoints: endpoints, Now: w.now, Look: w.look, Log: log}); err != nil {
		w.t.Fatal(err)
	}
	if p.x, err = indexer.NewReplica(indexer.Config{
		Network: w.chain.network, Contracts: w.follow, Source: p.pool, Store: p.store, Bus: feed.NewBus(0), Now: w.now, Poll: w.poll, Log: log,
	}); err != nil {
		w.t.Fatal(err)
	}
	w.note("%s begins, to follow %d contracts", p.name, len(w.follow))
	var parts sync.WaitGroup
	parts.Go(func() { p.pool.Run(ctx) })
	parts.Go(func() {
		err := error(nil)
		if alone {
			err = p.store.Lead(ctx, p.x.Follow, func(err error) { w.note("%s: the lead is lost: %v", p.name, err) })
		} else {
			err = p.x.Follow(ctx)
		}
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		if err != nil {
			w.note("%s has stopped: %v", p.name, err)
		}
	})
	go func() {
		parts.Wait()
		if err := errors.Join(db.Close(), closeFiles()); err != nil {
			w.t.Errorf("close the store: %v", err)
		}
		w.note("%s has ended", p.name)
		close(p.ended)
	}()
	w.running = append(w.running, p)
	return p
}

// end ends a process and waits.
func (p *process) end() {
	p.cancel()
	<-p.ended
	for i, other := range p.w.running {
		if other == p {
			p.w.running = append(p.w.running[:i], p.w.running[i+1:]...)
			return
		}
	}
}

// over tells whether the process has ended by itself.
func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) stopped() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// endpoints are the nodes for one more process, and the ledger files where the world has them.
func (w *world) endpoints() (all []pool.Endpoint, closeFiles func() error) {
	for _, n := range w.nodes {
		e := pool.Endpoint{Name: n.client.Host(), Source: n.client}
		if w.verify {
			e.Source = source.NewLedgers(w.chain.network, n.client, source.NewChain())
		}
		all = append(all, e)
	}
	if !w.files {
		return all, func() error { return nil }
	}
	f, err := files.Open(w.chain.network, os.DirFS(w.chain.folder), source.NewChain())
	if err != nil {
		w.t.Fatal(err)
	}
	return append(all, pool.Endpoint{Name: "files", Source: f}), f.Close
}

// lines are what a process logs, in the world's trace.
type lines struct {
	w    *world
	name string
}

func (l lines) Write(text []byte) (int, error) {
	l.w.note("%s: %s", l.name, text[:len(text)-1])
	return len(text), nil
}

// now is the clock that is handed in: the world's, moved.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }
