package app

import (
	"bytes"
	"encoding/json"
	"net/http"
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
			p, err := startPlatform(t.Context(), environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, log: quiet}, "127.0.0.1:0", "")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := p.close(); err != nil {
					t.Error(err)
				}
			}()
			secrets := secretsFolder(t, url(t))
			first := startServers(t, p, p.ready.RPC, secrets)
			state := func(s servers) indexer.State { return readiness(t, s.indexerURL).State }
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

// readiness is what an indexer says of itself, ready or not.
func readiness(t *testing.T, url string) (r indexer.Readiness) {
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
