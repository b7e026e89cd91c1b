package indexer

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// node is a network and its RPC, as the indexer meets one. The contract that is followed is that of XLM: it announces each payment and
// each fee, events that no escrow contract has.
type node struct {
	*localnet.Network
	client *rpc.Client
	xlm    stellar.Address
	url    string
}

func newNode(t *testing.T, passphrase string) node {
	t.Helper()
	net := localnettest.Open(t, localnet.Options{Passphrase: passphrase})
	url := localnettest.Serve(t, net).URL
	id, err := xdr.MustNewNativeAsset().ContractID(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return node{net, rpctest.Client(t, url, passphrase, nil), stellar.Address{Contract: true, Key: id}, url}
}

// fund makes a new account, and returns the number of the newest ledger then.
func (n node) fund(t *testing.T) uint32 {
	t.Helper()
	localnettest.FundedKey(t, n.Network)
	latest, _, err := n.client.LatestHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return latest.Sequence
}

func (n node) indexer(t *testing.T, path string) (*Indexer, *sqlite.Store) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	kept, err := n.client.Range(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(Config{
		Network: n.client.Network(), Contracts: []Contract{{n.xlm, kept.Oldest.Sequence}}, Source: n.client, Store: s, Bus: feed.NewBus(0), Now: time.Now, Poll: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return x, s
}

// run follows until ledger n is there, and stops.
func run(t *testing.T, x *Indexer, n uint32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- x.Run(ctx) }()
	if _, err := x.WaitLedger(ctx, n); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestARealNodeIsFollowed(t *testing.T) {
	const passphrase = "Real node of the tests ; 2026"
	n := newNode(t, passphrase)
	path := filepath.Join(t.TempDir(), "store.db")
	payments := 2 // of the network's beginning
	for range 3 { // a process each
		x, s := n.indexer(t, path)
		last := n.fund(t)
		payments++
		if _, err := n.Advance(20 * time.Hour); err != nil { // 14,400 ledgers in which nothing happens, more than a node scans at once
			t.Fatal(err)
		}
		latest, _, err := n.client.LatestHash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(t, x, latest.Sequence)
		status := x.Status()
		if status.State != Following || status.Ledger < latest.Sequence || status.LedgerAt < latest.CloseTime || status.Lag() != 0 || latest.Sequence <= last {
			t.Errorf("after ledger %d: %+v", latest.Sequence, status)
		}
		events, err := s.Events(t.Context(), store.EventFilter{Kind: "transfer", Page: store.Page{Limit: 10}})
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != payments || status.Unread < payments {
			t.Fatalf("%d payments are stored, %d were made; %d events had no effect", len(events), payments, status.Unread)
		}
		if e := events[payments-1]; e.ID.Ledger() != last || e.Contract != n.xlm.String() || e.Unread == "" {
			t.Errorf("the last payment, of ledger %d: %+v", last, e)
		}
	}

	// Another network of the same name, as after a reset: its ledgers have other hashes. And one of another name.
	for says, other := range map[string]string{"was reset": passphrase, "another network": "Not that node ; 2026"} {
		m := newNode(t, other)
		if _, err := m.Advance(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		x, _ := n.indexer(t, path)
		x.config.Source = m.client
		if says == "another network" {
			wrong, err := rpc.New(rpc.Config{URL: m.url, Network: n.client.Network()})
			if err != nil {
				t.Fatal(err)
			}
			x.config.Source = wrong
		}
		if err := x.Run(t.Context()); !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want ErrStopped", says, err)
		}
	}
}
