package sourcetest

import (
	"crypto/sha256"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Chain makes ledgers that no network closed, sound in all their hashes: older forms, and chains that part.
type Chain struct {
	Version  int32 // of the metas
	Protocol xdr.Uint32
	Last     xdr.LedgerHeaderHistoryEntry
}

// From is a chain of today's form whose next ledger has that number.
func From(seq uint32) *Chain {
	return &Chain{Version: 2, Protocol: 23, Last: xdr.LedgerHeaderHistoryEntry{Header: xdr.LedgerHeader{LedgerSeq: xdr.Uint32(seq - 1)}}}
}

// Tx is a transaction in one of them. It is a contract call, or payments, or neither.
type Tx struct {
	Meta    int32 // version: 3 or 4
	Failed  bool
	Bump    bool                  // inside a fee bump
	Call    []xdr.ContractEvent   // of a contract call
	Payment [][]xdr.ContractEvent // of payments, by operation
	Staged  []xdr.TransactionEvent
}

// Encoded is XDR of a value that has one.
func Encoded(v interface{ MarshalBinary() ([]byte, error) }) []byte {
	raw, err := v.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return raw
}

// Next closes a ledger.
func (f *Chain) Next(closeTime uint64, txs ...Tx) xdr.LedgerCloseMeta {
	header := xdr.LedgerHeader{LedgerVersion: f.Protocol, PreviousLedgerHash: f.Last.Hash, LedgerSeq: f.Last.Header.LedgerSeq + 1}
	header.ScpValue.CloseTime = xdr.TimePoint(closeTime)
	var envelopes []xdr.TransactionEnvelope
	var results []xdr.TransactionResultPair
	var metas []xdr.TransactionMeta
	for i, t := range txs {
		envelopes = append(envelopes, xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: xdr.Transaction{
			SourceAccount: xdr.MustMuxedAddress("GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF"), SeqNum: xdr.SequenceNumber(i),
			Operations: []xdr.Operation{},
		}}})
		results = append(results, t.result(xdr.Hash{byte(i + 1), byte(header.LedgerSeq)}))
		metas = append(metas, t.applied())
	}
	header.TxSetResultHash = sha256.Sum256(Encoded(&xdr.TransactionResultSet{Results: results}))
	legacy := xdr.TransactionSet{PreviousLedgerHash: f.Last.Hash, Txs: envelopes}
	components := []xdr.TxSetComponent{{Type: xdr.TxSetComponentTypeTxsetCompTxsMaybeDiscountedFee,
		TxsMaybeDiscountedFee: &xdr.TxSetComponentTxsMaybeDiscountedFee{Txs: envelopes}}}
	set := xdr.GeneralizedTransactionSet{V: 1, V1TxSet: &xdr.TransactionSetV1{PreviousLedgerHash: f.Last.Hash,
		Phases: []xdr.TransactionPhase{{V: 0, V0Components: &components}}}}
	header.ScpValue.TxSetHash = sha256.Sum256(Encoded(&set))
	if f.Version == 0 {
		h := sha256.New()
		h.Write(f.Last.Hash[:])
		for _, e := range envelopes {
			h.Write(Encoded(&e))
		}
		header.ScpValue.TxSetHash = xdr.Hash(h.Sum(nil))
	}
	f.Last = xdr.LedgerHeaderHistoryEntry{Hash: sha256.Sum256(Encoded(&header)), Header: header}
	var older []xdr.TransactionResultMeta
	var newer []xdr.TransactionResultMetaV1
	for i := range txs {
		older = append(older, xdr.TransactionResultMeta{Result: results[i], TxApplyProcessing: metas[i]})
		newer = append(newer, xdr.TransactionResultMetaV1{Result: results[i], TxApplyProcessing: metas[i]})
	}
	switch f.Version {
	case 0:
		return xdr.LedgerCloseMeta{V: 0, V0: &xdr.LedgerCloseMetaV0{LedgerHeader: f.Last, TxSet: legacy, TxProcessing: older}}
	case 1:
		return xdr.LedgerCloseMeta{V: 1, V1: &xdr.LedgerCloseMetaV1{LedgerHeader: f.Last, TxSet: set, TxProcessing: older}}
	}
	return xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{LedgerHeader: f.Last, TxSet: set, TxProcessing: newer}}
}

var returned = xdr.ScVal{Type: xdr.ScValTypeScvVoid}

// result is what became of the transaction: a contract call, or as many payments as it has lists of events.
func (t Tx) result(hash xdr.Hash) xdr.TransactionResultPair {
	ops := []xdr.OperationResult{}
	for range t.Payment {
		ops = append(ops, xdr.OperationResult{Tr: &xdr.OperationResultTr{Type: xdr.OperationTypePayment, PaymentResult: &xdr.PaymentResult{}}})
	}
	if t.Call != nil {
		events := xdr.Hash(sha256.Sum256(Encoded(&xdr.InvokeHostFunctionSuccessPreImage{ReturnValue: returned, Events: t.Call})))
		ops = append(ops, xdr.OperationResult{Tr: &xdr.OperationResultTr{Type: xdr.OperationTypeInvokeHostFunction,
			InvokeHostFunctionResult: &xdr.InvokeHostFunctionResult{Success: &events}}})
	}
	code := xdr.TransactionResultCodeTxSuccess
	if t.Failed {
		code = xdr.TransactionResultCodeTxFailed
	}
	r := xdr.TransactionResultResult{Code: code, Results: &ops}
	if t.Bump {
		inner := xdr.InnerTransactionResultPair{Result: xdr.InnerTransactionResult{Result: xdr.InnerTransactionResultResult{Code: code, Results: &ops}}}
		r = xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxFeeBumpInnerSuccess, InnerResultPair: &inner}
	}
	return xdr.TransactionResultPair{TransactionHash: hash, Result: xdr.TransactionResult{Result: r}}
}

func (t Tx) applied() xdr.TransactionMeta {
	if t.Meta == 3 {
		v3 := xdr.TransactionMetaV3{}
		if t.Call != nil {
			v3.SorobanMeta = &xdr.SorobanTransactionMeta{Events: t.Call, ReturnValue: returned}
		}
		return xdr.TransactionMeta{V: 3, V3: &v3}
	}
	v4 := xdr.TransactionMetaV4{Events: t.Staged}
	for _, events := range t.Payment {
		v4.Operations = append(v4.Operations, xdr.OperationMetaV2{Events: events})
	}
	if t.Call != nil {
		v4.Operations = append(v4.Operations, xdr.OperationMetaV2{Events: t.Call})
		v4.SorobanMeta = &xdr.SorobanTransactionMetaV2{ReturnValue: &returned}
	}
	return xdr.TransactionMeta{V: 4, V4: &v4}
}

// Said is an event of a contract with some words as its topics.
func Said(contract xdr.ContractId, words ...string) xdr.ContractEvent {
	e := xdr.ContractEvent{Type: xdr.ContractEventTypeContract, ContractId: &contract, Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Data: returned}}}
	for _, w := range words {
		s := xdr.ScString(w)
		e.Body.V0.Topics = append(e.Body.V0.Topics, xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &s})
	}
	return e
}

// Network is the one whose ledgers are forged.
func Network(t testing.TB) stellar.Network {
	t.Helper()
	n, err := stellar.NewNetwork("Forged ; 2026")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// AssetContract is the contract of an asset there.
func AssetContract(t testing.TB, asset xdr.Asset) xdr.ContractId {
	t.Helper()
	id, err := asset.ContractID(Network(t).Passphrase())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
