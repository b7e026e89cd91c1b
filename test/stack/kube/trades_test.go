//go:build linux

package kube_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

const (
	outsideAddress = "203.0.113.10" // of the outside's own host
	pagerAddress   = "203.0.113.20"
)

// trades plays the demo's four stories; each balance is counted.
func (s *stack) trades(t *testing.T) {
	var out bytes.Buffer
	err := s.outside.Play(t.Context(), "https://"+outside.Site+"/v1", &out)
	if err != nil || !strings.Contains(out.String(), "4 stories played; every balance adds up to the stroop.") {
		for _, part := range []string{"api", "indexer"} {
			t.Logf("%s\n%s", part, s.node.kubectl(t, "", "-n", space, "logs", "--prefix", "--tail=20", "-l", "app.kubernetes.io/name="+part))
		}
		t.Fatalf("%v\n%s", err, out.String())
	}
	res, err := s.outside.Client().Get("https://" + outside.Site + "/v1/trades")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct {
		Trades []struct {
			ID string `json:"id"`
		} `json:"trades"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Trades) != 4 {
		t.Errorf("the door lists %d trades, %v", len(list.Trades), err)
	}
}

// callers offers keys at the door, from an address outside. The api must see that address through the door, whatever the caller says of itself.
func (s *stack) callers(t *testing.T) {
	for _, c := range []struct {
		whose, forwarded string
		want             int
	}{
		{"shop", "", http.StatusOK},
		{"operator", "", http.StatusOK},
		{"operator", "192.0.2.7", http.StatusOK},
		{"stranger", "", http.StatusForbidden},
		{"stranger", "192.0.2.7", http.StatusForbidden},
		{"nobody", "", http.StatusUnauthorized},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+outside.Site+"/v1/trades", nil)
		if err != nil {
			t.Fatal(err)
		}
		key := s.secrets.keys[c.whose]
		if key == "" {
			key = s.secrets.keys["shop"] + "x"
		}
		req.Header.Set("Authorization", "Bearer "+key)
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		res, err := s.outside.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != c.want {
			t.Errorf("the key of %s, X-Forwarded-For %q: %s, want %d", c.whose, c.forwarded, res.Status, c.want)
		}
	}
}
