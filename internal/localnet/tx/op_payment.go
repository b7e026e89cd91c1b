package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

func checkCreateAccount(op *xdr.CreateAccountOp, source xdr.AccountId) opCode {
	if op.StartingBalance < 0 || op.Destination.Equals(source) {
		return own(xdr.CreateAccountResultCodeCreateAccountMalformed)
	}
	return opCode{}
}

func (o *operation) createAccount(l *Ledger, d *ledger.Delta, ev *eventLog) opCode {
	op := o.Body.CreateAccountOp
	if account(d, op.Destination) != nil {
		return own(xdr.CreateAccountResultCodeCreateAccountAlreadyExist)
	}
	if int64(op.StartingBalance) < minBalance(l.Header, 0) {
		return own(xdr.CreateAccountResultCodeCreateAccountLowReserve)
	}
	source := account(d, o.source())
	if !addLumens(l.Header, source, -int64(op.StartingBalance)) {
		return own(xdr.CreateAccountResultCodeCreateAccountUnderfunded)
	}
	putAccount(d, source)
	putAccount(d, &xdr.AccountEntry{AccountId: op.Destination, Balance: op.StartingBalance,
		// Sequence numbers begin at the ledger's, shifted, so that an account made again cannot repeat a transaction.
		SeqNum: xdr.SequenceNumber(l.Header.LedgerSeq) << 32, Thresholds: xdr.Thresholds{1, 0, 0, 0}})
	ev.transfer(xdr.MustNewNativeAsset(), muxedAddress(o.muxedSource()), scval.Account(op.Destination), int64(op.StartingBalance))
	return opCode{}
}

func (o *operation) pay(l *Ledger, d *ledger.Delta, ev *eventLog) opCode {
	op := o.Body.PaymentOp
	to := op.Destination.ToAccountId()
	if op.Asset.Type == xdr.AssetTypeAssetTypeNative {
		if code := o.payLumens(l, d, to); !code.ok() {
			return code
		}
	} else if code := o.payIssued(d, to); !code.ok() {
		return code
	}
	ev.payment(op.Asset, muxedAddress(o.muxedSource()), muxedAddress(op.Destination), int64(op.Amount))
	return opCode{}
}

func (o *operation) payLumens(l *Ledger, d *ledger.Delta, to xdr.AccountId) opCode {
	amount := int64(o.Body.PaymentOp.Amount)
	if to.Equals(o.source()) {
		return opCode{}
	}
	dest := account(d, to)
	if dest == nil {
		return own(xdr.PaymentResultCodePaymentNoDestination)
	}
	if !addLumens(l.Header, dest, amount) {
		return own(xdr.PaymentResultCodePaymentLineFull)
	}
	source := account(d, o.source())
	if !addLumens(l.Header, source, -amount) {
		return own(xdr.PaymentResultCodePaymentUnderfunded)
	}
	putAccount(d, dest)
	putAccount(d, source)
	return opCode{}
}

func (o *operation) payIssued(d *ledger.Delta, to xdr.AccountId) opCode {
	op := o.Body.PaymentOp
	// Whoever holds an asset can always give it back, even if the issuer's account is gone.
	if !issues(to, op.Asset) && account(d, to) == nil {
		return own(xdr.PaymentResultCodePaymentNoDestination)
	}
	in := hold(d, to, op.Asset)
	switch {
	case in == nil:
		return own(xdr.PaymentResultCodePaymentNoTrust)
	case !in.authorized():
		return own(xdr.PaymentResultCodePaymentNotAuthorized)
	case !in.add(d, int64(op.Amount)):
		return own(xdr.PaymentResultCodePaymentLineFull)
	}
	out := hold(d, o.source(), op.Asset)
	switch {
	case out == nil:
		return own(xdr.PaymentResultCodePaymentSrcNoTrust)
	case !out.authorized():
		return own(xdr.PaymentResultCodePaymentSrcNotAuthorized)
	case !out.add(d, -int64(op.Amount)):
		return own(xdr.PaymentResultCodePaymentUnderfunded)
	}
	return opCode{}
}
