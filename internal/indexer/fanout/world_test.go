package fanout

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

var server = redis.New(redis.Options{})

var seed = flag.Int64("seed", 4, "of what is done to Redis, and when")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(server.Main(m))
}

// shelf keeps entries the way the store does, and when each was put there.
type shelf struct {
	mu      sync.Mutex
	entries []feed.Entry
	at      []time.Time
	fail    error
	looks   atomic.Int64
}

func (s *shelf) FeedHead(ctx context.Context) (feed.Head, error) {
	s.looks.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return feed.Head{}, s.fail
	}
	if len(s.entries) == 0 {
		return feed.Head{}, ctx.Err()
	}
	return s.entries[len(s.entries)-1].Head(), ctx.Err()
}

func (s *shelf) FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if after >= int64(len(s.entries)) {
		return nil, ctx.Err()
	}
	return s.entries[after:min(after+int64(limit), int64(len(s.entries)))], nil
}

// add stores one more entry and returns its number.
func (s *shelf) add(t *testing.T) int64 {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var head feed.Head
	if len(s.entries) > 0 {
		head = s.entries[len(s.entries)-1].Head()
	}
	e, err := head.Next(feed.Note{Kind: fmt.Sprint("k", head.Seq)})
	if err != nil {
		t.Fatal(err)
	}
	s.entries, s.at = append(s.entries, e), append(s.at, time.Now())
	return e.Seq
}

func (s *shelf) storedAt(seq int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[seq-1]
}

func (s *shelf) breakIt(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// logged is what a fan-out has written into its log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(what))
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const (
	saidUp   = "redis tells of new entries"
	saidDown = "redis cannot be used"
)

// replica is one indexer's end: its fan-out, and a reader of the feed behind it.
type replica struct {
	*Fanout
	log logged
	got chan seen
}

// seen is an entry, and how long after it was stored a reader had it.
type seen struct {
	seq  int64
	late time.Duration
}

// start makes a replica on the server, and ends it with the test. change may be nil.
func start(t *testing.T, s *shelf, name string, change func(*Config)) *replica {
	t.Helper()
	r := &replica{got: make(chan seen, 10_000)}
	c := Config{
		URL: server.URL(t), Password: func() secret.Secret { return secret.New(server.Password()) }, Name: name, Store: s, Bus: feed.NewBus(0),
		Log: slog.New(slog.NewTextHandler(&r.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	var err error
	if r.Fanout, err = New(c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { r.Run(ctx) })
	all.Go(func() {
		for e, err := range feed.Follow(ctx, s, c.Bus, 0) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the reader of the feed ended: %v", err)
				}
				return
			}
			r.got <- seen{e.Seq, time.Since(s.storedAt(e.Seq))}
		}
	})
	t.Cleanup(func() {
		cancel()
		began := time.Now()
		all.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s to end", took)
		}
	})
	return r
}

// next is the next entry that the reader has; it must be seq.
func (r *replica) next(t *testing.T, seq int64, within time.Duration) seen {
	t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case s := <-r.got:
		if s.seq != seq {
			t.Fatalf("got entry %d, want %d", s.seq, seq)
		}
		return s
	case <-timer.C:
		t.Fatalf("entry %d did not come within %s; log:\n%s", seq, within, &r.log)
	}
	return seen{}
}

// until waits for something to become so.
func until(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s still not: %s", within, what)
		}
	}
}
