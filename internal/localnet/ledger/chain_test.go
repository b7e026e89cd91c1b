package ledger

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// A ledger of a run is what closing it by itself would have given, wherever in the run it is.
func TestRunsAreRealLedgers(t *testing.T) {
	c, err := Open(t.Context(), "", testID)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Append(emptyLedger(c.Last(), 1_790_000_000)); err != nil {
		t.Fatal(err)
	}
	want := []Closed{c.Last()}
	const n = 2*stepLedgers + 5
	for range n {
		last := want[len(want)-1]
		want = append(want, Seal(Next(last, TxSet(last.Hash, nil, nil), last.CloseTime()+CloseSeconds), nil, nil))
	}
	for _, part := range []uint32{1, 1, stepLedgers - 3, stepLedgers + 6} {
		if err := c.AppendEmpty(part); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Last(); got.Hash != want[n].Hash || got.Sequence() != want[n].Sequence() || got.CloseTime() != want[n].CloseTime() {
		t.Fatalf("the last: got %d %x at %d, want %d %x at %d", got.Sequence(), got.Hash, got.CloseTime(), want[n].Sequence(), want[n].Hash, want[n].CloseTime())
	}
	for _, i := range []int{1, 2, 3, stepLedgers - 1, stepLedgers, stepLedgers + 1, n - 1, n} {
		seq := want[i].Sequence()
		meta, ok, err := c.Ledger(seq)
		if err != nil || !ok || meta.LedgerHash() != want[i].Hash {
			t.Errorf("ledger %d: got %x %v %v, want %x", seq, meta.LedgerHash(), ok, err, want[i].Hash)
		}
	}
	if _, ok, err := c.Ledger(want[n].Sequence() + 1); ok || err != nil {
		t.Errorf("a ledger of the future: got %v %v", ok, err)
	}
	if _, ok, err := c.Ledger(1); ok || err != nil {
		t.Errorf("ledger 1: got %v %v", ok, err)
	}
}

func BenchmarkEmptyLedgers(b *testing.B) {
	first, _ := Genesis(testID.Passphrase, 27)
	r := newRun(first, CloseSeconds, 0)
	b.ReportAllocs()
	for b.Loop() {
		r.following(first.Hash, 1000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/ledger")
}

// A snapshot sees what was there when it was taken, and nothing is kept for longer than some snapshot needs it.
func TestSnapshots(t *testing.T) {
	s := NewState()
	put := func(v string) { s.Apply(map[Key][]byte{"k": []byte(v)}) }
	see := func(sn *Snapshot) string {
		raw, ok := sn.Get("k")
		if !ok {
			return "-"
		}
		return string(raw)
	}
	none := s.Snapshot()
	put("a")
	a := s.Snapshot()
	put("b")
	put("c")
	c := s.Snapshot()
	s.Apply(map[Key][]byte{"k": nil})
	gone := s.Snapshot()
	put("d")
	for _, x := range []struct {
		sn   *Snapshot
		want string
	}{{none, "-"}, {a, "a"}, {c, "c"}, {gone, "-"}} {
		if got := see(x.sn); got != x.want {
			t.Errorf("got %s, want %s", got, x.want)
		}
		x.sn.Close()
		x.sn.Close() // twice does no harm
	}
	s.Apply(map[Key][]byte{"k": nil})
	if n := len(s.entries); n != 0 {
		t.Errorf("%d removed entries are still kept", n)
	}
}

// Keys tell what they are keys of without being decoded.
func TestKeys(t *testing.T) {
	contract := xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeContract, ContractId: &xdr.ContractId{1}}
	n := xdr.Uint32(5)
	val := xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &n}
	data := func(d xdr.ContractDataDurability) xdr.LedgerKey {
		return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{Contract: contract, Key: val, Durability: d}}
	}
	for _, c := range []struct {
		name     string
		key      xdr.LedgerKey
		ttl, tmp bool
	}{
		{"account", xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress("GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF")}}, false, false},
		{"persistent", data(xdr.ContractDataDurabilityPersistent), true, false},
		{"temporary", data(xdr.ContractDataDurabilityTemporary), true, true},
		{"code", xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractCode, ContractCode: &xdr.LedgerKeyContractCode{}}, true, false},
	} {
		k := KeyOf(c.key)
		if k.HasTTL() != c.ttl || k.Temporary() != c.tmp || k.Type() != c.key.Type {
			t.Errorf("%s: type %v, lifetime %v, temporary %v", c.name, k.Type(), k.HasTTL(), k.Temporary())
		}
		if lk, err := k.LedgerKey(); err != nil || KeyOf(lk) != k {
			t.Errorf("%s: decoded to another key: %v", c.name, err)
		}
	}
}
