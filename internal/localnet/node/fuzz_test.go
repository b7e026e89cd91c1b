package node_test

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// Whatever bytes are handed in as a transaction: they are refused as unreadable or get a result, the node does not fail on them, and
// a result can be encoded.
func FuzzEnvelope(f *testing.F) {
	// The same network and account each time: what one process has made as a seed is good in those that fuzz with it.
	w := newWorld(f, node.Options{Rand: rand.NewChaCha8([32]byte{5})})
	a, err := keypair.FromRawSeed([32]byte{5})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := w.Fund(f.Context(), a.Address()); err != nil {
		f.Fatal(err)
	}
	probe := w.probe(a)
	pay := &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
	for _, e := range []xdr.TransactionEnvelope{
		w.tx(a, pay),
		w.tx(a, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: w.Issuer().Address(), Weight: 1}}),
		w.tx(a, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: w.asset()}}),
		w.call(a, scval.Call(probe, "count", scval.Address(accountAddress(a)))),
		w.tx(a, &txnbuild.RestoreFootprint{Ext: xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{}}}),
		w.tx(a, &txnbuild.ExtendFootprintTtl{ExtendTo: 5, Ext: xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{}}}),
		{Type: xdr.EnvelopeTypeEnvelopeTypeTxV0, V0: &xdr.TransactionV0Envelope{}},
		{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &xdr.FeeBumpTransactionEnvelope{Tx: xdr.FeeBumpTransaction{
			FeeSource: w.tx(a, pay).SourceAccount(), Fee: 1000, InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: w.tx(a, pay).V1}}}},
	} {
		raw, err := e.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		frame, err := tx.ParseBase64(base64.StdEncoding.EncodeToString(raw), w.Passphrase())
		if err != nil {
			return
		}
		s, err := w.Send(t.Context(), frame)
		if err != nil {
			t.Fatal(err)
		}
		if s.Status == node.StatusError {
			if _, err := s.Verdict.Result.MarshalBinary(); err != nil {
				t.Errorf("the result of an invalid transaction: %v", err)
			}
		}
	})
}
