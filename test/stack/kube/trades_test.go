//go:build linux

package kube_test

import (
	"bytes"
	"encoding/json"
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
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil || len(list.Items) != 4 {
		t.Errorf("the door lists %d trades, %v", len(list.Items), err)
	}
}
