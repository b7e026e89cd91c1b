package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

func TestLead(t *testing.T) {
	url := server.Database(t)
	storetest.Lead(t, func(t *testing.T) storetest.Leader { return openURL(t, Options{URL: url}) })
}

// A connection that the server ends takes the lead away: the work is told, and begins again when the lead is had anew.
func TestTheLeadGoesWithItsConnection(t *testing.T) {
	url := server.Database(t)
	s := openURL(t, Options{URL: url})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	terms, ends, losses := make(chan struct{}, 8), make(chan struct{}, 8), make(chan error, 8)
	done := make(chan error, 1)
	go func() {
		done <- s.Lead(ctx, func(ctx context.Context) error {
			terms <- struct{}{}
			<-ctx.Done()
			ends <- struct{}{}
			return nil
		}, func(err error) { losses <- err })
	}()
	wait := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-ctx.Done():
			t.Fatalf("not in time: %s", what)
		}
	}
	wait("the first term", terms)
	if _, err := s.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	wait("the end of the work", ends)
	if err := <-losses; err == nil {
		t.Error("the loss is not told")
	}
	wait("the second term", terms)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
