package indexer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// said lists the kinds of the feed's entries that are the platform's own.
func (s *site) said() (kinds []string) {
	s.t.Helper()
	for _, e := range s.everything().Feed {
		if e.Event == "" {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

// Whoever has something to say need not wait until a contract that is far behind has caught up.
func TestANoteDoesNotWaitForTheTip(t *testing.T) {
	c := newChain(22, 1).play(60)
	c.perPage = 1
	s := newSite(t, c, tempPath(t))
	defer s.close()
	if err := s.x.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pages atomic.Int64
	c.bend = func(*rpc.EventPage) { // a page is on its way
		if pages.Add(1) == 1 {
			go func() { s.x.notices <- notice{feed.Note{Kind: feed.KindVerifyOK}, make(chan error, 1)} }()
		}
	}
	if more, err := s.x.pass(t.Context()); err != nil || !more || len(s.x.waiting) != 1 || pages.Load() > pagesAlone/2 {
		t.Errorf("more %v, %v, %d notes were taken, %d pages", more, err, len(s.x.waiting), pages.Load())
	}
}

// Many tell at once while ledgers are being read: each note stands in the feed once, among the events, and the chain holds.
func TestNotesTakeTheirTurn(t *testing.T) {
	c := newChain(21, 1).play(40)
	s := newSite(t, c, tempPath(t), func(config *Config) { config.Poll = time.Hour })
	defer s.close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.x.Run(ctx) }()
	const many = 20
	var tellers sync.WaitGroup
	for i := range many {
		tellers.Go(func() {
			data, _ := json.Marshal(map[string]int{"number": i})
			if err := s.x.Note(ctx, feed.Note{Kind: feed.KindVerifyOK, Data: data}); err != nil {
				t.Error(err)
			}
		})
	}
	tellers.Wait()
	if _, err := s.x.WaitLedger(ctx, 40); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	seen := map[string]int{}
	var head feed.Head
	events := 0
	for _, e := range s.everything().Feed {
		if err := head.Check(e); err != nil {
			t.Error(err)
		}
		head = e.Head()
		if e.Kind == feed.KindVerifyOK {
			seen[string(e.Data)]++
		} else {
			events++
		}
	}
	if len(seen) != many || events == 0 {
		t.Errorf("%d different notes among %d events, want %d", len(seen), events, many)
	}
	for data, n := range seen {
		if n != 1 {
			t.Errorf("%s stands there %d times", data, n)
		}
	}
	if err := s.x.Note(t.Context(), feed.Note{Kind: feed.KindVerifyOK}); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v, want ErrStopped", err)
	}
}

func TestThatItStoppedIsToldOnce(t *testing.T) {
	c := newChain(22, 1).play(20)
	path := tempPath(t)
	s := newSite(t, c, path)
	s.mustCatchUp()
	s.close()
	start := func() *site {
		s := newSite(t, c, path)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if c.err == nil {
			s.mustCatchUp()
		} else if err := s.x.Run(ctx); !errors.Is(err, ErrStopped) {
			t.Fatalf("%v, want ErrStopped", err)
		}
		return s
	}
	for i, step := range []struct {
		err  error
		want []string
	}{
		{fmt.Errorf("asked: %w", rpc.ErrWrongNetwork), []string{feed.KindStopped}},
		{fmt.Errorf("asked: %w", rpc.ErrWrongNetwork), []string{feed.KindStopped}},
		{nil, []string{feed.KindStopped, feed.KindResumed}},
		{nil, []string{feed.KindStopped, feed.KindResumed}},
		{fmt.Errorf("asked: %w", rpc.ErrWrongNetwork), []string{feed.KindStopped, feed.KindResumed, feed.KindStopped}},
	} {
		c.set(func() { c.err = step.err })
		s := start()
		if got := s.said(); !slices.Equal(got, step.want) {
			t.Errorf("step %d: the feed says %v, want %v", i, got, step.want)
		}
		s.close()
	}
}

func TestAStandbyTellsNothing(t *testing.T) {
	c := newChain(23, 1)
	r, err := NewReplica(newSite(t, c, tempPath(t)).x.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Note(t.Context(), feed.Note{Kind: feed.KindVerifyOK}); !errors.Is(err, ErrStandby) {
		t.Errorf("%v, want ErrStandby", err)
	}
}

// unsteady is a store that loses its connection while it writes, so many times.
type unsteady struct {
	Store
	times int
}

func (u *unsteady) Apply(ctx context.Context, b store.Batch) error {
	if u.times--; u.times >= 0 {
		return errors.New("connection lost")
	}
	return u.Store.Apply(ctx, b)
}

func TestThatItStoppedIsToldWhateverTheStoreDoes(t *testing.T) {
	c := newChain(24, 1).play(20)
	path := tempPath(t)
	s := newSite(t, c, path)
	s.mustCatchUp()
	s.close()
	c.set(func() { c.err = fmt.Errorf("asked: %w", rpc.ErrWrongNetwork) })
	s = newSite(t, c, path, func(config *Config) { config.Store = &unsteady{config.Store, 2} })
	defer s.close()
	if err := s.x.Run(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("%v, want ErrStopped", err)
	}
	if got := s.said(); !slices.Equal(got, []string{feed.KindStopped}) {
		t.Errorf("the feed says %v", got)
	}
}
