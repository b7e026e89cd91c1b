package stellar

import (
	"fmt"
	"math"

	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// A FeeBump is a signed transaction that another account pays for (CAP-15): its own source uses a sequence number and authorises what it
// authorises, and pays nothing. It does not change; Sign returns a new one.
type FeeBump struct {
	bump  xdr.FeeBumpTransactionEnvelope
	inner Transaction
}

// BumpFee is the fee of a bump that bids as much for each of its two operations (the network counts the bump itself as one) as the inner
// transaction bids for its own, in stroops: the least that the network takes.
func BumpFee(inner Transaction) int64 {
	return inner.ResourceFee() + 2*max(inner.InclusionFee(), MinInclusionFee)
}

// Bump is an unsigned fee bump: payer pays at most fee stroops for the inner transaction, which is signed already. It refuses
// (ErrTransaction) a fee below BumpFee, and an inner transaction that nobody has signed: its signatures are part of what payer signs.
func Bump(inner Transaction, payer Address, fee int64) (FeeBump, error) {
	switch {
	case payer.Contract:
		return FeeBump{}, fmt.Errorf("payer %s of a fee bump: %w: %w", payer, ErrNotAccount, ErrTransaction)
	case inner.Signatures() == 0:
		return FeeBump{}, fmt.Errorf("a fee bump around a transaction that nobody has signed: %w", ErrTransaction)
	case fee < BumpFee(inner) || fee > math.MaxInt64/2:
		return FeeBump{}, fmt.Errorf("a fee bump of %d stroops: not from %d, what the network takes for this transaction: %w", fee, BumpFee(inner), ErrTransaction)
	}
	v1 := inner.v1
	return FeeBump{
		bump: xdr.FeeBumpTransactionEnvelope{Tx: xdr.FeeBumpTransaction{
			FeeSource: account(payer), Fee: xdr.Int64(fee),
			InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &v1},
		}},
		inner: inner,
	}, nil
}

// Inner is the transaction that is paid for.
func (b FeeBump) Inner() Transaction { return b.inner }

// Payer is the account that pays.
func (b FeeBump) Payer() Address { return Address{Key: b.bump.Tx.FeeSource.MustEd25519()} }

// MaxFee is the most it can cost its payer, in stroops; the fee of the inner transaction is not charged beside it.
func (b FeeBump) MaxFee() int64 { return int64(b.bump.Tx.Fee) }

// Signatures is how many signatures it has of its own, beside the inner transaction's.
func (b FeeBump) Signatures() int { return len(b.bump.Signatures) }

// Hash is what the payer signs, and how the network names the transaction; the inner one has a hash of its own.
func (b FeeBump) Hash(n Network) Hash {
	sum, err := network.HashFeeBumpTransaction(b.bump.Tx, n.passphrase)
	if err != nil {
		// It was built or decoded here and the network has a passphrase: there is nothing left to fail.
		panic("hash of a fee bump: " + err.Error())
	}
	return sum
}

// Sign is the fee bump with the signatures of keys added to those it has.
func (b FeeBump) Sign(n Network, keys ...Key) (FeeBump, error) {
	sum := b.Hash(n)
	for _, key := range keys {
		signer, err := ParseAccount(key.Address())
		if err != nil {
			return FeeBump{}, fmt.Errorf("sign a fee bump: %w", err)
		}
		signature, err := key.Sign(sum[:])
		if err != nil {
			return FeeBump{}, fmt.Errorf("sign a fee bump by %s: %w", signer, err)
		}
		b.bump.Signatures = withSignature(b.bump.Signatures, signer, signature)
	}
	return b, nil
}

// SignedBy tells whether the fee bump carries a valid signature by that account's own key, as verify (ed25519) judges.
func (b FeeBump) SignedBy(n Network, signer Address, verify func(key [32]byte, payload, signature []byte) bool) bool {
	return signedBy(b.bump.Signatures, b.Hash(n), signer, verify)
}

// Base64 is the fee bump as the network takes it.
func (b FeeBump) Base64() (string, error) {
	return Encode(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &b.bump})
}

// ParseSubmitted reads what may be submitted: a transaction, or a fee bump around one (bump is nil if it is none), each as Base64 could
// have written it. All else is refused (ErrTransaction).
func ParseSubmitted(text string) (tx Transaction, bump *FeeBump, err error) {
	var e xdr.TransactionEnvelope
	if err := Decode("transaction", text, &e); err != nil {
		return Transaction{}, nil, fmt.Errorf("%w: %w", err, ErrTransaction)
	}
	if e.Type != xdr.EnvelopeTypeEnvelopeTypeTxFeeBump {
		tx, err = readTransaction(e)
		return tx, nil, err
	}
	outer := e.FeeBump.Tx
	if outer.FeeSource.Type != xdr.CryptoKeyTypeKeyTypeEd25519 {
		return Transaction{}, nil, fmt.Errorf("fee bump: its payer is a muxed account (M…), use the account it stands on: %w", ErrTransaction)
	}
	if tx, err = readTransaction(xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: outer.InnerTx.V1}); err != nil {
		return Transaction{}, nil, fmt.Errorf("inner %w", err)
	}
	if outer.Fee < 0 {
		return Transaction{}, nil, fmt.Errorf("fee bump: a fee below zero: %w", ErrTransaction)
	}
	return tx, &FeeBump{bump: *e.FeeBump, inner: tx}, nil
}
