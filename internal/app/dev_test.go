package app

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDevServesThePage: whoever opens the address in a browser gets the page with its headers and files, and its figures from the api under the same name.
func TestDevServesThePage(t *testing.T) {
	p := start(t, "dev", "--listen", "127.0.0.1:0", "--json")
	at := p.ready().Page
	fetch := func(path string) (*http.Response, string) {
		t.Helper()
		res, err := http.Get(at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res, string(must(io.ReadAll(res.Body)))
	}
	res, page := fetch("")
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "<h1>") || res.Header.Get("X-Frame-Options") != "DENY" {
		t.Fatalf("%s %v\n%s", res.Status, res.Header, page)
	}
	linked := regexp.MustCompile(`(?:href|src)="/([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(linked) < 8 {
		t.Errorf("the page has %d links", len(linked))
	}
	for _, m := range linked {
		if res, text := fetch(m[1]); res.StatusCode != http.StatusOK {
			t.Errorf("/%s: %s %s", m[1], res.Status, text)
		}
	}
	for path, want := range map[string]struct {
		status int
		kind   string
	}{
		"nothing": {http.StatusNotFound, "text/html; charset=utf-8"}, "v1/nothing": {http.StatusNotFound, "application/problem+json"}, "v1": {http.StatusNotFound, "application/problem+json"},
		"readyz": {http.StatusOK, "application/json"}, "index.json": {http.StatusOK, "application/json"},
	} {
		if res, text := fetch(path); res.StatusCode != want.status || res.Header.Get("Content-Type") != want.kind {
			t.Errorf("/%s: %s, %s, want %d, %s\n%s", path, res.Status, res.Header.Get("Content-Type"), want.status, want.kind, text)
		}
	}
	p.stop()
}

// TestTheReadmeShowsWhatDevPrints, but for the addresses of its contracts, which are another's each time.
func TestTheReadmeShowsWhatDevPrints(t *testing.T) {
	readme := string(must(os.ReadFile("../../README.md")))
	_, shown, ok := strings.Cut(readme, "```\nStellarEscrow is ready")
	shown, _, ok2 := strings.Cut(shown, "  …\n```")
	if !ok || !ok2 {
		t.Fatal("the README does not show what dev prints")
	}
	shown = "StellarEscrow is ready" + shown
	contracts := regexp.MustCompile(`\bC[A-Z2-7]{55}\b`).FindAllString(shown, -1)
	if len(contracts) != 2 {
		t.Fatalf("%d contracts are shown", len(contracts))
	}
	base := "http://127.0.0.1:4000"
	r := devReady{
		Page: base + "/", API: base + "/v1", RPC: base + "/rpc", Friendbot: base + "/friendbot", Advance: base + "/advance", Passphrase: "StellarEscrow Local Network ; 2026",
		Contract: contracts[0], USDC: asset{Contract: contracts[1]},
	}
	var out bytes.Buffer
	if err := (&devConfig{}).announce(&out, r); err != nil {
		t.Fatal(err)
	}
	if printed, _, _ := strings.Cut(out.String(), "\nTry it:"); printed != shown {
		t.Errorf("the README shows\n%s\ndev prints\n%s", shown, printed)
	}
}
