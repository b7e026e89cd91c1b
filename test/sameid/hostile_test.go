package sameid

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// someone is an account, or a contract, that nobody has.
func someone(n byte, isContract bool) escrow.Address {
	return escrow.Address(stellar.Address{Contract: isContract, Key: [32]byte{31: n}}.String())
}

// goodTerms are terms with something in each field.
func goodTerms() escrow.Terms {
	return escrow.Terms{
		AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{someone(6, false)}, Quorum: 1}, ArbitrationFee: amount.Int(300), Asset: someone(9, true),
		Bond: amount.Int(1000), Buyer: someone(1, false), FallbackPpm: 500_000, FeeBps: 50, FundBy: 1_800_000_000, Inspection: 86_400,
		Milestones: []escrow.Milestone{
			{Amount: amount.Int(10_000), DeliverBy: 1_800_100_000, Description: escrow.Hash{1}},
			{Amount: amount.Int(20_000), DeliverBy: 1_800_200_000, Description: escrow.Hash{2}},
		},
		Panel: escrow.Panel{Arbitrators: []escrow.Address{someone(3, false), someone(4, true), someone(5, false)}, Quorum: 2},
		Salt:  escrow.Hash{7}, Seller: someone(2, false), TermsHash: escrow.Hash{8}, Windows: escrow.Windows{Appeal: 3600, Offers: 7200, Ruling: 10_800},
	}
}

// encoding is bytes that somebody may call terms.
type encoding struct {
	name  string
	raw   []byte
	terms bool // are they?
}

// Where a field stands in the map of terms.
const (
	arbitrationFee = 1
	asset          = 2
	bond           = 3
	buyer          = 4
	feeBps         = 6
	fundBy         = 7
	milestones     = 9
	panel          = 10
	salt           = 11
)

