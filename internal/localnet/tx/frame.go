package tx

import (
	"crypto/sha256"
	"fmt"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// Frame is an envelope with what is asked of it again and again. After Parse it changes only in what is known of its signatures.
type Frame struct {
	Envelope xdr.TransactionEnvelope // never of type TxV0
	Hash     xdr.Hash                // of the whole: for a fee bump that of the bump
	Signed   xdr.Hash                // of the envelope with its signatures: what a node knows a transaction by
	Size     int                     // bytes of XDR

	tx         *xdr.Transaction // the inner one of a fee bump
	contents   xdr.Hash         // of tx
	signatures []xdr.DecoratedSignature
	innerSize  int
	inner      xdr.Hash                        // Signed of the inner one
	bump       *xdr.FeeBumpTransactionEnvelope // nil if it is none
	operations []operation
	proofs     proofs
}

// Parse makes a frame of a decoded envelope. An envelope of the oldest kind (TxV0) is taken as the newer one that it stands for.
func Parse(e xdr.TransactionEnvelope, passphrase string) (*Frame, error) {
	e = upgraded(e)
	raw, err := e.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode the envelope: %w", err)
	}
	f := &Frame{Envelope: e, Signed: sha256.Sum256(raw), Size: len(raw), innerSize: len(raw)}
	f.inner = f.Signed
	if f.Hash, err = network.HashTransactionInEnvelope(e, passphrase); err != nil {
		return nil, fmt.Errorf("hash the envelope: %w", err)
	}
	f.contents = f.Hash
	inner := e.V1
	if e.FeeBump != nil {
		f.bump = e.FeeBump
		inner = e.FeeBump.Tx.InnerTx.V1
		if f.contents, err = network.HashTransaction(inner.Tx, passphrase); err != nil {
			return nil, fmt.Errorf("hash the inner transaction: %w", err)
		}
		envelope := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: inner}
		if raw, err = envelope.MarshalBinary(); err != nil {
			return nil, fmt.Errorf("encode the inner envelope: %w", err)
		}
		f.innerSize, f.inner = len(raw), sha256.Sum256(raw)
	}
	if inner == nil {
		return nil, fmt.Errorf("the envelope is of the unknown type %d", e.Type)
	}
	f.tx, f.signatures = &inner.Tx, inner.Signatures
	for i, op := range f.tx.Operations {
		f.operations = append(f.operations, operation{Operation: op, index: i, frame: f})
	}
	return f, nil
}

// ParseBase64 reads an envelope as clients send it, within bounds on its depth and size.
func ParseBase64(text, passphrase string) (*Frame, error) {
	var e xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64WithOptions(text, &e, xdr.DecodeOptions{MaxMemoryBytes: maxDecodedBytes}); err != nil {
		return nil, fmt.Errorf("read the envelope: %w", err)
	}
	return Parse(e, passphrase)
}

// maxDecodedBytes is what the real server allows a decoded transaction (stellar-rpc, transactionDecodeMaxMemory).
const maxDecodedBytes = 1 << 20

func upgraded(e xdr.TransactionEnvelope) xdr.TransactionEnvelope {
	if e.Type != xdr.EnvelopeTypeEnvelopeTypeTxV0 || e.V0 == nil {
		return e
	}
	old := e.V0.Tx
	cond := xdr.Preconditions{Type: xdr.PreconditionTypePrecondNone}
	if old.TimeBounds != nil {
		cond = xdr.Preconditions{Type: xdr.PreconditionTypePrecondTime, TimeBounds: old.TimeBounds}
	}
	key := old.SourceAccountEd25519
	return xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{
		Tx: xdr.Transaction{
			SourceAccount: xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &key},
			Fee:           old.Fee, SeqNum: old.SeqNum, Cond: cond, Memo: old.Memo, Operations: old.Operations,
		},
		Signatures: e.V0.Signatures,
	}}
}

// Source is the account whose sequence number the transaction uses.
func (f *Frame) Source() xdr.AccountId { return f.tx.SourceAccount.ToAccountId() }

// FeeSource is the account that pays.
func (f *Frame) FeeSource() xdr.AccountId {
	if f.bump != nil {
		return f.bump.Tx.FeeSource.ToAccountId()
	}
	return f.Source()
}

// FeeBump tells whether the envelope is a fee bump.
func (f *Frame) FeeBump() bool { return f.bump != nil }

// Sequence is the sequence number that the transaction uses up: its own, or that of the one inside a fee bump.
func (f *Frame) Sequence() int64 { return int64(f.tx.SeqNum) }

// Repeats tells whether f is g again: the same envelope, or the transaction inside the fee bump g.
func (f *Frame) Repeats(g *Frame) bool {
	return f.Signed == g.Signed || f.bump == nil && g.bump != nil && f.Signed == g.inner
}

