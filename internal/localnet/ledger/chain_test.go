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

// What a ledger has replaced or removed goes when the next one is applied, though each is applied on a snapshot of the state before it, and nothing keeps
// more memory than it is long. While a snapshot is open, it sees all that it saw.
func TestReplacedEntriesGo(t *testing.T) {
	s := NewState()
	apply := func(changes map[Key][]byte) {
		before := s.Snapshot()
		defer before.Close()
		s.Apply(changes)
	}
	long := append(make([]byte, 0, 4096), "long lived"...)
	apply(map[Key][]byte{"stays": long, "changes": long, "goes": long, "comes again": long})
	held := s.Snapshot()
	for i := range 5 {
		apply(map[Key][]byte{"changes": append(make([]byte, 0, 4096), byte(i))})
	}
	apply(map[Key][]byte{"goes": nil, "comes again": nil, "never was": nil})
	apply(map[Key][]byte{"comes again": long})
	for _, k := range []Key{"stays", "changes", "goes", "comes again"} {
		if e, ok := held.Get(k); !ok || string(e) != string(long) {
			t.Errorf("%s: the snapshot has %q, want %q", k, e, long)
		}
	}
	held.Close()
	apply(map[Key][]byte{"another": []byte("x")})
	apply(map[Key][]byte{"one more": []byte("x")})
	want := map[Key]string{"stays": "long lived", "changes": "\x04", "comes again": "long lived", "another": "x", "one more": "x"}
	for k, versions := range s.entries {
		if e := versions[len(versions)-1].entry; len(versions) != 1 || cap(versions) != 1 || string(e) != want[k] || cap(e) > len(e)+16 {
			t.Errorf("%s: %d versions in the room of %d, the last %q in the room of %d; want one, %q", k, len(versions), cap(versions), e, cap(e), want[k])
		}
	}
	if len(s.entries) != len(want) {
		t.Errorf("%d entries are kept, want %d", len(s.entries), len(want))
	}
	if n := len(s.replaced); n != 1 { // what the last one has changed
		t.Errorf("%d changes are still looked at, want 1", n)
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
