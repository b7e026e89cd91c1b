package fanout

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// served is the feed behind a replica, as the live stream asks for it.
type served struct {
	store *shelf
	bus   *feed.Bus
}

func (s served) StreamHead(ctx context.Context) (int64, error) {
	head, err := s.store.FeedHead(ctx)
	return head.Seq, err
}

func (s served) StreamAfter(ctx context.Context, after int64) iter.Seq2[relay.StreamEntry, error] {
	return func(yield func(relay.StreamEntry, error) bool) {
		for e, err := range feed.Follow(ctx, s.store, s.bus, after) {
			if !yield(relay.StreamEntry{Seq: e.Seq, Payload: e.Payload, Hash: e.Hash}, err) {
				return
			}
		}
	}
}

// TestTheLiveStreamOfReplicas: entries go from the one that leads through Redis to two others, and from those over HTTP to readers, each of
// which changes to the other replica whenever its own stops; Redis is harmed meanwhile. Readers check the chain as any reader of the feed can.
func TestTheLiveStreamOfReplicas(t *testing.T) {
	const total, readers = 600, 4
	s := &shelf{}
	lead := start(t, s, "stream", nil)
	key := secret.New(rand.Text())
	keys := func() []secret.Secret { return []secret.Secret{key} }

	// Each replica's streams can be told to stop, and are then served anew behind the same address.
	var mu sync.Mutex
	var stops []chan struct{}
	var handlers []http.Handler
	var clients []*relay.Client
	for n := range 2 {
		r := start(t, s, "stream", nil)
		until(t, "connected", 5*time.Second, r.Up)
		anew := func() (http.Handler, chan struct{}) {
			stopping := make(chan struct{})
			return relay.StreamHandler(served{s, r.config.Bus}, keys, time.Now, stopping, slog.New(slog.DiscardHandler)), stopping
		}
		handler, stopping := anew()
		handlers, stops = append(handlers, handler), append(stops, stopping)
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			mu.Lock()
			h := handlers[n]
			mu.Unlock()
			h.ServeHTTP(w, req)
		}))
		t.Cleanup(web.Close)
		clients = append(clients, relay.NewClient(web.URL, keys, time.Now, rand.Reader, nil))
		restart := func() {
			handler, stopping := anew()
			mu.Lock()
			defer mu.Unlock()
			close(stops[n])
			handlers[n], stops[n] = handler, stopping
		}
		go func() {
			for {
				select {
				case <-t.Context().Done():
					return
				case <-time.After(time.Duration(150+70*n) * time.Millisecond):
					restart()
				}
			}
		}()
	}

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var reading sync.WaitGroup
	for n := range readers {
		reading.Go(func() {
			var head feed.Head
			var late []time.Duration
			calls := 0
			for head.Seq < total {
				calls++
				for e, err := range clients[(n+calls)%2].Stream(ctx, head.Seq) {
					if errors.Is(err, relay.ErrUnavailable) {
						pause(ctx, 5*time.Millisecond)
						break
					}
					if err != nil {
						t.Errorf("reader %d after entry %d: %v", n, head.Seq, err)
						return
					}
					entry := feed.Entry{Seq: e.Seq, Payload: e.Payload, Hash: e.Hash}
					if err := head.Check(entry); err != nil {
						t.Errorf("reader %d: %v", n, err)
						return
					}
					head = entry.Head()
					if late = append(late, time.Since(s.storedAt(e.Seq))); head.Seq == total {
						break
					}
				}
			}
			slices.Sort(late)
			t.Logf("reader %d, by %d streams: p50 %s, at most %s", n, calls, late[total/2], late[total-1])
			if calls < 3 || late[total*99/100] > 2*time.Second {
				t.Errorf("reader %d: %d streams, one entry in a hundred later than %s", n, calls, late[total*99/100])
			}
		})
	}
	for n := range total {
		lead.Publish(s.add(t))
		switch n {
		case total / 4:
			server.Flush(t)
		case total / 2:
			server.Restart(t)
		}
		time.Sleep(3 * time.Millisecond)
	}
	reading.Wait()
}