// Contract tells transactions that run the contract host, or move lifetimes, from all others.
func (f *Frame) Contract() bool { return len(f.operations) > 0 && f.operations[0].contract() }

// Data is what a Contract transaction declares. Its zero value if it declares nothing.
func (f *Frame) Data() xdr.SorobanTransactionData {
	if f.tx.Ext.SorobanData == nil {
		return xdr.SorobanTransactionData{}
	}
	return *f.tx.Ext.SorobanData
}

// Operations are the operations.
func (f *Frame) Operations() []xdr.Operation { return f.tx.Operations }

// opCount is what fees are counted by: a fee bump is an operation more.
func (f *Frame) opCount() int64 {
	if f.bump != nil {
		return int64(len(f.operations)) + 1
	}
	return int64(len(f.operations))
}

// LedgerOperations is what the transaction counts among those of a ledger: a contract's one, any other as many as it has, and a fee bump one more
// (stellar-core, FeeBumpTransactionFrame::getResources).
func (f *Frame) LedgerOperations() int64 { return f.opCount() }

// LedgerBytes is what it counts among the bytes of a ledger's contract transactions: those of the envelope, of a fee bump those of the one inside.
func (f *Frame) LedgerBytes() int64 { return int64(f.innerSize) }

// FullFee is the most that the transaction pays, in stroops.
func (f *Frame) FullFee() int64 {
	if f.bump != nil {
		return int64(f.bump.Tx.Fee)
	}
	return int64(f.tx.Fee)
}

// InclusionFee is what is left of FullFee after the declared resource fee, in stroops, and the operations that it is bid for: a fee bump counts as
// one more. A node compares fees by the operation.
func (f *Frame) InclusionFee() (fee, operations int64) { return f.inclusionFee(), max(1, f.opCount()) }

// inclusionFee is what is left of the full fee after the declared resource fee.
func (f *Frame) inclusionFee() int64 { return f.FullFee() - f.resourceFee() }

func (f *Frame) innerInclusionFee() int64 { return int64(f.tx.Fee) - f.resourceFee() }

func (f *Frame) resourceFee() int64 {
	if !f.Contract() {
		return 0
	}
	return int64(f.Data().ResourceFee)
}

// feeBid is what is taken at first when ledgers are not full: the base fee an operation, and all of the resource fee.
func (f *Frame) feeBid(baseFee int64) int64 {
	return f.resourceFee() + min(f.inclusionFee(), baseFee*max(1, f.opCount()))
}

func (f *Frame) preconditions() xdr.PreconditionsV2 {
	switch f.tx.Cond.Type {
	case xdr.PreconditionTypePrecondV2:
		return *f.tx.Cond.V2
	case xdr.PreconditionTypePrecondTime:
		return xdr.PreconditionsV2{TimeBounds: f.tx.Cond.TimeBounds}
	}
	return xdr.PreconditionsV2{}
}

func (f *Frame) restores() bool {
	return f.Contract() && f.operations[0].Body.Type == xdr.OperationTypeRestoreFootprint
}

// DiskReads counts the entries of the footprint that are read from disk: classic ones, and archived ones that are restored.
func (f *Frame) DiskReads() uint32 {
	data := f.Data()
	fp := data.Resources.Footprint
	if f.restores() {
		return uint32(len(fp.ReadWrite))
	}
	n := len(archivedIndices(data))
	for _, list := range [][]xdr.LedgerKey{fp.ReadOnly, fp.ReadWrite} {
		for _, k := range list {
			if !contractEntry(k) {
				n++
			}
		}
	}
	return uint32(n)
}

func contractEntry(k xdr.LedgerKey) bool {
	return k.Type == xdr.LedgerEntryTypeContractData || k.Type == xdr.LedgerEntryTypeContractCode
}

func persistent(k xdr.LedgerKey) bool {
	return k.Type == xdr.LedgerEntryTypeContractCode ||
		k.Type == xdr.LedgerEntryTypeContractData && k.ContractData.Durability == xdr.ContractDataDurabilityPersistent
}

func archivedIndices(d xdr.SorobanTransactionData) []xdr.Uint32 {
	if d.Ext.ResourceExt == nil {
		return nil
	}
	return d.Ext.ResourceExt.ArchivedSorobanEntries
}

func hashOf(v interface{ MarshalBinary() ([]byte, error) }) xdr.Hash { return sha256.Sum256(encode(v)) }

// encode is for values that were decoded or made here, which always encode.
func encode(v interface{ MarshalBinary() ([]byte, error) }) []byte {
	b, err := v.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("%T cannot be encoded: %v", v, err))
	}
	return b
}

// HasData tells whether the transaction declares contract resources.
func (f *Frame) HasData() bool { return f.tx.Ext.SorobanData != nil }
