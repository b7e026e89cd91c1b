package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// tape is a source of entries that grows.
type tape struct {
	mu      sync.Mutex
	entries []StreamEntry
	grew    chan struct{}
	err     error // instead of waiting for more
	noHead  error // instead of the head
	readers int
}

func newTape(n int) *tape {
	t := &tape{grew: make(chan struct{})}
	t.add(n)
	return t
}

func (t *tape) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range n {
		seq := int64(len(t.entries) + 1)
		payload := fmt.Appendf(nil, `{"seq":%d,"kind":"k<%d>&","data":{"é":"%s"}}`, seq, seq, strings.Repeat("x", int(seq%7)))
		t.entries = append(t.entries, StreamEntry{Seq: seq, Payload: payload, Hash: sha256.Sum256(payload)})
	}
	close(t.grew)
	t.grew = make(chan struct{})
}

func (t *tape) StreamHead(context.Context) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int64(len(t.entries)), t.noHead
}

func (t *tape) StreamAfter(ctx context.Context, after int64) iter.Seq2[StreamEntry, error] {
	return func(yield func(StreamEntry, error) bool) {
		t.mu.Lock()
		t.readers++
		t.mu.Unlock()
		defer func() { t.mu.Lock(); t.readers--; t.mu.Unlock() }()
		for {
			t.mu.Lock()
			rest, grew, err := t.entries[after:], t.grew, t.err
			t.mu.Unlock()
			for _, e := range rest {
				if !yield(e, nil) {
					return
				}
				after++
			}
			if err != nil {
				yield(StreamEntry{}, err)
				return
			}
			select {
			case <-grew:
			case <-ctx.Done():
				yield(StreamEntry{}, ctx.Err())
				return
			}
		}
	}
}

func (t *tape) reading() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.readers
}

// text is a buffer that a server may write to while a test reads.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) { t.mu.Lock(); defer t.mu.Unlock(); return t.b.Write(p) }
func (t *text) String() string              { t.mu.Lock(); defer t.mu.Unlock(); return t.b.String() }

// wire is a stream, its server and a client, with something in between.
type wire struct {
	tape     *tape
	streams  *streams
	server   *httptest.Server
	client   *Client
	log      text
	stopping chan struct{}
}

func keysOf(texts ...string) Keys {
	return func() (all []secret.Secret) {
		for _, text := range texts {
			all = append(all, secret.New(text))
		}
		return all
	}
}

var calm = pace{beat: time.Minute, write: time.Minute, age: time.Hour}

func newWire(t *testing.T, n int, p pace, between func(http.Handler) http.Handler) *wire {
	t.Helper()
	key := rand.Text()
	return newWireOf(t, n, p, keysOf(key), keysOf(key), between)
}

func newWireOf(t *testing.T, n int, p pace, server, client Keys, between func(http.Handler) http.Handler) *wire {
	t.Helper()
	w := &wire{tape: newTape(n), stopping: make(chan struct{})}
	w.streams = newStreams(w.tape, server, time.Now, w.stopping, slog.New(slog.NewTextHandler(&w.log, nil)), p, 3)
	var handler http.Handler = w.streams
	if between != nil {
		handler = between(handler)
	}
	w.server = httptest.NewUnstartedServer(handler)
	// Those of every server of ours are longer; a stream outlives either.
	w.server.Config.ReadTimeout, w.server.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	w.server.Start()
	t.Cleanup(w.server.Close)
	w.client = NewClient(w.server.URL, client, time.Now, rand.Reader, nil)
	return w
}

// all reads a stream to its end.
func all(seq iter.Seq2[StreamEntry, error]) (entries []StreamEntry, err error) {
	for e, err := range seq {
		if err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// same tells whether entries are those of the tape after number after, in order, each byte of them.
func (w *wire) same(entries []StreamEntry, after int64) error {
	w.tape.mu.Lock()
	defer w.tape.mu.Unlock()
	for i, e := range entries {
		want := w.tape.entries[int(after)+i]
		if e.Seq != want.Seq || !bytes.Equal(e.Payload, want.Payload) || e.Hash != want.Hash {
			return fmt.Errorf("entry %d: %s, want entry %d: %s", e.Seq, e.Payload, want.Seq, want.Payload)
		}
	}
	return nil
}

func becomes(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not become so: %s", what)
		}
	}
}
