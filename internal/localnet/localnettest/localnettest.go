package localnettest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
)

// Compiled is the contract host, compiled once for each test binary and kept for the next one in the user's cache: two seconds the
// first time, a tenth afterwards. It is never closed. Where there is a test, Machine says the same shorter.
var Compiled = sync.OnceValues(func() (*host.Machine, error) {
	dir, _ := host.CacheDir() // without one it is compiled each time
	return host.Compile(context.Background(), host.Options{CacheDir: dir})
})

// Machine is Compiled for a test, which ends without it.
func Machine(t testing.TB) *host.Machine {
	t.Helper()
	m, err := Compiled()
	if err != nil {
		t.Fatalf("compile the contract host: %v", err)
	}
	return m
}

// Log is for Options.Log: what goes wrong inside a network is with the output of a test that fails. A client sees only that its
// transaction did, or waits in vain.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Open starts a network on Machine that ends with the test, and logs to Log if o says nothing else.
func Open(t testing.TB, o localnet.Options) *localnet.Network {
	t.Helper()
	o.Machine = Machine(t)
	if o.Log == nil {
		o.Log = Log(t)
	}
	n, err := localnet.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close the local network: %v", err)
		}
	})
	return n
}

// Serve opens a network's door: its RPC and friendbot at the server's URL, until the test ends.
func Serve(t testing.TB, n *localnet.Network) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(n.Handler())
	t.Cleanup(s.Close)
	return s
}

// FundedKey is the key of a new account with what friendbot gives.
func FundedKey(t testing.TB, n *localnet.Network) *keypair.Full {
	t.Helper()
	k, err := keypair.Random()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Fund(t.Context(), k.Address()); err != nil {
		t.Fatal(err)
	}
	return k
}
