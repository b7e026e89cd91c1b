package localnet_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
)

// machine is compiled once for all tests of the package.
var machine = sync.OnceValues(func() (*host.Machine, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return host.Compile(context.Background(), host.Options{CacheDir: filepath.Join(dir, "stellarescrow-test-host")})
})

// open starts a network that ends with the test.
func open(t *testing.T, o localnet.Options) *localnet.Network {
	t.Helper()
	m, err := machine()
	if err != nil {
		t.Fatal(err)
	}
	o.Machine = m
	n, err := localnet.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// serve puts a network on a free port of 127.0.0.1, with the SDK's client for it.
func serve(t *testing.T, n *localnet.Network) (url string, client *rpcclient.Client) {
	t.Helper()
	s := httptest.NewServer(n.Handler())
	t.Cleanup(s.Close)
	c := rpcclient.NewClient(s.URL, s.Client())
	t.Cleanup(func() { _ = c.Close() })
	return s.URL, c
}
