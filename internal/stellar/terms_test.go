package stellar_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// goodTerms are terms that the contract would take, as far as it can be told without a ledger.
func goodTerms() escrow.Terms {
	address := func(n byte, isContract bool) escrow.Address {
		return escrow.Address(stellar.Address{Contract: isContract, Key: [32]byte{31: n}}.String())
	}
	return escrow.Terms{
		AppealPanel:    escrow.Panel{Arbitrators: []escrow.Address{address(6, false)}, Quorum: 1},
		ArbitrationFee: amount.Int(300),
		Asset:          address(9, true),
		Bond:           amount.Int(1000),
		Buyer:          address(1, false),
		FallbackPpm:    500_000,
		FeeBps:         50,
		FundBy:         1_800_000_000,
		Inspection:     86_400,
		Milestones: []escrow.Milestone{
			{Amount: amount.Int(10_000), DeliverBy: 1_800_100_000, Description: escrow.Hash{1}},
			{Amount: amount.Int(20_000), DeliverBy: 1_800_200_000, Description: escrow.Hash{2}},
		},
		Panel:     escrow.Panel{Arbitrators: []escrow.Address{address(3, false), address(4, true), address(5, false)}, Quorum: 2},
		Salt:      escrow.Hash{7},
		Seller:    address(2, false),
		TermsHash: escrow.Hash{8},
		Windows:   escrow.Windows{Appeal: 3600, Offers: 7200, Ruling: 10_800},
	}
}

// An id that moves would lose every trade. This one was computed once; that the contract computes the same is shown on the real host.
func TestTermsIDStays(t *testing.T) {
	const want = "92f98baa3d3c5e7ad89658e5ea50ec4da58a823247ad675c088c9f13f25c8f0b"
	id, err := stellar.TermsID(network, contract, goodTerms())
	if err != nil {
		t.Fatal(err)
	}
	if id.String() != want {
		t.Errorf("id is %s, was %s", id, want)
	}
}

// Equal terms under another network or contract, and terms that differ in one field, are other trades (docs/contract-attacks.md E8).
func TestTermsIDBindsEverything(t *testing.T) {
	base, err := stellar.TermsID(network, contract, goodTerms())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[escrow.ID]string{base: "the terms"}
	distinct := func(name string, n stellar.Network, c stellar.Address, terms escrow.Terms) {
		t.Helper()
		id, err := stellar.TermsID(n, c, terms)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other, taken := seen[id]; taken {
			t.Errorf("%s has the id of %s", name, other)
		}
		seen[id] = name
	}
	distinct("another network", mustNetwork("Public Global Stellar Network ; September 2015"), contract, goodTerms())
	distinct("another contract", network, stellar.Address{Contract: true, Key: [32]byte{9}}, goodTerms())
	rapid.Check(t, func(rt *rapid.T) {
		changed := goodTerms()
		v := reflect.ValueOf(&changed).Elem()
		field := rapid.IntRange(0, v.NumField()-1).Draw(rt, "field")
		before := reflect.ValueOf(goodTerms()).Field(field).Interface()
		fill(rt, v.Type().Field(field).Name, v.Field(field))
		if reflect.DeepEqual(before, v.Field(field).Interface()) {
			return
		}
		if id, err := stellar.TermsID(network, contract, changed); err != nil || id == base {
			rt.Fatalf("terms with another %s have the id %s, %v", v.Type().Field(field).Name, id, err)
		}
	})
}

func TestTermsWithBadAddresses(t *testing.T) {
	const muxed = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"
	for _, c := range []struct {
		name   string
		change func(*escrow.Terms)
		says   string
	}{
		{"a muxed buyer", func(t *escrow.Terms) { t.Buyer = muxed }, "terms: buyer: address \"" + muxed + "\" is a muxed account"},
		{"no seller", func(t *escrow.Terms) { t.Seller = "" }, "terms: seller: "},
		{"a secret key", func(t *escrow.Terms) { t.Seller = "SAV76USXIJOBMEQXPANUOQM6F5LIOTLPDIDVRJBFFE2MDJXG24TAPUU7" }, "secret key"},
		{"a typo in an arbitrator", func(t *escrow.Terms) {
			t.Panel.Arbitrators[1] = "CAB" + t.Panel.Arbitrators[1][3:]
		}, "terms: panel.arbitrators[1]: "},
		{"an asset that is text", func(t *escrow.Terms) { t.Asset = "USDC" }, "terms: asset: address \"USDC\""},
	} {
		terms := goodTerms()
		c.change(&terms)
		_, err := stellar.EncodeTerms(terms)
		var field *stellar.FieldError
		if err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, stellar.ErrAddress) || !errors.As(err, &field) {
			t.Errorf("%s: %v, want a field error with %q", c.name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "SAV76") {
			t.Errorf("%s: the message repeats the secret: %v", c.name, err)
		}
		if _, err := stellar.TermsID(network, contract, terms); err == nil {
			t.Errorf("%s: there is an id", c.name)
		}
	}
}

