package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// cutter passes the messages between the store and its server, and cuts the connection at the one it is set to.
type cutter struct {
	t      *testing.T
	listen net.Listener
	server string

	mu     sync.Mutex
	armed  bool
	toward side
	left   int // messages until the cut
	cut    bool
	seen   [2]int
}

type side int

const (
	toServer side = iota
	toStore
)

func newCutter(t *testing.T, server string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{t: t, listen: l, server: server}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				front.Close()
				continue
			}
			end := func() { front.Close(); back.Close() }
			wg.Go(func() { c.pass(back, front, toServer, end) })
			wg.Go(func() { c.pass(front, back, toStore, end) })
		}
	})
	return c
}

// pass copies one message after the other: a type, except in the first one a client sends, and a length (the protocol's chapter 55.2).
func (c *cutter) pass(to io.Writer, from io.Reader, toward side, end func()) {
	defer end()
	head := 5
	if toward == toServer {
		head = 4
	}
	buf := make([]byte, 1<<16)
	for ; ; head = 5 {
		if _, err := io.ReadFull(from, buf[:head]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint32(buf[head-4:head])) - 4
		if head+n > len(buf) {
			buf = append(buf, make([]byte, head+n-len(buf))...)
		}
		if _, err := io.ReadFull(from, buf[head:head+n]); err != nil {
			return
		}
		if c.cuts(toward) {
			return
		}
		if _, err := to.Write(buf[:head+n]); err != nil {
			return
		}
	}
}

func (c *cutter) cuts(toward side) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[toward]++
	if !c.armed || toward != c.toward {
		return false
	}
	if c.left--; c.left >= 0 {
		return false
	}
	c.armed, c.cut = false, true
	return true
}

// at sets one cut behind n more messages; the connections after it live.
func (c *cutter) at(toward side, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.toward, c.left, c.cut = true, toward, n, false
}

// off takes the cut away, and tells whether it has happened.
func (c *cutter) off() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = false
	return c.cut
}

func (c *cutter) count() [2]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// through is a database's URL by way of the cutter.
func (c *cutter) through(database string) string {
	u, err := url.Parse(database)
	if err != nil {
		c.t.Fatal(err)
	}
	u.Host = c.listen.Addr().String()
	return u.String()
}

// TestAConnectionCutAnywhere cuts it at every message of a batch, in either direction. Whatever the store then says, the batch is stored whole
// or not at all, and handing it in again stores it or is store.ErrMoved.
func TestAConnectionCutAnywhere(t *testing.T) {
	database := server.Database(t)
	c := newCutter(t, server.Address(t))
	s := openURL(t, Options{URL: c.through(database), Connections: 1})
	direct := openURL(t, Options{URL: database})
	if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	var batches []store.Batch
	for b := range (storetest.Workload{Seed: 3, Trades: 1000, Together: 12, Events: 12}).Batches() {
		batches = append(batches, b)
	}
	next := 0
	apply := func() (store.Batch, error) {
		b := batches[next]
		next++
		return b, s.Apply(t.Context(), b)
	}
	// The second is on a connection that knows the statements: its messages are all that a batch needs, and some need more than others.
	for range 3 {
		if _, err := apply(); err != nil {
			t.Fatal(err)
		}
	}
	var needs [2]int
	for range 10 {
		before := c.count()
		if _, err := apply(); err != nil {
			t.Fatal(err)
		}
		after := c.count()
		for toward := range needs {
			needs[toward] = max(needs[toward], after[toward]-before[toward])
		}
	}
	var told, untold, done int // the outcomes of a cut batch: not stored, stored without the store knowing, stored and known
	for _, toward := range []side{toServer, toStore} {
		steps := needs[toward]
		if steps < 20 {
			t.Fatalf("a batch takes only %d messages", steps)
		}
		for n := 0; n < steps+3; n++ {
			if next >= len(batches) {
				t.Fatal("no batch is left")
			}
			c.at(toward, n)
			b, err := apply()
			cut := c.off()
			if errors.Is(err, store.ErrMoved) || err != nil && !cut {
				t.Fatalf("cut %t at message %d of %d: %v", cut, n, steps, err)
			}
			stored := position(t, direct)
			again := s.Apply(t.Context(), b)
			switch to := b.Moves[0].To; {
			case err == nil && stored == to && errors.Is(again, store.ErrMoved):
				done++
			case err != nil && stored == to && errors.Is(again, store.ErrMoved):
				untold++
			case err != nil && stored == b.Moves[0].From && again == nil:
				told++
			default:
				t.Fatalf("cut at message %d of %d toward %d: %v, stored up to %s (from %s to %s), then %v", n, steps, toward, err, stored, b.Moves[0].From, to, again)
			}
		}
	}
	if told < 20 || untold == 0 || done == 0 {
		t.Errorf("%d were not stored, %d were without the store knowing, %d were stored: each has to be seen", told, untold, done)
	}
	want := openTemp(t)
	if err := want.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
		t.Fatal(err)
	}
	for _, b := range batches[:next] {
		if err := want.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	sameState(t, direct, want)
	t.Logf("%d cuts: %d not stored, %d stored without the store knowing", told+untold, told, untold)
}

