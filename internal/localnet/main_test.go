package localnet_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
)

// open starts a network that ends with the test.
func open(t *testing.T, o localnet.Options) *localnet.Network {
	t.Helper()
	return localnettest.Open(t, o)
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
