package tx_test

import (
	"encoding/base64"
	"testing"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// FuzzFrame: whatever is read as a transaction has the hash that a client of the SDK finds for it, is the same when it is written and read again, and can be asked
// all that is asked of it before anybody has looked whether it makes sense.
func FuzzFrame(f *testing.F) {
	key := xdr.MustMuxedAddress("GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7")
	inner := xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: key, Fee: 100, SeqNum: 7, Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeInflation}}}}}
	negative := xdr.TransactionV1Envelope{Tx: xdr.Transaction{SourceAccount: key, Ext: xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{ResourceFee: -1 << 63}},
		Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeRestoreFootprint, RestoreFootprintOp: &xdr.RestoreFootprintOp{}}}}}}
	for _, e := range []xdr.TransactionEnvelope{
		{Type: xdr.EnvelopeTypeEnvelopeTypeTxV0, V0: &xdr.TransactionV0Envelope{}},
		{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &inner}, {Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &negative},
		{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &xdr.FeeBumpTransactionEnvelope{Tx: xdr.FeeBumpTransaction{
			FeeSource: key, Fee: 1<<63 - 1, InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &negative}}}},
	} {
		raw, err := e.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, e := range realTransactions(f) {
		raw, err := e.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		const name = network.PublicNetworkPassphrase
		frame, err := tx.ParseBase64(base64.StdEncoding.EncodeToString(raw), name)
		if err != nil {
			return
		}
		if hash, err := network.HashTransactionInEnvelope(frame.Envelope, name); err != nil || hash != frame.Hash {
			t.Errorf("the hash is %x, the SDK finds %x, %v", frame.Hash, hash, err)
		}
		text, err := xdr.MarshalBase64(frame.Envelope)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := tx.ParseBase64(text, name)
		if err != nil || again.Hash != frame.Hash || again.Signed != frame.Signed || again.Size != frame.Size || !again.Repeats(frame) {
			t.Errorf("read again it is another, %v", err)
		}
		var as xdr.TransactionEnvelope
		if xdr.SafeUnmarshal(raw, &as) == nil && as.Type != xdr.EnvelopeTypeEnvelopeTypeTxV0 && frame.Size != len(raw) {
			t.Errorf("%d bytes are %d", len(raw), frame.Size)
		}
		if _, operations := frame.InclusionFee(); operations < 1 || operations > 101 {
			t.Errorf("%d operations", operations)
		}
		_, _, _, _ = frame.Source(), frame.FeeSource(), frame.Sequence(), frame.FullFee()
		_, _, _ = frame.DiskReads(), frame.HasData(), frame.Contract()
	})
}

// realTransactions are some of the main network's: those of a ledger that the tests have.
func realTransactions(t testing.TB) []xdr.TransactionEnvelope {
	t.Helper()
	_, meta := localnettest.RealLedger(t)
	const most = 60
	all := meta.TransactionEnvelopes()
	if len(all) < most {
		t.Fatalf("%d transactions in a ledger that had more", len(all))
	}
	return all[:most]
}
