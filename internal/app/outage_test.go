package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

// The database goes away as in a crash while people trade, and comes back: the indexer says so, keeps no more than a few pages, goes on by
// itself where it was, and nothing is missing or there twice. Another process follows while its lead is gone.
func TestTheDatabaseGoesAway(t *testing.T) {
	t.Parallel() // it waits most of the time
	server := postgres.New(postgres.Options{})
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := ownPlatform(t)
	secrets := secretsFolder(t, server.Database(t))
	s := startServers(t, p, p.ready.RPC, secrets)
	r := p.ready
	r.API = s.apiURL
	first := openTrade(t, r)
	var trade json.RawMessage
	waitFor(t, func() bool { return found(s.apiURL+"/trades/"+first, &trade) })

	server.Down(t)
	waitFor(t, func() bool { return readyOf(t, s.indexerURL).State == indexer.Unreachable })
	if ready := readyOf(t, s.indexerURL); ready.Ready || !strings.Contains(ready.Problem, "postgres") && !strings.Contains(ready.Problem, "database") {
		t.Errorf("without a database: %+v", ready)
	}
	res, err := http.Get(s.indexerURL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %s: a restart would not bring the database back", res.Status)
	}
	refused, err := ask(t.Context(), s.apiURL+"/trades/"+first)
	if err != nil || refused.status != http.StatusServiceUnavailable || refused.NextStep == "" || refused.retry == "" {
		t.Errorf("the api without a database: %+v, %v", refused, err)
	}
	var missed []string
	for range 20 {
		missed = append(missed, openTrade(t, p.ready)) // by the network's own api
	}

	server.Up(t)
	up := time.Now()
	for _, id := range missed {
		waitFor(t, func() bool { return found(s.apiURL+"/trades/"+id, &trade) })
	}
	t.Logf("all is there %s after the database", time.Since(up).Round(time.Millisecond))
	waitFor(t, func() bool { return readyOf(t, s.indexerURL).State == indexer.Following })
	if got := hashOf(t, p, secrets); got.Trades != 21 {
		t.Errorf("%d trades are stored, want 21", got.Trades)
	}
	s.api.stop()
	s.indexer.stop()
}

// Two indexers lose their database, again and again: each time one of them follows afterwards, and the other stands by.
func TestTheDatabaseGoesAwayFromTwo(t *testing.T) {
	t.Parallel() // it waits most of the time
	server := postgres.New(postgres.Options{})
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := ownPlatform(t)
	secrets := secretsFolder(t, server.Database(t))
	both := []servers{startServers(t, p, p.ready.RPC, secrets), startServers(t, p, p.ready.RPC, secrets)}
	states := func() (following, standing int) {
		for _, s := range both {
			switch readyOf(t, s.indexerURL).State {
			case indexer.Following:
				following++
			case indexer.Standby:
				standing++
			}
		}
		return following, standing
	}
	calm := func() bool { following, standing := states(); return following == 1 && standing == 1 }
	waitFor(t, calm)
	for range 3 {
		server.Down(t)
		waitFor(t, func() bool { following, standing := states(); return following+standing == 0 })
		server.Up(t)
		openTrade(t, p.ready)
		waitFor(t, calm)
	}
	if got := hashOf(t, p, secrets); got.Trades != 3 {
		t.Errorf("%d trades are stored, want 3", got.Trades)
	}
	for _, s := range both {
		s.api.stop()
		s.indexer.stop()
	}
}

// A process that is asked to end does so well within ten seconds, whatever is going on: a client that waits, a database that is gone.
func TestStoppingTakesNoTime(t *testing.T) {
	server := postgres.New(postgres.Options{})
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := ownPlatform(t)
	s := startServers(t, p, p.ready.RPC, secretsFolder(t, server.Database(t)))
	waiting := make(chan error, 1)
	go func() {
		_, err := ask(t.Context(), s.apiURL+"/trades?min_ledger=4000000000", "Prefer", "wait=60")
		waiting <- err
	}()
	time.Sleep(300 * time.Millisecond) // it has been sent, and waits
	server.Down(t)
	waitFor(t, func() bool { return readyOf(t, s.indexerURL).State == indexer.Unreachable })
	for name, process := range map[string]*process{"api": s.api, "indexer": s.indexer} {
		began := time.Now()
		process.end(syscall.SIGTERM)
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("the %s took %s to stop", name, took)
		}
		if process.err != nil {
			t.Errorf("the %s ended with %v: %s", name, process.err, process.stderr.String())
		}
	}
	<-waiting
	server.Up(t)
}
