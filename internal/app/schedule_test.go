package app

import (
	"database/sql"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// metrics is what a process tells Prometheus.
func metrics(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Somebody changes what is stored behind the indexer's back: the next scheduled comparison says so in a metric, the log and the feed, and
// says when it is right again.
func TestWhatIsStoredIsComparedOnASchedule(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := ownPlatform(t)
	path := filepath.Join(t.TempDir(), "store.db")
	s := startServers(t, p, p.ready.RPC, secretsFolder(t, "sqlite:"+path), "--verify-every", "1s", "--second-rpc", p.ready.RPC)
	r := p.ready
	r.API = s.apiURL
	id := openTrade(t, r)
	waitFor(t, func() bool { return strings.Contains(metrics(t, s.indexerURL), "stellar_escrow_verify_trades 1\n") })

	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	change := func(by int) {
		t.Helper()
		if done, err := db.ExecContext(t.Context(), `UPDATE trades SET buyer_bond = buyer_bond + ?`, by); err != nil {
			t.Fatal(err)
		} else if n, err := done.RowsAffected(); err != nil || n != 1 {
			t.Fatalf("%d rows changed, %v", n, err)
		}
	}
	differences := func(n string) func() bool {
		return func() bool {
			return strings.Contains(metrics(t, s.indexerURL), "stellar_escrow_verify_differences "+n+"\n")
		}
	}
	waitFor(t, differences("0"))
	change(5)
	waitFor(t, differences("2")) // the bond itself, and what all trades hold
	change(-5)
	waitFor(t, differences("0"))
	s.api.stop()
	s.indexer.stop()
	if text := s.indexer.stderr.String(); !strings.Contains(text, "what is stored is not what the contract says") || !strings.Contains(text, id) {
		t.Errorf("the log says\n%s", text)
	}

	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	entries, err := store.FeedEntries(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range entries {
		if e.Kind == feed.KindVerifyOK || e.Kind == feed.KindVerifyFailed {
			said = append(said, e.Kind+" "+string(e.Data))
		}
	}
	if len(said) != 3 || !strings.HasPrefix(said[0], "verify_ok") || !strings.Contains(said[1], id) || !strings.Contains(said[1], "bonds[0]") || !strings.HasPrefix(said[2], "verify_ok") {
		t.Errorf("the feed says\n%s", strings.Join(said, "\n"))
	}
}
