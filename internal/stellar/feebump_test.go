package stellar_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// signedInner is a transaction that source has signed: a bid of 1,000 stroops, resources for 500.
func signedInner(t testing.TB) stellar.Transaction {
	t.Helper()
	k, source := key(t, 1)
	tx, err := stellar.Invoke(envelope(source), settleCall(t))
	if err != nil {
		t.Fatal(err)
	}
	if tx, err = tx.Assemble(simulated(), 500, nil); err != nil {
		t.Fatal(err)
	}
	if tx, err = tx.Sign(network, k); err != nil {
		t.Fatal(err)
	}
	return tx
}

// The SDK's own builder, given the same, makes the same fee bump, hash and signature.
func TestFeeBumpIsWhatTheSDKBuilds(t *testing.T) {
	inner := signedInner(t)
	k, payer := key(t, 2)
	text, err := inner.Base64()
	if err != nil {
		t.Fatal(err)
	}
	generic, err := txnbuild.TransactionFromXDR(text)
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := generic.Transaction()
	theirs, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: plain, FeeAccount: payer.String(), BaseFee: 1500})
	if err != nil {
		t.Fatal(err)
	}
	bump, err := stellar.Bump(inner, payer, theirs.MaxFee())
	if err != nil {
		t.Fatal(err)
	}
	if bump, err = bump.Sign(network, k); err != nil {
		t.Fatal(err)
	}
	if theirs, err = theirs.Sign(network.Passphrase(), k); err != nil {
		t.Fatal(err)
	}
	want, err := theirs.Base64()
	if err != nil {
		t.Fatal(err)
	}
	got, err := bump.Base64()
	if err != nil || got != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if hash, err := theirs.HashHex(network.Passphrase()); err != nil || hash != bump.Hash(network).String() {
		t.Errorf("hash %s, want %s, %v", bump.Hash(network), hash, err)
	}
	// A bid of 1,000 for each of two operations, and the resources.
	if least := stellar.BumpFee(inner); least != 2500 {
		t.Errorf("the least fee is %d", least)
	}
	if bump.MaxFee() != theirs.MaxFee() || bump.Payer() != payer || bump.Signatures() != 1 || bump.Inner().Hash(network) != inner.Hash(network) {
		t.Errorf("%d stroops by %s, signed %d times, around %s", bump.MaxFee(), bump.Payer(), bump.Signatures(), bump.Inner().Hash(network))
	}
	verify := func(key [32]byte, payload, signature []byte) bool { return ed25519.Verify(key[:], payload, signature) }
	if !bump.SignedBy(network, payer, verify) || bump.SignedBy(network, inner.Source(), verify) {
		t.Error("it is not signed by its payer alone")
	}
	tx, back, err := stellar.ParseSubmitted(got)
	if err != nil || back == nil || back.Hash(network) != bump.Hash(network) || tx.Hash(network) != inner.Hash(network) || back.MaxFee() != theirs.MaxFee() {
		t.Errorf("read again: %+v, %v", back, err)
	}
	if tx, back, err := stellar.ParseSubmitted(text); err != nil || back != nil || tx.Hash(network) != inner.Hash(network) {
		t.Errorf("a plain transaction: %+v, %v", back, err)
	}
}

func TestFeeBumpsThatAreNotBuilt(t *testing.T) {
	inner := signedInner(t)
	_, payer := key(t, 2)
	unsigned, err := stellar.Invoke(envelope(payer), settleCall(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		inner stellar.Transaction
		payer stellar.Address
		fee   int64
		says  string
	}{
		"a contract pays":     {inner, contract, 2500, "account (G…)"},
		"nobody has signed":   {unsigned, payer, 1 << 30, "nobody has signed"},
		"less than is taken":  {inner, payer, 2499, "not from 2500"},
		"more than can exist": {inner, payer, math.MaxInt64, "not from 2500"},
	} {
		if _, err := stellar.Bump(c.inner, c.payer, c.fee); !errors.Is(err, stellar.ErrTransaction) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFeeBumpsThatAreNotRead(t *testing.T) {
	inner := signedInner(t)
	_, payer := key(t, 2)
	bump, err := stellar.Bump(inner, payer, 2500)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bump.Base64()
	if err != nil {
		t.Fatal(err)
	}
	spoilt := func(spoil func(*xdr.FeeBumpTransaction)) string {
		var e xdr.TransactionEnvelope
		if err := stellar.Decode("transaction", text, &e); err != nil {
			t.Fatal(err)
		}
		spoil(&e.FeeBump.Tx)
		out, err := stellar.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "not the XDR"},
		{"a muxed payer", spoilt(func(b *xdr.FeeBumpTransaction) {
			b.FeeSource = xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeMuxedEd25519, Med25519: &xdr.MuxedAccountMed25519{Id: 7}}
		}), "payer is a muxed account"},
		{"a fee below zero", spoilt(func(b *xdr.FeeBumpTransaction) { b.Fee = -1 }), "below zero"},
		{"a payment inside", spoilt(func(b *xdr.FeeBumpTransaction) {
			b.InnerTx.V1.Tx.Operations[0].Body = xdr.OperationBody{Type: xdr.OperationTypeBumpSequence, BumpSequenceOp: &xdr.BumpSequenceOp{}}
		}), "inner transaction: an operation of type"},
		{"one without an end inside", spoilt(func(b *xdr.FeeBumpTransaction) { b.InnerTx.V1.Tx.Cond.TimeBounds.MaxTime = 0 }), "no last time"},
	} {
		if _, _, err := stellar.ParseSubmitted(c.text); !errors.Is(err, stellar.ErrTransaction) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, _, err := stellar.ParseSubmitted(spoilt(func(*xdr.FeeBumpTransaction) {})); err != nil {
		t.Errorf("the one that was not spoilt: %v", err)
	}
}

// Anybody may submit anything: what is read in either form can be written again, hashed and looked at.
func FuzzSubmitted(f *testing.F) {
	inner := signedInner(f)
	_, payer := key(f, 2)
	bump, err := stellar.Bump(inner, payer, 2500)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []func() (string, error){inner.Base64, bump.Base64} {
		text, err := text()
		if err != nil {
			f.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, bump, err := stellar.ParseSubmitted(base64.StdEncoding.EncodeToString(raw))
		if err != nil {
			return
		}
		write := tx.Base64
		if bump != nil {
			write = bump.Base64
			_, _, _, _ = bump.Hash(network), bump.MaxFee(), bump.Payer(), stellar.BumpFee(tx)
		}
		again, err := write()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if back, _ := base64.StdEncoding.DecodeString(again); !bytes.Equal(raw, back) {
			t.Errorf("%x\nbecame %x", raw, back)
		}
	})
}
