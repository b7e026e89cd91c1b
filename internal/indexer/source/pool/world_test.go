package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

var ours = xdr.ContractId{1}

// world is a network of some nodes, and a pool that asks them. Its clock is synctest's.
type world struct {
	t      *testing.T
	chain  *sourcetest.Chain
	all    []xdr.LedgerCloseMeta
	nodes  []*node
	pool   *pool.Pool
	config pool.Config
	log    *bytes.Buffer

	at   rpc.From // of the follower
	seen []rpc.Event
	high uint32 // the newest ledger that was reported to it
}

// node is one of them. What is to go wrong with it is set while it is asked.
type node struct {
	*sourcetest.Node
	fault atomic.Pointer[sourcetest.Fault]
	off   bool // gets no more ledgers
}

const firstLedger = 10

// newWorld has so many nodes, with 20 ledgers, the preferred one first: "a", "b", "c" … verify takes their ledgers instead of their events.
func newWorld(t *testing.T, nodes int, verify bool) *world {
	w := &world{t: t, chain: sourcetest.From(firstLedger), log: &bytes.Buffer{}, at: rpc.From{Ledger: firstLedger}}
	c := pool.Config{Now: time.Now, Log: slog.New(slog.NewTextHandler(w.log, nil))}
	for i := range nodes {
		n := &node{Node: &sourcetest.Node{Passphrase: sourcetest.Network(t).Passphrase()}}
		n.Fault = func(string) (f sourcetest.Fault) {
			if p := n.fault.Load(); p != nil {
				f = *p
			}
			return f
		}
		w.nodes = append(w.nodes, n)
		client, err := rpc.New(rpc.Config{URL: "http://" + name(i) + "/secret-key", Network: sourcetest.Network(t), HTTP: n})
		if err != nil {
			t.Fatal(err)
		}
		e := pool.Endpoint{Name: client.Host(), Source: client}
		if verify {
			e.Source = source.NewLedgers(sourcetest.Network(t), client, source.NewChain())
		}
		c.Endpoints = append(c.Endpoints, e)
	}
	w.config = c
	var err error
	if w.pool, err = pool.New(c); err != nil {
		t.Fatal(err)
	}
	w.grow(20)
	return w
}

// record puts the ledgers up to last into a folder, and takes it into the pool behind the nodes.
func (w *world) record(dir string, last uint32) {
	w.t.Helper()
	network := sourcetest.Network(w.t)
	if _, err := files.Record(w.t.Context(), network, dir, files.NewLayout(network.Passphrase()), w.config.Endpoints[0].Source, firstLedger, last); err != nil {
		w.t.Fatal(err)
	}
	f, err := files.Open(network, os.DirFS(dir), source.NewChain())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := f.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.config.Endpoints = append(w.config.Endpoints, pool.Endpoint{Name: "files", Source: f})
	if w.pool, err = pool.New(w.config); err != nil {
		w.t.Fatal(err)
	}
}

func name(i int) string { return string(rune('a' + i)) }

// run lets the pool look at its nodes until the test ends.
func (w *world) run() {
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { w.pool.Run(ctx); close(ended) }()
	w.t.Cleanup(func() { stop(); <-ended })
	synctest.Wait()
}

// grow closes ledgers, five seconds apart in their own time, each with a call of our contract.
func (w *world) grow(n int) {
	for range n {
		m := next(w.chain, "main")
		w.all = append(w.all, m)
		for _, n := range w.nodes {
			if !n.off {
				n.Add(m)
			}
		}
	}
}

func next(c *sourcetest.Chain, word string) xdr.LedgerCloseMeta {
	seq := uint32(c.Last.Header.LedgerSeq) + 1
	return c.Next(1_700_000_000+5*uint64(seq), sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, word, fmt.Sprint(seq))}})
}

// wait lets time go by, until everybody has done what is due.
func (w *world) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// live lets time go by: a ledger every five seconds, and the follower reads all there is.
func (w *world) live(ledgers int) {
	w.t.Helper()
	for range ledgers {
		w.grow(1)
		w.wait(5 * time.Second)
		w.follow()
	}
}

// tail is the network's history from a ledger on, but the last of them are of another chain.
func (w *world) fork(from uint32) (fork []xdr.LedgerCloseMeta) {
	w.t.Helper()
	c := sourcetest.From(firstLedger)
	for _, m := range w.all {
		if m.LedgerSequence() < from {
			c.Last = m.LedgerHeaderHistoryEntry()
			fork = append(fork, m)
			continue
		}
		fork = append(fork, next(c, "fork"))
	}
	return fork
}

func contracts() []stellar.Address { return []stellar.Address{{Contract: true, Key: ours}} }

// page asks for the next page as the indexer does, and takes it.
func (w *world) page() (more bool, err error) {
	w.t.Helper()
	page, err := w.pool.Events(w.t.Context(), w.at, contracts(), 7)
	if err != nil {
		return false, err
	}
	if page.Kept.Latest.Sequence < w.high {
		w.t.Errorf("the newest ledger was %d and is %d", w.high, page.Kept.Latest.Sequence)
	}
	w.high = page.Kept.Latest.Sequence
	if err := source.CheckPage(page, w.at, contracts()); err != nil {
		w.t.Error(err)
	}
	if page.Cursor == w.at.Cursor {
		return false, nil
	}
	w.seen, w.at = append(w.seen, page.Events...), rpc.From{Cursor: page.Cursor}
	return store.EventID(page.Cursor).Complete() < page.Kept.Latest.Sequence, nil
}

// follow reads all there is, without a pause, and checks that it is what the network has.
func (w *world) follow() {
	w.t.Helper()
	for more := true; more; {
		var err error
		if more, err = w.page(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.complete()
}

// complete checks that the follower has seen every event there is, once, in order.
func (w *world) complete() {
	w.t.Helper()
	var want []rpc.Event
	for _, m := range w.all {
		want = append(want, sourcetest.Reference(m)...)
	}
	if diff := cmp.Diff(sourcetest.Lines(w.t, want), sourcetest.Lines(w.t, w.seen)); diff != "" {
		w.t.Errorf("events of the network (-) and seen (+):\n%s", diff)
	}
}

// is checks how a node is, and whether it is in use.
func (w *world) is(i int, state pool.State, current bool) {
	w.t.Helper()
	s := w.pool.Status().Nodes[i]
	if s.State != state || s.Current != current {
		w.t.Errorf("%s is %s (%s), in use %t; want %s, %t", s.Name, s.State, s.Why, s.Current, state, current)
	}
	if strings.Contains(s.Why, "secret") || strings.Contains(s.Name, "secret") {
		w.t.Errorf("%+v tells the node's key", s)
	}
}

// world runs a test with a clock of its own.
func inWorld(t *testing.T, nodes int, verify bool, do func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nodes, verify)
		do(t, w)
		if strings.Contains(w.log.String(), "secret") {
			t.Errorf("the log tells a node's key:\n%s", w.log)
		}
	})
}
