package tx

import (
	"context"
	"math"
	"math/bits"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// Verdict is what a node answers to a transaction that is handed in.
type Verdict struct {
	Valid       bool
	Result      xdr.TransactionResult // what is wrong, when it is not valid
	Diagnostics []xdr.DiagnosticEvent // details about a contract transaction
}

// Check tells whether f could be applied in l on the entries of r. Nothing changes. The error is the contract host's, when it could
// not tell the fee.
func Check(ctx context.Context, l *Ledger, r ledger.Reader, f *Frame) (Verdict, error) {
	now := l.closeTime()
	return checked(ctx, l, r, f, window{now, now})
}

// submitSeconds is how far ahead a transaction that is handed in has to be valid: two ledgers (stellar-core, getUpperBoundCloseTimeOffset).
const submitSeconds = 2 * ledger.CloseSeconds

// CheckSubmitted is Check for a transaction that is handed in and has to wait. A node goes by what it knows: too early is what the last ledger was too early for,
// too late what may be before it is in one.
func CheckSubmitted(ctx context.Context, l *Ledger, r ledger.Reader, f *Frame) (Verdict, error) {
	return checked(ctx, l, r, f, window{uint64(l.PreviousClose), l.closeTime() + submitSeconds})
}

func checked(ctx context.Context, l *Ledger, r ledger.Reader, f *Frame, w window) (Verdict, error) {
	g := &diagnostics{}
	o, err := check(ctx, l, r, f, g, w)
	if err != nil {
		return Verdict{}, err
	}
	return Verdict{Valid: o.ok(), Result: o.result(), Diagnostics: g.list}, nil
}

func check(ctx context.Context, l *Ledger, r ledger.Reader, f *Frame, g *diagnostics, w window) (*outcome, error) {
	o := newOutcome(f, f.resourceFee()+l.minInclusionFee(f.opCount()))
	if malformedFee(f) {
		return refused(f, xdr.TransactionResultCodeTxMalformed, 0), nil
	}
	v := &validation{l: l, r: r, f: f, g: g, signatures: newChecker(f, f.contents, f.signatures, false), window: w}
	if f.bump != nil && !v.bump(o) {
		return o, nil
	}
	if err := v.price(ctx); err != nil {
		return nil, err
	}
	if _, ok := v.common(o); !ok {
		return o, nil
	}
	for i := range f.operations {
		op := &f.operations[i]
		code := opCode{outer: xdr.OperationResultCodeOpNotSupported}
		if supported(op.Body.Type) {
			if code = op.checkSignature(r, v.signatures, false); code.ok() {
				code = op.check(l, g)
			}
		}
		if !code.ok() {
			o.ops[i] = opResult(op.Body.Type, code)
			o.fail(xdr.TransactionResultCodeTxFailed)
			return o, nil
		}
	}
	if !v.signatures.allUsed() {
		o.fail(xdr.TransactionResultCodeTxBadAuthExtra)
	}
	return o, nil
}

// CheckFee refuses fees that make no sense (malformedFee), as txMALFORMED; a node asks that before anything else.
func CheckFee(f *Frame) Verdict {
	if malformedFee(f) {
		return Refuse(f, xdr.TransactionResultCodeTxMalformed, 0)
	}
	return Verdict{Valid: true}
}

// CheckResources tells whether what a contract transaction declares is within the network's limits, and nothing more; any other transaction is
// valid here. A node asks that even of a transaction for which its queue has no place.
func CheckResources(l *Ledger, f *Frame) Verdict {
	if !f.Contract() {
		return Verdict{Valid: true}
	}
	g := &diagnostics{}
	v := &validation{l: l, f: f, g: g}
	if v.resourcesAllowed() {
		return Verdict{Valid: true}
	}
	refused := Refuse(f, xdr.TransactionResultCodeTxSorobanInvalid, 0)
	refused.Diagnostics = g.list
	return refused
}

// Refuse is what a node answers to a transaction that it does not take for reasons of its queue; fee is what it names as charged, in
// stroops.
func Refuse(f *Frame, code xdr.TransactionResultCode, fee int64) Verdict {
	return Verdict{Result: refused(f, code, fee).result()}
}

// refused is an outcome of the whole transaction, not of the one inside a fee bump.
func refused(f *Frame, code xdr.TransactionResultCode, fee int64) *outcome {
	o := &outcome{frame: f, code: code, fee: fee}
	if f.bump != nil {
		o.bump = code
	}
	return o
}

// Spendable is what an account may spend, in stroops: its lumens above the reserve, 0 if it does not exist.
func Spendable(l *Ledger, r ledger.Reader, id xdr.AccountId) int64 {
	a := account(r, id)
	if a == nil {
		return 0
	}
	return available(l.Header, a)
}

// maxResourceFee bounds a declared resource fee (stellar-core, MAX_RESOURCE_FEE).
const maxResourceFee = 1 << 50

// malformedFee refuses fees that are none: below zero, beyond all bounds, or less than the resource fee that they have to bear.
func malformedFee(f *Frame) bool {
	if f.Contract() && (f.tx.Ext.V != 1 || f.resourceFee() < 0 || f.resourceFee() > maxResourceFee) {
		return true
	}
	return f.FullFee() < 0 || f.inclusionFee() < 0
}

// validation checks one transaction against one state.
type validation struct {
	l          *Ledger
	r          ledger.Reader
	f          *Frame
	g          *diagnostics
	signatures *checker
	applying   bool
	window     window

	fixed, refundable int64 // of the resource fee
}

// window is what times are compared with, in Unix seconds: a first time with earliest, a last one with latest.
type window struct{ earliest, latest uint64 }

// price asks for the resource fee.
func (v *validation) price(ctx context.Context) (err error) {
	if v.f.Contract() {
		v.fixed, v.refundable, err = v.l.resourceFee(ctx, v.r, v.f, 0)
	}
	return err
}

// bump checks what a fee bump adds: a higher bid, and an account that pays it and has signed.
func (v *validation) bump(o *outcome) bool {
	f := v.f
	least, leastInner := v.l.minInclusionFee(f.opCount()), v.l.minInclusionFee(int64(len(f.operations)))
	if f.inclusionFee() < least {
		o.bump = xdr.TransactionResultCodeTxInsufficientFee
		return false
	}
	switch bid := f.innerInclusionFee(); {
	case bid >= 0:
		// The bid an operation must not be below the inner one's: a/b >= c/d as a·d >= c·b.
		hi1, lo1 := bits.Mul64(uint64(f.inclusionFee()), uint64(leastInner))
		hi2, lo2 := bits.Mul64(uint64(bid), uint64(least))
		if hi1 < hi2 || hi1 == hi2 && lo1 < lo2 {
			o.bump = xdr.TransactionResultCodeTxInsufficientFee
			o.fee = math.MaxInt64
			if hi2 < uint64(leastInner) {
				if need, rest := bits.Div64(hi2, lo2, uint64(leastInner)); need < math.MaxInt64 {
					o.fee = int64(need)
					if rest > 0 {
						o.fee++
					}
				}
			}
			return false
		}
	case !f.Contract():
		o.fail(xdr.TransactionResultCodeTxInsufficientFee) // a bump does not stand for less than nothing
		return false
	}
	payer := account(v.r, f.FeeSource())
	signatures := newChecker(f, f.Hash, f.bump.Signatures, v.applying)
	switch {
	case payer == nil:
		o.bump = xdr.TransactionResultCodeTxNoAccount
	case !signatures.enough(signersOf(payer), int(payer.Thresholds[thresholdLow])):
		o.bump = xdr.TransactionResultCodeTxBadAuth
	case available(v.l.Header, payer) < f.FullFee():
		o.bump = xdr.TransactionResultCodeTxInsufficientBalance
	case !signatures.allUsed():
		o.bump = xdr.TransactionResultCodeTxBadAuthExtra
	default:
		return true
	}
	return false
}

// common checks all but the operations. useSequence tells whether a failed transaction still uses up its sequence number.
func (v *validation) common(o *outcome) (useSequence, ok bool) {
	source, code := v.beforeSequence()
	if code == xdr.TransactionResultCodeTxSuccess && v.badSequence(int64(source.SeqNum)) {
		code = xdr.TransactionResultCodeTxBadSeq
	}
	if code != xdr.TransactionResultCodeTxSuccess {
		o.fail(code)
		return false, false
	}
	switch {
	case v.tooEarlyFor(source):
		o.fail(xdr.TransactionResultCodeTxBadMinSeqAgeOrGap)
	case !v.signed(source):
		o.fail(xdr.TransactionResultCodeTxBadAuth)
	case v.f.bump == nil && available(v.l.Header, source) < v.toPay():
		o.fail(xdr.TransactionResultCodeTxInsufficientBalance)
	default:
		return true, true
	}
	return true, false
}

// toPay is what must be there beyond the reserve: nothing more once the fee has been taken.
func (v *validation) toPay() int64 {
	if v.applying {
		return 0
	}
	return v.f.FullFee()
}

func (v *validation) beforeSequence() (*xdr.AccountEntry, xdr.TransactionResultCode) {
	f, p := v.f, v.f.preconditions()
	if len(p.ExtraSigners) == 2 && string(encode(p.ExtraSigners[0])) == string(encode(p.ExtraSigners[1])) {
		return nil, xdr.TransactionResultCodeTxMalformed
	}
	for _, s := range p.ExtraSigners {
		if s.Type == xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload && len(s.Ed25519SignedPayload.Payload) == 0 {
			return nil, xdr.TransactionResultCodeTxMalformed
		}
	}
	if len(f.operations) == 0 {
		return nil, xdr.TransactionResultCodeTxMissingOperation
	}
	if code := v.contractRules(); code != xdr.TransactionResultCodeTxSuccess {
		return nil, code
	}
	if code := v.bounds(p); code != xdr.TransactionResultCodeTxSuccess {
		return nil, code
	}
	if f.bump == nil && f.inclusionFee() < v.l.minInclusionFee(int64(len(f.operations))) {
		return nil, xdr.TransactionResultCodeTxInsufficientFee
	}
	source := account(v.r, f.Source())
	if source == nil {
		return nil, xdr.TransactionResultCodeTxNoAccount
	}
	return source, xdr.TransactionResultCodeTxSuccess
}

// bounds checks the time and ledger bounds. Both ends of a time span belong to it, the last ledger does not.
func (v *validation) bounds(p xdr.PreconditionsV2) xdr.TransactionResultCode {
	seq := v.l.sequence()
	if t := p.TimeBounds; t != nil && uint64(t.MinTime) > v.window.earliest {
		return xdr.TransactionResultCodeTxTooEarly
	}
	if b := p.LedgerBounds; b != nil && uint32(b.MinLedger) > seq {
		return xdr.TransactionResultCodeTxTooEarly
	}
	if t := p.TimeBounds; t != nil && t.MaxTime != 0 && uint64(t.MaxTime) < v.window.latest {
		return xdr.TransactionResultCodeTxTooLate
	}
	if b := p.LedgerBounds; b != nil && b.MaxLedger != 0 && uint32(b.MaxLedger) <= seq {
		return xdr.TransactionResultCodeTxTooLate
	}
	return xdr.TransactionResultCodeTxSuccess
}

func (v *validation) badSequence(current int64) bool {
	want := int64(v.f.tx.SeqNum)
	if want == int64(v.l.sequence())<<32 { // an account that is made in this ledger starts there
		return true
	}
	if least := v.f.preconditions().MinSeqNum; least != nil {
		return current < int64(*least) || current >= want
	}
	return current == math.MaxInt64 || current+1 != want
}

// tooEarlyFor checks how long ago, in time and ledgers, the account last used a sequence number.
func (v *validation) tooEarlyFor(a *xdr.AccountEntry) bool {
	p := v.f.preconditions()
	var usedAt, usedIn uint64
	if a.Ext.V1 != nil && a.Ext.V1.Ext.V2 != nil && a.Ext.V1.Ext.V2.Ext.V3 != nil {
		v3 := a.Ext.V1.Ext.V2.Ext.V3
		usedAt, usedIn = uint64(v3.SeqTime), uint64(v3.SeqLedger)
	}
	now, seq := v.window.earliest, uint64(v.l.sequence())
	age, gap := uint64(p.MinSeqAge), uint64(p.MinSeqLedgerGap)
	return age > now || now-age < usedAt || gap > seq || seq-gap < usedIn
}

func (v *validation) signed(a *xdr.AccountEntry) bool {
	if !v.signatures.enough(signersOf(a), int(a.Thresholds[thresholdLow])) {
		return false
	}
	extra := v.f.preconditions().ExtraSigners
	if len(extra) == 0 {
		return true
	}
	var signers []xdr.Signer
	for _, k := range extra {
		signers = append(signers, xdr.Signer{Key: k, Weight: 1})
	}
	return v.signatures.enough(signers, len(signers))
}
