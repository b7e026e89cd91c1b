package stellar_test

import (
	"bytes"
	"encoding"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// read decodes what a fuzzer made; false if it is no XDR of that type, or more than is read in one piece.
func read(raw []byte, into encoding.BinaryUnmarshaler) bool {
	return len(raw) <= stellar.MaxXDR && xdr.SafeUnmarshal(raw, into) == nil
}

// rawOf is a value in XDR.
func rawOf(t testing.TB, v encoding.BinaryMarshaler) []byte {
	t.Helper()
	raw, err := v.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A simulation answers with authorisations, and one may be a thief's: whatever they are, looking at them and signing them changes nothing but the signature, and
// the only tree that passes is the expected one, byte for byte.
func FuzzAuthorisation(f *testing.F) {
	want := fundTree(f)
	good := entryOf(want)
	f.Add(rawOf(f, good))
	f.Add(rawOf(f, stellar.WithExpiry(good, 7)))
	f.Add(rawOf(f, xdr.SorobanAuthorizationEntry{
		Credentials:    xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
		RootInvocation: want.Invocation(),
	}))
	k, signer := key(f, 1)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var entry xdr.SorobanAuthorizationEntry
		if !read(raw, &entry) {
			return
		}
		payload, err := stellar.AuthPayload(network, entry)
		if err != nil && !stellar.IsSigned(entry) {
			t.Errorf("it wants a signature, and there is nothing to sign: %v", err)
		}
		if later := stellar.WithExpiry(entry, 9); err == nil && stellar.IsSigned(later) {
			t.Error("with another expiry it still is signed")
		}
		if signed, err := stellar.AttachSignature(entry, signer, bytes.Repeat([]byte{1}, 64)); err == nil {
			if !stellar.IsSigned(signed) {
				t.Error("with a signature it is not signed")
			}
			if again, err := stellar.AuthPayload(network, signed); err != nil || again != payload {
				t.Errorf("the signature has a part in what is signed: %v", err)
			}
			if !bytes.Equal(rawOf(t, signed.RootInvocation), rawOf(t, entry.RootInvocation)) {
				t.Error("the signature changes the tree")
			}
		}
		if signed, err := stellar.SignAuth(network, entry, 9, k); err == nil && !stellar.IsSigned(signed) {
			t.Error("signed by its key, it is not signed")
		}
		if err := stellar.CheckTree(want, signer, []xdr.SorobanAuthorizationEntry{entry}); err == nil && !bytes.Equal(rawOf(t, want.Invocation()), rawOf(t, entry.RootInvocation)) {
			t.Errorf("another tree passes: %x", raw)
		}
		_ = stellar.CheckTree(stellar.Tree{}, signer, []xdr.SorobanAuthorizationEntry{entry})
		if again := rawOf(t, entry); !bytes.Equal(again, raw) {
			t.Errorf("%x\nhas become %x", raw, again)
		}
	})
}

// Calls stand in transactions that anybody makes: what is read would be written in the same bytes.
func FuzzCall(f *testing.F) {
	f.Add(rawOf(f, settleCall(f)))
	terms, some, none := goodTerms(), escrow.Role(1), escrow.Hash{}
	for _, c := range []escrow.Call{
		escrow.CallOpen{Terms: terms, By: 1}, escrow.CallCancel{Terms: terms, By: &some, Push: true}, escrow.CallCancel{Terms: terms},
		escrow.CallRule{Terms: terms, By: 3, Rulings: []escrow.Ruling{{Milestone: 1, SellerPpm: 7}}, Hash: none},
		escrow.CallClaim{Terms: terms, Role: 1, To: terms.Buyer, Amount: amount.Int(3)}, escrow.CallOffer{Terms: terms, By: 1, Of: amount.Int(3), SellerAmount: amount.Int(1)},
		escrow.CallExtend{ID: escrow.ID{1}}, escrow.CallCollect{Asset: terms.Asset}, escrow.CallAnchor{Seq: 1, Hash: none}, escrow.CallPause{},
	} {
		args, err := stellar.EncodeCall(contract, c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rawOf(f, args))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var args xdr.InvokeContractArgs
		if !read(raw, &args) {
			return
		}
		call, err := stellar.DecodeCall(contract, args)
		if err != nil {
			return
		}
		back, err := stellar.EncodeCall(contract, call)
		if err != nil {
			t.Fatalf("a call that was read cannot be written: %v", err)
		}
		if again := rawOf(t, back); !bytes.Equal(raw, again) {
			t.Errorf("%x\nbecame %x", raw, again)
		}
	})
}

// What views return comes from a node that may lie: it is read as the contract would have written it, or not at all.
func FuzzViews(f *testing.F) {
	sums := binding.Owed{Total: amount.Int(5), Fees: amount.Int(1)}
	f.Add(rawOf(f, sums.ScVal()))
	f.Add(rawOf(f, xdr.ScVal{Type: xdr.ScValTypeScvVoid}))
	f.Add(rawOf(f, binding.Config{}.ScVal()))
	f.Add(rawOf(f, binding.Trade{Milestones: []binding.MilestoneState{{}}, Stage: 2}.ScVal()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v xdr.ScVal
		if !read(raw, &v) {
			return
		}
		same := func(what string, again xdr.ScVal) {
			if back := rawOf(t, again); !bytes.Equal(raw, back) {
				t.Errorf("%s %x\nwould be written %x", what, raw, back)
			}
		}
		if owed, err := binding.ResultOfOwed(v); err == nil {
			same("owed", owed.ScVal())
		}
		if config, err := binding.ResultOfConfig(v); err == nil {
			same("config", config.ScVal())
		}
		if trade, err := binding.ResultOfTrade(v); err == nil && trade != nil {
			same("trade", trade.ScVal())
		}
		// The rules' own types refuse no more than the contract's, but what they cannot say.
		_, _ = stellar.DecodeTrade(v)
		_, _ = stellar.DecodeConfig(v)
		_, _ = stellar.DecodeOwed(v)
		if owed, err := stellar.ReadStoredOwed(v); err == nil {
			list := &xdr.ScVec{i128(owed.Total), i128(owed.Fees)}
			same("what is stored of owed", xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &list})
		}
	})
}

func i128(x amount.Int128) xdr.ScVal {
	hi, lo := x.Parts()
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(hi), Lo: xdr.Uint64(lo)}}
}

// There is one way to write a value in base64.
func FuzzDecode(f *testing.F) {
	good, err := stellar.Encode(i128(amount.Int(7)))
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{good, good[:len(good)-1], good + "\n", good + good, "AAAA", "AAAAAQ==", "AAAAAR==", "", "%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v xdr.ScVal
		if stellar.Decode("value", text, &v) != nil {
			return
		}
		if again, err := stellar.Encode(v); err != nil || again != text {
			t.Errorf("%q is written %q, %v", text, again, err)
		}
	})
}

// An asset is named in one way.
func FuzzAsset(f *testing.F) {
	_, issuer := key(f, 1)
	for _, text := range []string{"native", "USDC:" + issuer.String(), "usdc12345678:" + issuer.String(), "USDC", ":", "USDC:" + issuer.String() + ":", "ÜSD:" + issuer.String()} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asset, err := stellar.ParseAsset(text)
		if err != nil {
			return
		}
		if again := asset.StringCanonical(); again != text {
			t.Errorf("%q is called %q", text, again)
		}
		if _, err := stellar.AssetContract(network, asset); err != nil {
			t.Errorf("%q has no contract: %v", text, err)
		}
	})
}
