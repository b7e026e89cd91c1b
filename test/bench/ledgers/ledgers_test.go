package ledgers_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/test/bench/ledgers"
)

func make_(t *testing.T, folder string, p ledgers.Plan) ledgers.Set {
	t.Helper()
	began := time.Now()
	s, err := ledgers.Make(t.Context(), folder, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v in %v", s, time.Since(began))
	return s
}

// The ledgers are what they say they are: verified, one chain, decoded whole, and their events those of five a trade.
func TestMake(t *testing.T) {
	s := make_(t, t.TempDir(), ledgers.Plan{Seed: 1, Trades: 1000, Contracts: 2})
	network, err := s.Network()
	if err != nil {
		t.Fatal(err)
	}
	f, err := files.Open(network, os.DirFS(s.Folder), source.NewChain())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var contracts []stellar.Address
	for _, c := range s.Contracts {
		a, err := stellar.ParseAddress(c)
		if err != nil {
			t.Fatal(err)
		}
		contracts = append(contracts, a)
	}
	kinds, opened, n := map[string]int{}, map[string]int{}, 0
	from := rpc.From{Ledger: ledgers.First}
	for from.Cursor < string(store.EndOfLedger(s.Last)) {
		page, err := f.Events(t.Context(), from, contracts, 1000)
		if err == nil {
			err = source.CheckPage(page, from, contracts)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			event, err := stellar.DecodeEvent(e.Contract, e.Event)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if kinds[event.EventName()]++; event.EventName() == "opened" {
				opened[e.Contract.String()]++
			}
		}
		from.Cursor = page.Cursor
	}
	if n != s.Events || float64(n) < 4.9*1000 || float64(n) > 5.1*1000 {
		t.Errorf("%d events of 1000 trades; the set says %d", n, s.Events)
	}
	for _, c := range s.Contracts {
		if opened[c] != 500 {
			t.Errorf("contract %s has %d trades", c, opened[c])
		}
	}
	for _, kind := range []string{"cancelled", "disputed", "voted", "ruled", "settled", "split", "silent", "costs", "parked", "claimed", "refunded", "ended"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s among %v", kind, kinds)
		}
	}
	closed, _, err := f.Ledgers(t.Context(), 50, 1)
	if err != nil {
		t.Fatal(err)
	}
	var meta xdr.LedgerCloseMeta
	if err := xdr.SafeUnmarshalBase64(closed[0].Meta, &meta); err != nil {
		t.Fatal(err)
	}
	if again, err := xdr.MarshalBase64(meta); err != nil || again != closed[0].Meta {
		t.Errorf("ledger 50 is encoded otherwise by the SDK: %v", err)
	}
	if n := meta.CountTransactions(); n < 40 {
		t.Errorf("%d transactions in ledger 50", n)
	}
}

// A plan makes the same bytes each time, a half made set is made again, and one that is there is taken.
func TestMakeAgain(t *testing.T) {
	p := ledgers.Plan{Seed: 7, Trades: 60, Gap: 5}
	here, there := t.TempDir(), t.TempDir()
	a, b := make_(t, here, p), make_(t, there, p)
	layout := files.NewLayout(ledgers.Passphrase)
	file := func(s ledgers.Set, seq uint32) string {
		text, err := os.ReadFile(filepath.Join(s.Folder, layout.Path(seq)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for seq := uint32(ledgers.First); seq <= a.Last; seq++ {
		if file(a, seq) != file(b, seq) {
			t.Fatalf("ledger %d differs", seq)
		}
	}
	if a.Events != b.Events || a.Last != b.Last || a.Events == 0 {
		t.Errorf("%+v, %+v", a, b)
	}
	path := filepath.Join(a.Folder, layout.Path(a.Last))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	make_(t, here, p)
	if _, err := os.Stat(path); err == nil {
		t.Error("a set that was whole was made again")
	}
	if err := os.Remove(filepath.Join(filepath.Dir(a.Folder), "set.json")); err != nil {
		t.Fatal(err)
	}
	make_(t, here, p)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("half a set was taken for a whole one: %v", err)
	}
	if other := make_(t, here, ledgers.Plan{Seed: 8, Trades: 60, Gap: 5}); other.Folder == a.Folder || file(other, 3) == file(b, 3) {
		t.Error("another seed makes the same ledgers")
	}
}
