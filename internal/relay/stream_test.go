package relay

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAStreamTellsWhatIsThereAndWhatComes(t *testing.T) {
	w := newWire(t, 500, calm, nil)
	for _, after := range []int64{0, 1, 499, 500} {
		ctx, cancel := context.WithCancel(t.Context())
		var got []StreamEntry
		head, _ := w.tape.StreamHead(ctx)
		if after == head {
			go func() { time.Sleep(20 * time.Millisecond); w.tape.add(1) }()
		}
		for e, err := range w.client.Stream(ctx, after) {
			if err != nil {
				if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
					t.Errorf("after %d: %v, want the context's end", after, err)
				}
				break
			}
			got = append(got, e)
			switch {
			case e.Seq == head:
				w.tape.add(3) // while somebody reads
			case e.Seq >= head+3, after == head:
				cancel()
			}
		}
		cancel()
		if want := int(head + 3 - after); len(got) != want && after != head || len(got) == 0 {
			t.Errorf("after %d: %d entries, want %d", after, len(got), want)
		}
		if err := w.same(got, after); err != nil {
			t.Errorf("after %d: %v", after, err)
		}
	}
	becomes(t, "nobody reads any more", func() bool { return w.tape.reading() == 0 && len(w.streams.slots) == 0 })
}

func TestAStreamOutlivesTheServersTimeouts(t *testing.T) {
	w := newWire(t, 1, pace{beat: 20 * time.Millisecond, write: time.Second, age: time.Hour}, nil)
	go func() {
		for range 5 {
			time.Sleep(60 * time.Millisecond)
			w.tape.add(1)
		}
		time.Sleep(50 * time.Millisecond)
		close(w.stopping)
	}()
	got, err := all(w.client.Stream(t.Context(), 0))
	if err != nil || len(got) != 6 {
		t.Errorf("%d entries, %v; want 6, and an end in order", len(got), err)
	}
}

// What the caller no longer wants, the server stops reading for it.
func TestWhoeverLeavesIsForgotten(t *testing.T) {
	w := newWire(t, 10, calm, nil)
	for e, err := range w.client.Stream(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq == 4 {
			break
		}
	}
	becomes(t, "forgotten", func() bool { return w.tape.reading() == 0 && len(w.streams.slots) == 0 })
	if w.log.String() != "" {
		t.Errorf("that somebody left was logged: %s", &w.log)
	}
}

func TestStreamsEndInOrder(t *testing.T) {
	w := newWire(t, 5, calm, nil)
	var all3 sync.WaitGroup
	for range 3 {
		all3.Go(func() {
			if got, err := all(w.client.Stream(t.Context(), 2)); err != nil || len(got) != 3 {
				t.Errorf("at shutdown: %d entries, %v", len(got), err)
			}
		})
	}
	becomes(t, "three read", func() bool { return w.tape.reading() == 3 })
	close(w.stopping)
	all3.Wait()
	if _, err := all(w.client.Stream(t.Context(), 0)); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "about to stop") {
		t.Errorf("after that: %v", err)
	}
	w = newWire(t, 5, pace{beat: time.Minute, write: time.Minute, age: 50 * time.Millisecond}, nil)
	if got, err := all(w.client.Stream(t.Context(), 0)); err != nil || len(got) != 5 {
		t.Errorf("of age: %d entries, %v", len(got), err)
	}
}

func TestOnlySoManyStreams(t *testing.T) {
	w := newWire(t, 1, calm, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	for range 3 {
		readers.Go(func() { _, _ = all(w.client.Stream(ctx, 0)) })
	}
	becomes(t, "three read", func() bool { return w.tape.reading() == 3 })
	if _, err := all(w.client.Stream(ctx, 0)); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "3 streams are open") {
		t.Errorf("the fourth: %v", err)
	}
}

func TestCallsForNoStream(t *testing.T) {
	w := newWire(t, 5, calm, nil)
	if _, err := all(w.client.Stream(t.Context(), -1)); !errors.Is(err, ErrInvalid) || errors.Is(err, ErrUnavailable) {
		t.Errorf("before the first entry: %v", err)
	}
	if _, err := all(w.client.Stream(t.Context(), 9)); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "entry 9 does not exist, the feed ends with entry 5") {
		t.Errorf("behind the last entry: %v", err)
	}
	w.tape.noHead = errors.New("the database is gone")
	if _, err := all(w.client.Stream(t.Context(), 1)); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "the database is gone") {
		t.Errorf("of a feed that cannot be read: %v", err)
	}
	if log := w.log.String(); !strings.Contains(log, "WARN") || strings.Contains(log, "ERROR") {
		t.Errorf("logged: %s", log)
	}
	for _, body := range []string{`{"after":1,"more":2}`, `nothing`, ``, strings.Repeat(" ", maxStreamCall+1)} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, StreamPath, strings.NewReader(body))
		if _, err := sign(req, w.client.keys.known()[0], time.Now(), rand.Reader, []byte(body)); err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		w.streams.ServeHTTP(answer, req)
		if answer.Code != http.StatusUnprocessableEntity && answer.Code != http.StatusBadRequest {
			t.Errorf("%.20q is answered with %d %s", body, answer.Code, answer.Body)
		}
	}
}

