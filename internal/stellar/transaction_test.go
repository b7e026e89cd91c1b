package stellar_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// key makes a key for a test; seeds are not secrets, and stand for nobody.
func key(t testing.TB, seed byte) (*keypair.Full, stellar.Address) {
	t.Helper()
	k, err := keypair.FromRawSeed([32]byte{seed})
	if err != nil {
		t.Fatal(err)
	}
	a, err := stellar.ParseAccount(k.Address())
	if err != nil {
		t.Fatal(err)
	}
	return k, a
}

func envelope(source stellar.Address) stellar.Envelope {
	return stellar.Envelope{Source: source, Sequence: 41, NotAfter: 1_800_000_000, InclusionFee: 1000}
}

func settleCall(t testing.TB) xdr.InvokeContractArgs {
	t.Helper()
	call, err := stellar.EncodeCall(contract, escrow.CallSettle{Terms: goodTerms(), Milestones: []uint32{0, 1}, Push: true})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// simulated is what a simulation may have answered.
func simulated() xdr.SorobanTransactionData {
	return xdr.SorobanTransactionData{Resources: xdr.SorobanResources{
		Footprint:    xdr.LedgerFootprint{ReadOnly: []xdr.LedgerKey{stellar.InstanceKey(contract)}},
		Instructions: 1_000_000, DiskReadBytes: 500, WriteBytes: 400,
	}, ResourceFee: 1}
}

// The SDK's own builder, given the same, makes the same bytes.
func TestTransactionIsWhatTheSDKBuilds(t *testing.T) {
	k, source := key(t, 1)
	call := settleCall(t)
	tx, err := stellar.Invoke(envelope(source), call)
	if err != nil {
		t.Fatal(err)
	}
	if tx, err = tx.Assemble(simulated(), 90_000, nil); err != nil {
		t.Fatal(err)
	}
	if tx, err = tx.Sign(network, k); err != nil {
		t.Fatal(err)
	}
	got, err := tx.Base64()
	if err != nil {
		t.Fatal(err)
	}

	data := simulated()
	data.ResourceFee = 90_000
	theirs, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: k.Address(), Sequence: 41}, IncrementSequenceNum: true, BaseFee: 1000,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewTimebounds(0, 1_800_000_000)},
		Operations: []txnbuild.Operation{&txnbuild.InvokeHostFunction{
			HostFunction: xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &call},
			Ext:          xdr.TransactionExt{V: 1, SorobanData: &data},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = theirs.Sign(network.Passphrase(), k); err != nil {
		t.Fatal(err)
	}
	want, err := theirs.Base64()
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("ours   %s\ntheirs %s", got, want)
	}
	if hash, err := theirs.HashHex(network.Passphrase()); err != nil || hash != tx.Hash(network).String() {
		t.Errorf("hash %s, theirs %s, %v", tx.Hash(network), hash, err)
	}

	back, err := stellar.ParseTransaction(got)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := back.Base64(); err != nil || text != got {
		t.Errorf("read and written again: %s, %v", text, err)
	}
	decoded, ok := back.Call()
	if !ok || back.Source() != source || back.Sequence() != 42 || back.MaxFee() != 91_000 || back.ResourceFee() != 90_000 ||
		back.InclusionFee() != 1000 || back.NotAfter() != 1_800_000_000 || back.Signatures() != 1 || back.Hash(network) != tx.Hash(network) {
		t.Errorf("read as %+v", back)
	}
	if c, err := stellar.DecodeCall(contract, decoded); err != nil || c.Function() != "settle" {
		t.Errorf("call %+v, %v", c, err)
	}
}

func TestSignatures(t *testing.T) {
	k, source := key(t, 1)
	other, otherAddress := key(t, 2)
	tx, err := stellar.Invoke(envelope(source), settleCall(t))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Sign(network, k)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(key [32]byte, payload, signature []byte) bool { return ed25519.Verify(key[:], payload, signature) }
	if tx.Signatures() != 0 {
		t.Error("signing changed the unsigned transaction")
	}
	if !signed.SignedBy(network, source, verify) || signed.SignedBy(network, otherAddress, verify) {
		t.Error("signed by the source alone, but told otherwise")
	}
	if signed.SignedBy(mustNetwork("Public Global Stellar Network ; September 2015"), source, verify) {
		t.Error("a signature for one network counts on another")
	}
	both, err := signed.Sign(network, other)
	if err != nil || both.Signatures() != 2 || signed.Signatures() != 1 || !both.SignedBy(network, otherAddress, verify) {
		t.Errorf("a second signature: %d and %d, %v", both.Signatures(), signed.Signatures(), err)
	}
	if _, err := signed.Assemble(simulated(), 1, nil); !errors.Is(err, stellar.ErrTransaction) {
		t.Errorf("a signed transaction can be changed: %v", err)
	}
}