func position(t *testing.T, s *Store) store.EventID {
	t.Helper()
	all, err := s.Contracts(t.Context(), "", 1)
	if err != nil || len(all) != 1 {
		t.Fatalf("contracts: %v, %v", all, err)
	}
	return all[0].Position
}

func sameState(t *testing.T, got, want *Store) {
	t.Helper()
	a, err1 := store.StateHash(t.Context(), got)
	b, err2 := store.StateHash(t.Context(), want)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	head, err1 := got.FeedHead(t.Context())
	other, err2 := want.FeedHead(t.Context())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if a.Hash != b.Hash || a.Trades == 0 || fmt.Sprint(a.Contracts) != fmt.Sprint(b.Contracts) || head != other {
		t.Errorf("the state is %+v with feed %v, without faults it is %+v with feed %v", a, head, b, other)
	}
}

// TestReadsSurviveADeadConnection has idle connections die, as when the server is started again.
func TestReadsSurviveADeadConnection(t *testing.T) {
	database := server.Database(t)
	c := newCutter(t, server.Address(t))
	s := openURL(t, Options{URL: c.through(database)})
	if err := s.Follow(t.Context(), "C", 7); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		for _, toward := range []side{toServer, toStore} {
			c.at(toward, n)
			all, err := s.Contracts(t.Context(), "", 1)
			if cut := c.off(); err != nil || len(all) != 1 || n == 0 && !cut {
				t.Errorf("cut %t at message %d: %v, %v", cut, n, all, err)
			}
		}
	}
}

// TestUndoneTransactionsAreTriedAgain lets the server undo batches, as it does for a deadlock, a bounded number of times.
func TestUndoneTransactionsAreTriedAgain(t *testing.T) {
	for _, code := range []string{"40001", "40P01"} {
		for _, c := range []struct {
			times int
			ok    bool
		}{{1, true}, {tries - 1, true}, {tries, false}} {
			t.Run(fmt.Sprintf("%s %d times", code, c.times), func(t *testing.T) {
				u := server.Database(t)
				s := openURL(t, Options{URL: u})
				if err := s.Follow(t.Context(), storetest.Contract, storetest.Start); err != nil {
					t.Fatal(err)
				}
				// A sequence does not go back with its transaction.
				run(t, u, fmt.Sprintf(`CREATE SEQUENCE undone;
					CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
						IF nextval('undone') <= %d THEN RAISE EXCEPTION 'undone' USING ERRCODE = '%s'; END IF; RETURN NULL; END $$;
					CREATE TRIGGER undo AFTER INSERT ON milestones FOR EACH STATEMENT EXECUTE FUNCTION undo()`, c.times, code))
				for b := range (storetest.Workload{Seed: 1, Trades: 5, Together: 5, Events: 3}).Batches() {
					if err := s.Apply(t.Context(), b); (err == nil) != c.ok || err != nil && !undone(err) {
						t.Errorf("apply: %v, want it stored: %t", err, c.ok)
					}
					if at := position(t, s); (at == b.Moves[0].To) != c.ok {
						t.Errorf("stored up to %s, want it stored: %t", at, c.ok)
					}
					return
				}
			})
		}
	}
}

// TestTheServerStartsAgain stops it under a store that is in use.
func TestTheServerStartsAgain(t *testing.T) {
	s := openTemp(t)
	if err := s.Follow(t.Context(), "C", 7); err != nil {
		t.Fatal(err)
	}
	server.Down(t)
	_, err := s.Contracts(t.Context(), "", 1)
	if err == nil {
		t.Error("a server that is down answered")
	}
	server.Up(t)
	if all, err := s.Contracts(t.Context(), "", 1); err != nil || len(all) != 1 {
		t.Errorf("after the start: %v, %v", all, err)
	}
	if err := s.Follow(t.Context(), "D", 7); err != nil {
		t.Errorf("after the start: %v", err)
	}
}