// A reader that takes nothing is cut off; the memory that it costs meanwhile is bounded by what the kernel keeps.
func TestASlowReaderIsCutOffAndGoesOn(t *testing.T) {
	w := newWire(t, 0, pace{beat: time.Minute, write: 100 * time.Millisecond, age: time.Hour}, nil)
	payload := fmt.Appendf(nil, `{"x":"%s"}`, strings.Repeat("x", 200_000))
	for seq := range int64(100) {
		w.tape.entries = append(w.tape.entries, StreamEntry{Seq: seq + 1, Payload: payload, Hash: sha256.Sum256(payload)})
	}
	last := int64(0)
	for e, err := range w.client.Stream(t.Context(), 0) {
		if err != nil {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("cut off with %v", err)
			}
			break
		}
		last = e.Seq
		if e.Seq == 1 {
			becomes(t, "cut off", func() bool { return strings.Contains(w.log.String(), "cut off") && w.tape.reading() == 0 })
		}
	}
	if last < 1 || last == 100 {
		t.Fatalf("it was cut off after entry %d of 100", last)
	}
	if n := strings.Count(w.log.String(), "\n"); n != 1 {
		t.Errorf("logged %d lines:\n%s", n, &w.log)
	}
	var got []StreamEntry
	for e, err := range w.client.Stream(t.Context(), last) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e); e.Seq == 100 {
			break
		}
	}
	if err := w.same(got, last); err != nil || len(got) != int(100-last) {
		t.Errorf("it goes on with %d entries, %v", len(got), err)
	}
}

func TestSilenceIsNoticed(t *testing.T) {
	p := calm
	for name, beats := range map[string]bool{"with beats": true, "without": false} {
		if p.beat = time.Minute; beats {
			p.beat = 20 * time.Millisecond
		}
		w := newWire(t, 2, p, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		got, err := all(w.client.streamWithin(ctx, 0, 150*time.Millisecond))
		cancel()
		if len(got) != 2 || errors.Is(err, context.DeadlineExceeded) != beats || errors.Is(err, errSilent) == beats {
			t.Errorf("%s: %d entries, %v", name, len(got), err)
		}
	}
	// What the caller does with an entry takes as long as it takes.
	w := newWire(t, 2, pace{beat: 20 * time.Millisecond, write: time.Second, age: time.Hour}, nil)
	for e, err := range w.client.streamWithin(t.Context(), 0, 100*time.Millisecond) {
		if err != nil {
			t.Fatal(err)
		}
		switch time.Sleep(200 * time.Millisecond); e.Seq {
		case 2:
			w.tape.add(1)
		case 3:
			return
		}
	}
}

// The indexer breaks a stream off rather than say what is not so.
func TestFaultsOfTheSource(t *testing.T) {
	odd := func(payload string, seq int64) StreamEntry {
		return StreamEntry{Seq: seq, Payload: []byte(payload), Hash: sha256.Sum256([]byte(payload))}
	}
	for name, c := range map[string]struct {
		change func(*tape)
		logged string
	}{
		"an error":            {func(t *tape) { t.err = errors.New("the store is gone") }, "the store is gone"},
		"a hole":              {func(t *tape) { t.entries = append(t.entries, odd(`{}`, 4)) }, "entry 4 came after entry 2"},
		"one twice":           {func(t *tape) { t.entries = append(t.entries, t.entries[1]) }, "entry 2 came after entry 2"},
		"two lines":           {func(t *tape) { t.entries = append(t.entries, odd("{\n}", 3)) }, "no object in compact JSON"},
		"white space":         {func(t *tape) { t.entries = append(t.entries, odd("{} ", 3)) }, "no object in compact JSON"},
		"no JSON":             {func(t *tape) { t.entries = append(t.entries, odd("{", 3)) }, "no object in compact JSON"},
		"nothing":             {func(t *tape) { t.entries = append(t.entries, odd("", 3)) }, "no object in compact JSON"},
		"a number":            {func(t *tape) { t.entries = append(t.entries, odd("5", 3)) }, "no object in compact JSON"},
		"too large":           {func(t *tape) { t.entries = append(t.entries, odd(`{"x":"`+strings.Repeat("x", maxStreamLine)+`"}`, 3)) }, "at most 1048576 are sent"},
		"a hash of something": {func(t *tape) { t.entries = append(t.entries, StreamEntry{Seq: 3, Payload: []byte(`{}`)}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, 2, calm, nil)
			c.change(w.tape)
			got, err := all(w.client.Stream(t.Context(), 0))
			if len(got) != 2 || !errors.Is(err, ErrUnavailable) {
				t.Errorf("%d entries, %v", len(got), err)
			}
			if c.logged == "" {
				if !strings.Contains(err.Error(), "entry 3: its hash is not that of its payload") {
					t.Error(err)
				}
				return
			}
			becomes(t, "logged", func() bool { return strings.Contains(w.log.String(), c.logged) })
		})
	}
}

// Who writes to a server that cannot be told how long to wait would wait for ever.
func TestAServerWithoutDeadlines(t *testing.T) {
	w := newWire(t, 2, calm, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(httptest.NewRecorder(), r) })
	})
	if _, err := all(w.client.Stream(t.Context(), 0)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("it ended with %v", err)
	}
	if !strings.Contains(w.log.String(), "not supported") {
		t.Errorf("it logged %s", &w.log)
	}
}

// A server that goes in the middle of a line is an error, and no end.
func TestACutConnection(t *testing.T) {
	w := newWire(t, 3, calm, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(nil)))
			time.AfterFunc(30*time.Millisecond, cancel)
			next.ServeHTTP(w, r.WithContext(ctx))
			panic(http.ErrAbortHandler)
		})
	})
	if got, err := all(w.client.Stream(t.Context(), 0)); len(got) != 3 || !errors.Is(err, ErrUnavailable) {
		t.Errorf("%d entries, %v", len(got), err)
	}
	w.server.Close()
	if _, err := all(w.client.Stream(t.Context(), 0)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
}