func TestTransactionsThatAreNotBuilt(t *testing.T) {
	_, source := key(t, 1)
	for _, c := range []struct {
		name   string
		change func(*stellar.Envelope)
		says   string
	}{
		{"sent by a contract", func(e *stellar.Envelope) { e.Source = contract }, "not an account"},
		{"without an end", func(e *stellar.Envelope) { e.NotAfter = 0 }, "no end"},
		{"over before it begins", func(e *stellar.Envelope) { e.NotBefore = e.NotAfter + 1 }, "over before"},
		{"bidding too little", func(e *stellar.Envelope) { e.InclusionFee = 99 }, "inclusion fee 99"},
		{"bidding more than fits", func(e *stellar.Envelope) { e.InclusionFee = math.MaxUint32 + 1 }, "inclusion fee"},
		{"after the last sequence number", func(e *stellar.Envelope) { e.Sequence = math.MaxInt64 }, "no next one"},
		{"with a negative sequence number", func(e *stellar.Envelope) { e.Sequence = -1 }, "no next one"},
	} {
		e := envelope(source)
		c.change(&e)
		if _, err := stellar.Invoke(e, settleCall(t)); !errors.Is(err, stellar.ErrTransaction) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an ErrTransaction with %q", c.name, err, c.says)
		}
	}
	tx, err := stellar.Invoke(envelope(source), settleCall(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, fee := range []int64{-1, math.MaxUint32, math.MaxInt64} {
		if _, err := tx.Assemble(simulated(), fee, nil); !errors.Is(err, stellar.ErrTransaction) {
			t.Errorf("resource fee %d: %v", fee, err)
		}
	}
	restore, err := stellar.Restore(envelope(source), simulated(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restore.Assemble(simulated(), 5, []xdr.SorobanAuthorizationEntry{{}}); !errors.Is(err, stellar.ErrTransaction) {
		t.Errorf("authorisations for a restore: %v", err)
	}
}

func TestTransactionsThatAreNotRead(t *testing.T) {
	k, source := key(t, 1)
	base := func() xdr.TransactionEnvelope {
		tx, err := stellar.Invoke(envelope(source), settleCall(t))
		if err != nil {
			t.Fatal(err)
		}
		if tx, err = tx.Assemble(simulated(), 500, nil); err != nil {
			t.Fatal(err)
		}
		text, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		var e xdr.TransactionEnvelope
		if err := stellar.Decode("transaction", text, &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	encode := func(e any) string {
		text, err := stellar.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	change := func(spoil func(*xdr.Transaction)) string {
		e := base()
		spoil(&e.V1.Tx)
		return encode(e)
	}
	raw, err := base64.StdEncoding.DecodeString(encode(base()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "not the XDR"},
		{"not base64", "AAA*", "not base64"},
		{"base64 with a line break", encode(base())[:40] + "\n" + encode(base())[40:], "not base64"},
		{"cut short", base64.StdEncoding.EncodeToString(raw[:len(raw)-4]), "not the XDR"},
		{"something behind it", base64.StdEncoding.EncodeToString(append(raw, 0, 0, 0, 0)), "not the XDR"},
		{"a hundred megabytes", strings.Repeat("AAAA", 100<<20/4), "more than 132096 bytes"},
		{"a fee bump", encode(xdr.TransactionEnvelope{
			Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump,
			FeeBump: &xdr.FeeBumpTransactionEnvelope{Tx: xdr.FeeBumpTransaction{
				FeeSource: base().V1.Tx.SourceAccount,
				InnerTx:   xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: base().V1},
			}},
		}), "EnvelopeTypeTxFeeBump"},
		{"a muxed source", change(func(tx *xdr.Transaction) {
			tx.SourceAccount = xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeMuxedEd25519, Med25519: &xdr.MuxedAccountMed25519{Id: 7}}
		}), "muxed account"},
		{"two operations", change(func(tx *xdr.Transaction) { tx.Operations = append(tx.Operations, tx.Operations[0]) }), "2 operations"},
		{"no operation", change(func(tx *xdr.Transaction) { tx.Operations = nil }), "0 operations"},
		{"an operation of somebody else", change(func(tx *xdr.Transaction) { tx.Operations[0].SourceAccount = &tx.SourceAccount }), "source of its own"},
		{"a payment", change(func(tx *xdr.Transaction) {
			tx.Operations[0].Body = xdr.OperationBody{Type: xdr.OperationTypeBumpSequence, BumpSequenceOp: &xdr.BumpSequenceOp{}}
		}), "BumpSequence"},
		{"no time bounds", change(func(tx *xdr.Transaction) { tx.Cond = xdr.Preconditions{} }), "no time bounds"},
		{"no end", change(func(tx *xdr.Transaction) { tx.Cond.TimeBounds.MaxTime = 0 }), "no last time"},
		{"resources above its fee", change(func(tx *xdr.Transaction) { tx.Ext.SorobanData.ResourceFee = xdr.Int64(tx.Fee) + 1 }), "not within its fee"},
	} {
		if _, err := stellar.ParseTransaction(c.text); !errors.Is(err, stellar.ErrTransaction) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an ErrTransaction with %q", c.name, err, c.says)
		}
	}
	if _, err := stellar.ParseTransaction(encode(base())); err != nil {
		t.Errorf("the transaction that was not spoilt: %v (signed by %s)", err, k.Address())
	}
}

// Anybody may submit anything: what is read can be written again, hashed and looked at.
func FuzzTransaction(f *testing.F) {
	_, source := key(f, 1)
	tx, err := stellar.Invoke(envelope(source), settleCall(f))
	if err != nil {
		f.Fatal(err)
	}
	text, err := tx.Base64()
	if err != nil {
		f.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := stellar.ParseTransaction(base64.StdEncoding.EncodeToString(raw))
		if err != nil {
			return
		}
		again, err := tx.Base64()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if back, _ := base64.StdEncoding.DecodeString(again); !bytes.Equal(raw, back) {
			t.Errorf("%x\nbecame %x", raw, back)
		}
		_, _, _, _ = tx.Hash(network), tx.MaxFee(), tx.NotAfter(), tx.Source()
		if call, ok := tx.Call(); ok {
			_, _ = stellar.DecodeCall(contract, call)
		}
		_ = stellar.CheckTree(stellar.Tree{}, tx.Source(), tx.Auth())
		_ = stellar.CheckTree(fundTree(t), tx.Source(), tx.Auth())
	})
}

func TestAuthorisations(t *testing.T) {
	k, buyer := key(t, 1)
	stranger, _ := key(t, 2)
	terms := goodTerms()
	terms.Buyer = escrow.Address(buyer.String())
	tree, err := stellar.ExpectedTree(contract, escrow.CallFund{Terms: terms}, stellar.State{})
	if err != nil {
		t.Fatal(err)
	}
	plain := entryOf(tree)
	upgraded := entryOf(tree)
	upgraded.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2, AddressV2: upgraded.Credentials.Address}
	payloads := map[stellar.Hash]string{}
	for name, entry := range map[string]xdr.SorobanAuthorizationEntry{"plain": plain, "upgraded": upgraded} {
		if stellar.IsSigned(entry) {
			t.Errorf("%s: counts as signed", name)
		}
		signed, err := stellar.SignAuth(network, entry, 1234, k)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if stellar.IsSigned(entry) || !stellar.IsSigned(signed) {
			t.Errorf("%s: signing changed the unsigned entry, or did not sign", name)
		}
		payload, err := stellar.AuthPayload(network, signed)
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := payloads[payload]; taken {
			t.Errorf("%s and %s sign the same", name, other)
		}
		payloads[payload] = name
		credentials := signed.Credentials.Address
		if credentials == nil {
			credentials = signed.Credentials.AddressV2
		}
		m := **(**credentials.Signature.Vec)[0].Map
		if credentials.SignatureExpirationLedger != 1234 || *m[0].Key.Sym != "public_key" || !bytes.Equal(*m[0].Val.Bytes, buyer.Key[:]) ||
			*m[1].Key.Sym != "signature" || !ed25519.Verify(buyer.Key[:], payload[:], *m[1].Val.Bytes) {
			t.Errorf("%s: signed as %+v", name, credentials)
		}
		if err := stellar.CheckTree(tree, stellar.Address{}, []xdr.SorobanAuthorizationEntry{signed}); err != nil {
			t.Errorf("%s: signed, the tree is another: %v", name, err)
		}
		if later := stellar.WithExpiry(signed, 5000); stellar.IsSigned(later) {
			t.Errorf("%s: another expiry keeps the signature of the old one", name)
		}
		if _, err := stellar.SignAuth(network, entry, 1234, stranger); !errors.Is(err, stellar.ErrAuth) {
			t.Errorf("%s: signed by a stranger: %v", name, err)
		}
	}
	source := plain
	source.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}
	if _, err := stellar.SignAuth(network, source, 1, k); !errors.Is(err, stellar.ErrAuth) || !stellar.IsSigned(source) {
		t.Errorf("an authorisation by the source's signature: %v", err)
	}
	if _, err := stellar.SignAuth(network, entryOf(stellar.Tree{Signer: &contract, Call: tree.Call}), 1, k); !errors.Is(err, stellar.ErrAuth) {
		t.Errorf("a contract's authorisation: %v", err)
	}
}
