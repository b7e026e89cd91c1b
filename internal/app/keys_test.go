package app

import (
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// Keys are read from the mounted files, again when they change, and what is refused is counted on the port for Prometheus and nowhere else.
func TestTheApiKnowsCallersByTheirKeys(t *testing.T) {
	p := ownPlatform(t)
	secrets := secretsFolder(t, file(t))
	key, line, err := keys.New(keys.API, "beta", nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	acme := string(must(os.ReadFile(filepath.Join(secrets, "API_KEYS"))))
	write := func(text string) {
		path := filepath.Join(secrets, "API_KEYS")
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(acme + line + "\n")
	s := startServers(t, p, p.ready.RPC, secrets)
	status := func(key string) int {
		r, err := ask(t.Context(), s.apiURL+"/platform", "Authorization", "Bearer "+key)
		if err != nil {
			t.Fatal(err)
		}
		return r.status
	}
	if got := status(key.Reveal()); got != http.StatusOK {
		t.Errorf("a known key: %d", got)
	}
	if got := status(key.Reveal() + "x"); got != http.StatusUnauthorized {
		t.Errorf("another: %d", got)
	}
	write(acme)
	if got := status(key.Reveal()); got != http.StatusUnauthorized {
		t.Errorf("a key whose line was taken out: %d", got)
	}
	write(key.Reveal()) // the key itself in the place of its hash
	if got := status(key.Reveal()); got != http.StatusUnauthorized {
		t.Errorf("a key that stands in a malformed file: %d", got)
	}

	res, err := http.Get(s.metricsURL)
	if err != nil {
		t.Fatal(err)
	}
	text := string(must(io.ReadAll(res.Body)))
	res.Body.Close()
	for _, want := range []string{
		`stellar_escrow_key_requests_total{key="beta",kind="api"} 1`, `stellar_escrow_auth_failures_total{reason="unknown"} 3`, `stellar_escrow_secret_unfit{variable="API_KEYS_FILE"} 1`,
		`stellar_escrow_secret_unfit{variable="ADMIN_KEYS_FILE"} 0`, `stellar_escrow_http_requests_total{caller="api",method="GET",route="/v1/platform",status="2xx"} 1`,
		`stellar_escrow_relay_calls_total{call="latest-ledger",outcome="ok"}`, "stellar_escrow_http_requests_in_flight", "process_open_fds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not among\n%s", want, text)
		}
	}
	if strings.Contains(text, key.Reveal()) {
		t.Error("a key shows in the metrics")
	}
	page := string(must(os.ReadFile("../../docs/operations/api.md")))
	for _, name := range regexp.MustCompile(`(?m)^# HELP stellar_escrow_(\w+) `).FindAllStringSubmatch(text, -1) {
		if !regexp.MustCompile("`" + name[1] + "[`{]").MatchString(page) {
			t.Errorf("docs/operations/api.md says nothing of %s", name[1])
		}
	}
	for _, url := range []string{strings.TrimSuffix(s.apiURL, "/v1") + "/metrics", strings.TrimSuffix(s.metricsURL, "/metrics") + "/v1/trades"} {
		if r, err := ask(t.Context(), url); err != nil || r.status != http.StatusNotFound {
			t.Errorf("%s: %+v, %v", url, r, err)
		}
	}
	s.api.stop()
	s.indexer.stop()
	if said := s.api.stderr.String(); strings.Contains(said, key.Reveal()) {
		t.Errorf("a key shows:\n%s", said)
	}
}