// fields returns the map behind a value, to be spoiled.
func fields(v xdr.ScVal) *xdr.ScMap { return *v.Map }

// What the contract would refuse or write otherwise must not get an id here (docs/contract-attacks.md E14).
func TestTermsAreReadStrictly(t *testing.T) {
	sym := func(s string) xdr.ScVal {
		v := xdr.ScSymbol(s)
		return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
	}
	number := func(n uint64) xdr.ScVal { v := xdr.Uint64(n); return xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &v} }
	muxed := xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &xdr.ScAddress{
		Type: xdr.ScAddressTypeScAddressTypeMuxedAccount, MuxedAccount: &xdr.MuxedEd25519Account{},
	}}
	milestone := func(v xdr.ScVal, i int) *xdr.ScMap { return fields((**(*fields(v))[9].Val.Vec)[i]) }
	for _, c := range []struct {
		name  string
		spoil func(v xdr.ScVal)
		says  string
	}{
		{"an extra field", func(v xdr.ScVal) { *fields(v) = append(*fields(v), xdr.ScMapEntry{Key: sym("zz"), Val: number(1)}) }, "16 fields, not 15"},
		{"an extra field in the middle", func(v xdr.ScVal) {
			*fields(v) = slices.Insert(*fields(v), 4, xdr.ScMapEntry{Key: sym("bribe"), Val: number(1)})
		}, `field "bribe" is unknown`},
		{"a missing field", func(v xdr.ScVal) { *fields(v) = slices.Delete(*fields(v), 3, 4) }, "bond: is missing"},
		{"the last field missing", func(v xdr.ScVal) { *fields(v) = (*fields(v))[:14] }, "windows: is missing"},
		{"a double field", func(v xdr.ScVal) { (*fields(v))[4] = (*fields(v))[3] }, `field "bond" is unknown, double or out of order`},
		{"two fields exchanged", func(v xdr.ScVal) { f := *fields(v); f[4], f[5] = f[5], f[4] }, "buyer: is missing, or the fields are out of order"},
		{"a name that is a string", func(v xdr.ScVal) {
			name := xdr.ScString("asset")
			(*fields(v))[2].Key = xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &name}
		}, "is a string, not a symbol as the name of field asset"},
		{"an i128 as u64", func(v xdr.ScVal) { (*fields(v))[3].Val = number(1000) }, "bond: is u64, not i128"},
		{"a u32 as u64", func(v xdr.ScVal) { (*fields(v))[6].Val = number(50) }, "fee_bps: is u64, not u32"},
		{"a muxed buyer", func(v xdr.ScVal) { (*fields(v))[4].Val = muxed }, "buyer: a muxed account"},
		{"a short salt", func(v xdr.ScVal) { *(*fields(v))[11].Val.Bytes = (*(*fields(v))[11].Val.Bytes)[:31] }, "salt: is 31 bytes, not 32"},
		{"no milestones", func(v xdr.ScVal) { (*fields(v))[9].Val = number(0) }, "milestones: is u64, not a vec"},
		{"deep inside", func(v xdr.ScVal) { (*milestone(v, 1))[0].Val = number(0) }, "milestones[1].amount: is u64, not i128"},
		{"a field too many deep inside", func(v xdr.ScVal) {
			*milestone(v, 0) = append(*milestone(v, 0), xdr.ScMapEntry{Key: sym("late"), Val: number(0)})
		}, "milestones[0]: 4 fields, not 3"},
	} {
		terms, err := stellar.EncodeTerms(goodTerms())
		if err != nil {
			t.Fatal(err)
		}
		c.spoil(terms)
		var field *stellar.FieldError
		if _, err := stellar.DecodeTerms(terms); err == nil || !strings.Contains(err.Error(), c.says) || !errors.As(err, &field) {
			t.Errorf("%s: %v, want a field error with %q", c.name, err, c.says)
		}
	}
}

// What is accepted is exactly what would be written: decoding and encoding again gives the same bytes.
func FuzzTerms(f *testing.F) {
	terms, err := stellar.EncodeTerms(goodTerms())
	if err != nil {
		f.Fatal(err)
	}
	raw, err := terms.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-4])
	f.Add(bytes.Replace(raw, []byte("bond"), []byte("bonf"), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v xdr.ScVal
		if len(raw) > stellar.MaxXDR || xdr.SafeUnmarshal(raw, &v) != nil {
			return
		}
		terms, err := stellar.DecodeTerms(v)
		if err != nil {
			return
		}
		again, err := stellar.EncodeTerms(terms)
		if err != nil {
			t.Fatalf("decoded terms cannot be encoded: %v", err)
		}
		back, err := again.MarshalBinary()
		if err != nil || !bytes.Equal(raw, back) {
			t.Errorf("%s\nbecame %s, %v", hex.EncodeToString(raw), hex.EncodeToString(back), err)
		}
	})
}
