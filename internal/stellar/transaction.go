package stellar

import (
	"errors"
	"fmt"
	"math"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// MinInclusionFee is the least that a transaction bids to be included, in stroops.
const MinInclusionFee = 100

// An Envelope says who sends a transaction and when it may be included.
type Envelope struct {
	// Source sends the transaction and pays for it.
	Source Address
	// Sequence is the last one its account has used; the transaction carries one more.
	Sequence int64
	// NotBefore and NotAfter bound the close time of the ledger that includes it, in unix seconds, both included. NotBefore may be 0.
	// NotAfter may not: a transaction without an end can be included when nobody expects it any more.
	NotBefore, NotAfter uint64
	// InclusionFee is the bid in stroops above what the resources cost, at least MinInclusionFee.
	InclusionFee int64
}

// A Transaction is one of the transactions of this package: sent by an account, with one operation and time bounds. It does not change;
// each step returns a new one.
type Transaction struct{ v1 xdr.TransactionV1Envelope }

// ErrTransaction is what every refusal to build or to read a transaction wraps.
var ErrTransaction = errors.New("not a transaction of ours")

// Invoke is an unsigned transaction that makes the call. Before it can be sent, a simulation must say what it uses (Assemble).
func Invoke(e Envelope, call xdr.InvokeContractArgs) (Transaction, error) {
	return hostFunction(e, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &call})
}

// Restore is an unsigned transaction that brings archived entries back, with the footprint and fee that a simulation gave.
func Restore(e Envelope, data xdr.SorobanTransactionData, resourceFee int64) (Transaction, error) {
	tx, err := build(e, xdr.OperationBody{
		Type:               xdr.OperationTypeRestoreFootprint,
		RestoreFootprintOp: &xdr.RestoreFootprintOp{},
	})
	if err != nil {
		return Transaction{}, err
	}
	return tx.Assemble(data, resourceFee, nil)
}

// ExtendTTL is an unsigned transaction that makes entries live at least ledgers more. It pays their rent: that of a contract's code is for
// its size in memory (docs/contract-attacks.md D5: never the code in a trader's call).
func ExtendTTL(e Envelope, keys []xdr.LedgerKey, ledgers uint32) (Transaction, error) {
	tx, err := build(e, xdr.OperationBody{
		Type:                 xdr.OperationTypeExtendFootprintTtl,
		ExtendFootprintTtlOp: &xdr.ExtendFootprintTtlOp{ExtendTo: xdr.Uint32(ledgers)},
	})
	if err != nil {
		return Transaction{}, err
	}
	// A simulation computes the rest, but wants the footprint to be told.
	tx.v1.Tx.Ext = xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{
		Resources: xdr.SorobanResources{Footprint: xdr.LedgerFootprint{ReadOnly: keys}},
	}}
	return tx, nil
}

func hostFunction(e Envelope, f xdr.HostFunction) (Transaction, error) {
	return build(e, xdr.OperationBody{
		Type:                 xdr.OperationTypeInvokeHostFunction,
		InvokeHostFunctionOp: &xdr.InvokeHostFunctionOp{HostFunction: f},
	})
}

func build(e Envelope, body xdr.OperationBody) (Transaction, error) {
	switch {
	case e.Source.Contract:
		return Transaction{}, fmt.Errorf("source %s: %w: %w", e.Source, ErrNotAccount, ErrTransaction)
	case e.Sequence < 0 || e.Sequence == math.MaxInt64:
		return Transaction{}, fmt.Errorf("sequence number %d of %s has no next one: %w", e.Sequence, e.Source, ErrTransaction)
	case e.InclusionFee < MinInclusionFee || e.InclusionFee > math.MaxUint32:
		return Transaction{}, fmt.Errorf("inclusion fee %d: not from %d to %d stroops: %w", e.InclusionFee, MinInclusionFee, uint32(math.MaxUint32), ErrTransaction)
	case e.NotAfter == 0 || e.NotBefore > e.NotAfter:
		return Transaction{}, fmt.Errorf("time bounds %d to %d: no end, or over before they begin: %w", e.NotBefore, e.NotAfter, ErrTransaction)
	}
	return Transaction{xdr.TransactionV1Envelope{Tx: xdr.Transaction{
		SourceAccount: account(e.Source),
		Fee:           xdr.Uint32(e.InclusionFee),
		SeqNum:        xdr.SequenceNumber(e.Sequence + 1),
		Cond: xdr.NewPreconditionsWithTimeBounds(&xdr.TimeBounds{
			MinTime: xdr.TimePoint(e.NotBefore), MaxTime: xdr.TimePoint(e.NotAfter),
		}),
		Memo:       xdr.Memo{Type: xdr.MemoTypeMemoNone},
		Operations: []xdr.Operation{{Body: body}},
	}}}, nil
}

