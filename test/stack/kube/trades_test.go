//go:build linux

package kube_test

import "testing"

const (
	outsideAddress = "203.0.113.10" // of the outside's own host
	pagerAddress   = "203.0.113.20"
)

// trades plays the demo's four stories.
func (s *stack) trades(t *testing.T) {
	defer func() {
		if !t.Failed() {
			return
		}
		for _, part := range []string{"api", "indexer"} {
			t.Logf("%s\n%s", part, s.node.kubectl(t, "", "-n", space, "logs", "--prefix", "--tail=20", "-l", "app.kubernetes.io/name="+part))
		}
	}()
	s.outside.Trades(t)
}

// callers offers keys at the door.
func (s *stack) callers(t *testing.T) { s.outside.Callers(t, s.secrets.keys) }
