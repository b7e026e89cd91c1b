package rpctest

import (
	"net/http"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Client is a client of the node at url that expects the network with that passphrase there. wire carries its calls; nil stands for the usual one.
func Client(t testing.TB, url, passphrase string, wire http.RoundTripper) *rpc.Client {
	t.Helper()
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rpc.New(rpc.Config{URL: url, Network: network, HTTP: wire})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Account is the entry of an account (G…) as the ledger has it now.
func Account(t testing.TB, c *rpc.Client, address string) xdr.AccountEntry {
	t.Helper()
	var key xdr.LedgerKey
	if err := key.SetAccount(xdr.MustAddress(address)); err != nil {
		t.Fatal(err)
	}
	entries, _, err := c.Entries(t.Context(), key)
	if err != nil || len(entries) != 1 {
		t.Fatalf("account %s: %d entries, %v", address, len(entries), err)
	}
	return *entries[0].Data.Account
}