// hostile lists ways to write terms, or what could be taken for them: docs/contract-attacks.md E14.
func hostile(t testing.TB) (all []encoding) {
	t.Helper()
	written := func(terms escrow.Terms, change func(fields *[]xdr.ScMapEntry)) []byte {
		v, err := stellar.EncodeTerms(terms)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change((*[]xdr.ScMapEntry)(*v.Map))
		}
		raw, err := v.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	are := func(name string, change func(*escrow.Terms)) {
		terms := goodTerms()
		change(&terms)
		all = append(all, encoding{name, written(terms, nil), true})
	}
	none := func(name string, change func(f *[]xdr.ScMapEntry)) {
		all = append(all, encoding{name, written(goodTerms(), change), false})
	}
	value := func(name string, field int, v xdr.ScVal) {
		none(name, func(f *[]xdr.ScMapEntry) { (*f)[field].Val = v })
	}
	good := written(goodTerms(), nil)
	bytesAre := func(name string, raw []byte) {
		if bytes.Equal(raw, good) {
			t.Fatalf("%s: nothing is changed", name)
		}
		all = append(all, encoding{name, raw, false})
	}

	are("terms", func(*escrow.Terms) {})
	are("nobody but the two", func(t *escrow.Terms) {
		t.Panel, t.AppealPanel = escrow.Panel{Arbitrators: []escrow.Address{}}, escrow.Panel{Arbitrators: []escrow.Address{}}
	})
	// What follows `open` refuses, each with its code, which is another matter: they are terms.
	are("no milestones", func(t *escrow.Terms) { t.Milestones = []escrow.Milestone{} })
	are("20 milestones", func(t *escrow.Terms) { t.Milestones = slices.Repeat(t.Milestones, 10) })
	are("21 milestones", func(t *escrow.Terms) { t.Milestones = append(slices.Repeat(t.Milestones, 10), t.Milestones[0]) })
	are("9 arbitrators", func(t *escrow.Terms) { t.Panel.Arbitrators = slices.Repeat(t.Panel.Arbitrators, 3) })
	are("one address in all roles", func(t *escrow.Terms) { t.Seller, t.Asset = t.Buyer, t.Buyer })
	for _, x := range []amount.Int128{
		amount.Int(0), amount.Int(-1), amount.FromParts(0, 1<<55-1), amount.FromParts(0, 1<<55), amount.FromParts(0, 1<<63), amount.FromParts(1, 0),
		amount.FromParts(1<<63-1, 1<<64-1), amount.FromParts(-1<<63, 0),
	} {
		are("a bond of "+x.Units(), func(t *escrow.Terms) { t.Bond = x }) // the host holds 56 bits in one form and more in another; XDR has one
	}
	for _, x := range []uint64{0, 1<<53 + 1, 1<<56 - 1, 1 << 56, 1<<64 - 1} {
		are("a time with other bits", func(t *escrow.Terms) { t.FundBy = x })
	}

	none("an extra field at the end", func(f *[]xdr.ScMapEntry) { *f = append(*f, xdr.ScMapEntry{Key: symbol("zz"), Val: u32(1)}) })
	none("an extra field at the front", func(f *[]xdr.ScMapEntry) { *f = slices.Insert(*f, 0, xdr.ScMapEntry{Key: symbol("a"), Val: u32(1)}) })
	none("an extra field without a name", func(f *[]xdr.ScMapEntry) { *f = slices.Insert(*f, 0, xdr.ScMapEntry{Key: symbol(""), Val: u32(1)}) })
	none("a missing field", func(f *[]xdr.ScMapEntry) { *f = slices.Delete(*f, bond, bond+1) })
	none("the last field missing", func(f *[]xdr.ScMapEntry) { *f = (*f)[:14] })
	none("no field at all", func(f *[]xdr.ScMapEntry) { *f = nil })
	none("a double field", func(f *[]xdr.ScMapEntry) { *f = slices.Insert(*f, bond, (*f)[bond]) })
	none("a double field for another", func(f *[]xdr.ScMapEntry) { (*f)[buyer] = (*f)[bond] })
	none("two fields exchanged", func(f *[]xdr.ScMapEntry) { (*f)[bond], (*f)[buyer] = (*f)[buyer], (*f)[bond] })
	none("all fields backwards", func(f *[]xdr.ScMapEntry) { slices.Reverse(*f) })
	none("a field by another name", func(f *[]xdr.ScMapEntry) { (*f)[salt].Key = symbol("saltx") })
	none("a name in capitals", func(f *[]xdr.ScMapEntry) { (*f)[bond].Key = symbol("Bond") })
	none("a name that is a string", func(f *[]xdr.ScMapEntry) {
		name := xdr.ScString("bond")
		(*f)[bond].Key = xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &name}
	})
	none("a name that is no symbol", func(f *[]xdr.ScMapEntry) { (*f)[bond].Key = symbol("bo d") })

	thousand, hi := xdr.Uint64(1000), xdr.Int64(1000)
	value("an i128 as u64", bond, xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &thousand})
	value("an i128 as i64", bond, xdr.ScVal{Type: xdr.ScValTypeScvI64, I64: &hi})
	value("an i128 as u128", bond, xdr.ScVal{Type: xdr.ScValTypeScvU128, U128: &xdr.UInt128Parts{Lo: thousand}})
	value("an i128 as i256", bond, xdr.ScVal{Type: xdr.ScValTypeScvI256, I256: &xdr.Int256Parts{LoLo: thousand}})
	value("an i128 as u32", bond, u32(1000))
	value("a u64 as a time point", fundBy, xdr.ScVal{Type: xdr.ScValTypeScvTimepoint, Timepoint: (*xdr.TimePoint)(&thousand)})
	value("a u64 as a duration", fundBy, xdr.ScVal{Type: xdr.ScValTypeScvDuration, Duration: (*xdr.Duration)(&thousand)})
	value("a u64 as u32", fundBy, u32(1000))
	value("a u32 as u64", feeBps, xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &thousand})
	value("nothing", bond, xdr.ScVal{Type: xdr.ScValTypeScvVoid})
	value("a muxed buyer", buyer, muxed(7))
	value("a muxed buyer with the number 0", buyer, muxed(0))
	value("a claimable balance as the buyer", buyer, claimable())
	value("a pool as the asset", asset, pool())
	value("the buyer's key as bytes", buyer, bytesOf(32))
	value("a salt of 31 bytes", salt, bytesOf(31))
	value("a salt of 33 bytes", salt, bytesOf(33))
	value("a salt of none", salt, bytesOf(0))
	text := xdr.ScString(make([]byte, 32))
	value("a salt that is a string", salt, xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &text})
	var noVec *xdr.ScVec
	value("milestones that are no list", milestones, xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &noVec})
	value("milestones that are a number", milestones, u32(1))
	value("a milestone that is a number", milestones, list(u32(1)))
	value("a panel that is a list", panel, list(u32(1)))
	inMilestone := func(name string, change func(m *[]xdr.ScMapEntry)) {
		none(name, func(f *[]xdr.ScMapEntry) { change((*[]xdr.ScMapEntry)(*(**(*f)[milestones].Val.Vec)[1].Map)) })
	}
	inMilestone("an extra field in a milestone", func(m *[]xdr.ScMapEntry) { *m = append(*m, xdr.ScMapEntry{Key: symbol("late"), Val: u32(1)}) })
	inMilestone("a missing field in a milestone", func(m *[]xdr.ScMapEntry) { *m = (*m)[:2] })
	inMilestone("an amount as u64 in a milestone", func(m *[]xdr.ScMapEntry) { (*m)[0].Val = xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &thousand} })
	inPanel := func(name string, change func(p *[]xdr.ScMapEntry)) {
		none(name, func(f *[]xdr.ScMapEntry) { change((*[]xdr.ScMapEntry)(*(*f)[panel].Val.Map)) })
	}
	inPanel("an extra field in a panel", func(p *[]xdr.ScMapEntry) { *p = append(*p, xdr.ScMapEntry{Key: symbol("quorum2"), Val: u32(1)}) })
	inPanel("a muxed arbitrator", func(p *[]xdr.ScMapEntry) { (**(*p)[0].Val.Vec)[1] = muxed(7) })
	inPanel("an arbitrator who is a number", func(p *[]xdr.ScMapEntry) { (**(*p)[0].Val.Vec)[1] = u32(1) })

	bytesAre("no bytes", nil)
	bytesAre("a word too many", append(slices.Clone(good), 0, 0, 0, 0))
	bytesAre("a byte too many", append(slices.Clone(good), 0))
	bytesAre("the terms twice", slices.Concat(good, good))
	bytesAre("a word too few", good[:len(good)-4])
	bytesAre("half", good[:len(good)/2])
	at := bytes.Index(good, []byte("bond")) - 4
	bytesAre("a name with a zero behind it", slices.Concat(good[:at], []byte{0, 0, 0, 5}, []byte("bond\x00\x00\x00\x00"), good[at+8:]))
	at = bytes.Index(good, []byte("asset")) + 5
	bytesAre("padding that is not zero", slices.Concat(good[:at], []byte{1}, good[at+1:]))
	bytesAre("a list that is there twice over", slices.Concat(good[:4], []byte{0, 0, 0, 2}, good[8:]))
	bytesAre("more fields than there are", slices.Concat(good[:8], []byte{0, 0, 0, 16}, good[12:]))
	bytesAre("four billion fields", slices.Concat(good[:8], []byte{255, 255, 255, 255}, good[12:]))
	bytesAre("a type that is none", slices.Concat([]byte{0, 0, 0, 99}, good[4:]))
	bytesAre("lists in lists in lists", bytes.Repeat([]byte{0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1}, 10_000))
	bytesAre("maps in maps in maps", bytes.Repeat([]byte{0, 0, 0, 17, 0, 0, 0, 1, 0, 0, 0, 1}, 10_000))
	return all
}

func bytesOf(n int) xdr.ScVal {
	b := xdr.ScBytes(make([]byte, n))
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &b}
}

func list(items ...xdr.ScVal) xdr.ScVal {
	v := xdr.ScVec(items)
	p := &v
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &p}
}

// TestHostileEncodings: each of the ways is taken for terms by all three or by none, as the list says.
func TestHostileEncodings(t *testing.T) {
	all := readers(t)
	for _, c := range hostile(t) {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(4) {
				if taken := alike(t, all, somewhere(t, &choices{left: plan(seed)}, c.raw)); taken != c.terms {
					t.Errorf("they take it for terms: %v, want %v", taken, c.terms)
				}
			}
		})
	}
}