func account(a Address) xdr.MuxedAccount {
	key := xdr.Uint256(a.Key)
	return xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &key}
}

// Assemble completes an unsigned transaction with a simulation's answer: the footprint and resources it must declare, the least fee for
// them in stroops, and the authorisations, which the caller has compared with the expected ones (CheckTree) and, where they are not the
// source's, had signed. The fee becomes the bid plus resourceFee. It refuses a signed transaction: the signatures would no longer count.
func (t Transaction) Assemble(data xdr.SorobanTransactionData, resourceFee int64, auth []xdr.SorobanAuthorizationEntry) (Transaction, error) {
	if len(t.v1.Signatures) > 0 {
		return Transaction{}, fmt.Errorf("the transaction is signed, nothing can be added to it: %w", ErrTransaction)
	}
	bid := t.InclusionFee()
	if resourceFee < 0 || bid+resourceFee > math.MaxUint32 || bid+resourceFee < bid {
		return Transaction{}, fmt.Errorf("resource fee of %d stroops and a bid of %d: more than a transaction can pay: %w", resourceFee, bid, ErrTransaction)
	}
	tx := t.v1.Tx
	data.ResourceFee = xdr.Int64(resourceFee)
	tx.Ext = xdr.TransactionExt{V: 1, SorobanData: &data}
	tx.Fee = xdr.Uint32(bid + resourceFee)
	op := tx.Operations[0]
	switch {
	case op.Body.InvokeHostFunctionOp != nil:
		invoke := *op.Body.InvokeHostFunctionOp
		invoke.Auth = auth
		op.Body.InvokeHostFunctionOp = &invoke
	case len(auth) > 0:
		return Transaction{}, fmt.Errorf("an operation of type %s takes no authorisations: %w", op.Body.Type, ErrTransaction)
	}
	tx.Operations = []xdr.Operation{op}
	return Transaction{xdr.TransactionV1Envelope{Tx: tx}}, nil
}

// Sign is the transaction with the signatures of keys added to those it has.
func (t Transaction) Sign(n Network, keys ...Key) (Transaction, error) {
	sum := t.Hash(n)
	for _, key := range keys {
		signer, err := ParseAccount(key.Address())
		if err != nil {
			return Transaction{}, fmt.Errorf("sign a transaction: %w", err)
		}
		signature, err := key.Sign(sum[:])
		if err != nil {
			return Transaction{}, fmt.Errorf("sign a transaction by %s: %w", signer, err)
		}
		t = t.WithSignature(signer, signature)
	}
	return t, nil
}

// WithSignature is the transaction with one more signature, made elsewhere over its Hash.
func (t Transaction) WithSignature(signer Address, signature []byte) Transaction {
	t.v1.Signatures = withSignature(t.v1.Signatures, signer, signature)
	return t
}

// withSignature is a fresh list: two transactions may have been made of the same unsigned one.
func withSignature(have []xdr.DecoratedSignature, signer Address, signature []byte) []xdr.DecoratedSignature {
	d := xdr.DecoratedSignature{Signature: signature}
	copy(d.Hint[:], signer.Key[len(signer.Key)-len(d.Hint):])
	signatures := make([]xdr.DecoratedSignature, 0, len(have)+1)
	return append(append(signatures, have...), d)
}

// Hash names the transaction on its network; signatures have no part in it. It is what is signed.
func (t Transaction) Hash(n Network) Hash {
	sum, err := network.HashTransaction(t.v1.Tx, n.passphrase)
	if err != nil {
		// The transaction was built or decoded here and the network has a passphrase: there is nothing left to fail.
		panic("hash of a transaction: " + err.Error())
	}
	return sum
}

// Source sends the transaction.
func (t Transaction) Source() Address { return Address{Key: t.v1.Tx.SourceAccount.MustEd25519()} }

// Sequence is the number it carries.
func (t Transaction) Sequence() int64 { return int64(t.v1.Tx.SeqNum) }

// NotAfter is the last close time, in unix seconds, of a ledger that may include it.
func (t Transaction) NotAfter() uint64 { return uint64(t.v1.Tx.Cond.TimeBounds.MaxTime) }

// MaxFee is the most it can cost its source, in stroops.
func (t Transaction) MaxFee() int64 { return int64(t.v1.Tx.Fee) }

