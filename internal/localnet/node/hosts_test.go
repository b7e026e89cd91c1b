package node

import (
	"context"
	"errors"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
)

// One after the other, simulations have the same host; at once, they have as many as there may be, and one more waits.
func TestHostsAreTakenAgain(t *testing.T) {
	cache, _ := host.CacheDir() // without one the host is compiled
	n, err := Open(t.Context(), Options{CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	view := n.chain.View()
	defer view.Close()
	made := len(n.hosts.all) // the one that applies
	for range 3 {
		h, err := n.hosts.take(t.Context(), view)
		if err != nil {
			t.Fatal(err)
		}
		n.hosts.give(h)
	}
	if more := len(n.hosts.all) - made; more != 1 {
		t.Errorf("%d hosts were made for one caller after the other, want 1", more)
	}
	var lent []*lentHost
	for range maxHosts {
		h, err := n.hosts.take(t.Context(), view)
		if err != nil {
			t.Fatal(err)
		}
		lent = append(lent, h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.hosts.take(ctx, view); !errors.Is(err, context.Canceled) {
		t.Errorf("one more than there may be: %v, want %v", err, context.Canceled)
	}
	for _, h := range lent {
		n.hosts.give(h)
	}
	if h, err := n.hosts.take(t.Context(), view); err != nil || h != lent[len(lent)-1] {
		t.Errorf("the host that was given back last is not the next: %v", err)
	} else {
		n.hosts.give(h)
	}
	if more := len(n.hosts.all) - made; more != maxHosts {
		t.Errorf("%d hosts were made for %d callers", more, maxHosts)
	}
}
