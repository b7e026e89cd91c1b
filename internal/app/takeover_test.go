package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
)

// Two indexers share a store: one follows, the other serves the relay. When the first is killed the second follows within five seconds, and
// nothing is lost or there twice.
func TestTheNextIndexerTakesOver(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   file,
		"postgres": database,
	} {
		t.Run(name, func(t *testing.T) {
			p := ownPlatform(t)
			secrets := secretsFolder(t, url(t))
			first := startServers(t, p, p.ready.RPC, secrets)
			state := func(s servers) indexer.State { return readyOf(t, s.indexerURL).State }
			waitFor(t, func() bool { return state(first) == indexer.Following })
			second := startServers(t, p, p.ready.RPC, secrets)
			if got := state(second); got != indexer.Standby {
				t.Errorf("the second one is %s", got)
			}

			// Through the second one's api and relay, projected by the first one.
			r := p.ready
			r.API = second.apiURL
			before := openTrade(t, r)
			var trade json.RawMessage
			waitFor(t, func() bool { return found(second.apiURL+"/trades/"+before, &trade) })
			waitFor(t, func() bool { return readyOf(t, second.indexerURL).Ledger >= readyOf(t, first.indexerURL).Ledger }) // the one that stands by tells how far the other is
			first.indexer.kill()
			killed := time.Now()
			after := openTrade(t, r)
			waitFor(t, func() bool { return found(second.apiURL+"/trades/"+after, &trade) })
			if took := time.Since(killed); took > 5*time.Second {
				t.Errorf("it took %s until the second one followed", took)
			}
			if got := state(second); got != indexer.Following {
				t.Errorf("the second one is %s", got)
			}
			first.api.stop()
			second.api.stop()
			second.indexer.stop()
		})
	}
}

// An indexer that is frozen, as by a machine that stands still, does not keep the others from following; when it goes on, it stands by.
func TestAFrozenIndexerIsReplaced(t *testing.T) {
	p := ownPlatform(t)
	secrets := secretsFolder(t, database(t))
	first := startServers(t, p, p.ready.RPC, secrets)
	state := func(s servers) indexer.State { return readyOf(t, s.indexerURL).State }
	waitFor(t, func() bool { return state(first) == indexer.Following })
	second := startServers(t, p, p.ready.RPC, secrets)
	if err := first.indexer.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	waitFor(t, func() bool { return state(second) == indexer.Following })
	if took := time.Since(frozen); took > 8*time.Second {
		t.Errorf("it took %s until the second one followed", took)
	}
	id := openTrade(t, p.ready)
	var trade json.RawMessage
	waitFor(t, func() bool { return found(second.apiURL+"/trades/"+id, &trade) })
	if err := first.indexer.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return state(first) == indexer.Standby })
	id = openTrade(t, p.ready)
	waitFor(t, func() bool { return found(second.apiURL+"/trades/"+id, &trade) })
	for _, process := range []*process{first.api, second.api, first.indexer, second.indexer} {
		process.stop()
	}
	if got := hashOf(t, p, secrets); got.Trades != 2 {
		t.Errorf("%d trades are stored, want 2", got.Trades)
	}
}

// readyOf is what an indexer says of itself, ready or not.
func readyOf(t *testing.T, url string) (r indexerReadiness) {
	t.Helper()
	res, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// hashOf is what `indexer state-hash` says of a store.
func hashOf(t *testing.T, p *platform, secrets string) shownState {
	t.Helper()
	var out bytes.Buffer
	if err := Run(t.Context(), []string{"indexer", "state-hash", "--json", "--secrets", secrets, "--network-passphrase", p.ready.Passphrase}, &out, &out); err != nil {
		t.Fatalf("%v %s", err, out.String())
	}
	var s shownState
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// An indexer that is killed again and again while people trade has the same in its store as one that never was, on either engine.
func TestKilledIndexersLoseNothing(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := ownPlatform(t)
	stores := map[string]string{"sqlite": secretsFolder(t, file(t)), "postgres": secretsFolder(t, database(t)), "never killed": secretsFolder(t, file(t))}
	kills := map[string]int{}
	follow := func(secrets string) *process {
		return start(t, "indexer", "--rpc", p.ready.RPC, "--poll", "10ms", "--listen", "127.0.0.1:0", "--json", "--secrets", secrets,
			"--network-passphrase", p.ready.Passphrase, "--contract", fmt.Sprintf("%s:%d", p.ready.Contract, p.state.Start))
	}
	calm := follow(stores["never killed"])
	running := map[string]*process{"sqlite": follow(stores["sqlite"]), "postgres": follow(stores["postgres"])}
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		openTrade(t, p.ready)
		for name, process := range running {
			if random.IntN(3) > 0 {
				continue
			}
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			process.kill()
			kills[name]++
			running[name] = follow(stores[name])
		}
	}
	for name, n := range kills {
		if n < 5 {
			t.Errorf("%s was killed %d times only", name, n)
		}
	}
	latest, err := p.client.Range(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want shownState
	for _, name := range []string{"never killed", "sqlite", "postgres"} {
		var got shownState
		waitFor(t, func() bool {
			got = hashOf(t, p, stores[name])
			return len(got.Contracts) == 1 && got.Contracts[0].Ledger >= latest.Latest.Sequence
		})
		if name == "never killed" {
			want = got
		}
		if got.Trades != 40 || got.Hash != want.Hash {
			t.Errorf("%s, killed %d times: %d trades, hash %s, want %s", name, kills[name], got.Trades, got.Hash, want.Hash)
		}
	}
	calm.stop()
	for _, process := range running {
		process.stop()
	}
}