// ResourceFee is the part of MaxFee that pays for resources; some of it may come back.
func (t Transaction) ResourceFee() int64 {
	if t.v1.Tx.Ext.SorobanData == nil {
		return 0
	}
	return int64(t.v1.Tx.Ext.SorobanData.ResourceFee)
}

// InclusionFee is the bid.
func (t Transaction) InclusionFee() int64 { return t.MaxFee() - t.ResourceFee() }

// Signatures is how many signatures it has.
func (t Transaction) Signatures() int { return len(t.v1.Signatures) }

// Data is what the transaction declares to use; nil before Assemble.
func (t Transaction) Data() *xdr.SorobanTransactionData { return t.v1.Tx.Ext.SorobanData }

// RunsHost tells whether it runs a host function: only then a simulation gives a result, and only then it can carry authorisations.
func (t Transaction) RunsHost() bool { return t.v1.Tx.Operations[0].Body.InvokeHostFunctionOp != nil }

// Call is the contract call it makes; false if it does something else.
func (t Transaction) Call() (xdr.InvokeContractArgs, bool) {
	op := t.v1.Tx.Operations[0].Body.InvokeHostFunctionOp
	if op == nil || op.HostFunction.InvokeContract == nil {
		return xdr.InvokeContractArgs{}, false
	}
	return *op.HostFunction.InvokeContract, true
}

// Auth are its authorisations.
func (t Transaction) Auth() []xdr.SorobanAuthorizationEntry {
	op := t.v1.Tx.Operations[0].Body.InvokeHostFunctionOp
	if op == nil {
		return nil
	}
	return op.Auth
}

// Base64 is the transaction as the network takes it.
func (t Transaction) Base64() (string, error) {
	return Encode(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &t.v1})
}

// ParseTransaction reads a transaction that Base64 could have written, whoever wrote it: one Soroban operation without a source of its own,
// sent by an account, with an end of its time and no other condition. All else is refused (ErrTransaction).
func ParseTransaction(text string) (Transaction, error) {
	var e xdr.TransactionEnvelope
	if err := Decode("transaction", text, &e); err != nil {
		return Transaction{}, fmt.Errorf("%w: %w", err, ErrTransaction)
	}
	return readTransaction(e)
}

func readTransaction(e xdr.TransactionEnvelope) (Transaction, error) {
	refuse := func(why string) (Transaction, error) {
		return Transaction{}, fmt.Errorf("transaction: %s: %w", why, ErrTransaction)
	}
	if e.Type != xdr.EnvelopeTypeEnvelopeTypeTx {
		return refuse(fmt.Sprintf("an envelope of type %s, not of a plain transaction", e.Type))
	}
	tx := e.V1.Tx
	switch {
	case tx.SourceAccount.Type != xdr.CryptoKeyTypeKeyTypeEd25519:
		return refuse("its source is a muxed account (M…), use the account it stands on")
	case len(tx.Operations) != 1:
		return refuse(fmt.Sprintf("%d operations, not one", len(tx.Operations)))
	case tx.Operations[0].SourceAccount != nil:
		return refuse("its operation has a source of its own")
	case tx.Cond.Type != xdr.PreconditionTypePrecondTime:
		return refuse("it has no time bounds, or conditions beside them")
	case tx.Cond.TimeBounds.MaxTime == 0:
		return refuse("it has no last time")
	case tx.Ext.SorobanData != nil && (tx.Ext.SorobanData.ResourceFee < 0 || int64(tx.Ext.SorobanData.ResourceFee) > int64(tx.Fee)):
		return refuse("its resource fee is not within its fee")
	}
	switch tx.Operations[0].Body.Type {
	case xdr.OperationTypeInvokeHostFunction, xdr.OperationTypeRestoreFootprint, xdr.OperationTypeExtendFootprintTtl:
	default:
		return refuse(fmt.Sprintf("an operation of type %s", tx.Operations[0].Body.Type))
	}
	return Transaction{*e.V1}, nil
}

// SignedBy tells whether the transaction carries a valid signature by that account's own key, as verify (ed25519) judges. It says nothing
// of the other signers an account may have.
func (t Transaction) SignedBy(n Network, signer Address, verify func(key [32]byte, payload, signature []byte) bool) bool {
	return signedBy(t.v1.Signatures, t.Hash(n), signer, verify)
}

func signedBy(signatures []xdr.DecoratedSignature, sum Hash, signer Address, verify func(key [32]byte, payload, signature []byte) bool) bool {
	for _, s := range signatures {
		if verify(signer.Key, sum[:], s.Signature) {
			return true
		}
	}
	return false
}
