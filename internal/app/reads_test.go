package app

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

func openStore(t *testing.T) *sqlite.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "platform.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Whoever reads a trade's events page by page gets to the last, however many of a newer contract stand between.
func TestEventsBehindUnreadOnes(t *testing.T) {
	db := openStore(t)
	contract, id := stellar.Address{Contract: true, Key: [32]byte{1}}, escrow.ID{2}
	if err := db.Follow(t.Context(), contract.String(), 5); err != nil {
		t.Fatal(err)
	}
	encoded, err := stellar.EncodeEvent(contract, stellar.Event{Trade: &id, Event: escrow.Cancelled{}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := encoded.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := store.Batch{Moves: []store.Move{{Contract: contract.String(), From: store.EndOfLedger(4), To: store.EndOfLedger(5), At: 50}}}
	var want []string
	for n := range 12 {
		e := store.Event{
			ID: store.EventID(fmt.Sprintf("%019d-%010d", int64(5)<<32, n)), Contract: contract.String(), ClosedAt: 50, Kind: "cancelled", Trade: (*store.Hash)(&id), Body: body,
		}
		if n%6 != 0 {
			e.Body, e.Unread = []byte("of a newer contract"), "of a newer contract"
		} else {
			want = append(want, string(e.ID))
		}
		b.Events = append(b.Events, e)
	}
	if err := db.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	const limit = 1
	var got []string
	for after := ""; ; {
		page, err := reads{db}.Events(t.Context(), id, after, limit+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page[:min(limit, len(page))] {
			got = append(got, e.ID)
			after = e.ID
		}
		if len(page) <= limit {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read by pages: %v, want %v", got, want)
	}
}

// What was prepared is kept as it was first, and not for ever: nobody has to sign what anybody can have prepared.
func TestPreparedTransactionsAreForgotten(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	kept := prepared{openStore(t), func() time.Time { return now }}
	put := func(sequence int64) api.Transaction {
		t.Helper()
		end := uint64(now.Add(10 * time.Minute).Unix())
		tx, err := stellar.CreateAsset(stellar.Envelope{Source: stellar.Address{Key: [32]byte{1}}, Sequence: sequence, NotAfter: end, InclusionFee: stellar.MinInclusionFee}, xdr.MustNewNativeAsset())
		if err != nil {
			t.Fatal(err)
		}
		text, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		network, err := stellar.NewNetwork("A network for tests")
		if err != nil {
			t.Fatal(err)
		}
		out := api.Transaction{Hash: tx.Hash(network).String(), Action: "fund", Source: "G", Envelope: text, PreparedAt: uint64(now.Unix()), ValidUntil: end}
		if err := kept.Put(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	known := func(tx api.Transaction) bool {
		t.Helper()
		got, ok, err := kept.Get(t.Context(), tx.Hash)
		if err != nil || ok && got != tx {
			t.Fatalf("%+v, %v", got, err)
		}
		return ok
	}
	first := put(1)
	again := first
	again.Action = "release"
	if err := kept.Put(t.Context(), again); err != nil || !known(first) {
		t.Errorf("the same hash again: %v, and the first is kept: %v", err, known(first))
	}
	now = now.Add(keptPastEnd)
	second := put(2)
	if !known(first) || !known(second) {
		t.Errorf("a day after it was prepared it is known: %v; the newest: %v", known(first), known(second))
	}
	now = now.Add(11 * time.Minute)
	third := put(3)
	if known(first) || !known(second) || !known(third) {
		t.Errorf("a day after its end the first is known: %v; the others: %v, %v", known(first), known(second), known(third))
	}
}
