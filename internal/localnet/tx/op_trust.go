package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

const (
	authorizedFlag = uint32(xdr.TrustLineFlagsAuthorizedFlag)
	maintainFlag   = uint32(xdr.TrustLineFlagsAuthorizedToMaintainLiabilitiesFlag)
	clawbackFlag   = uint32(xdr.TrustLineFlagsTrustlineClawbackEnabledFlag)
)

// changeTrustAsset is the asset of a ChangeTrust operation; false for pool shares, which do not exist here.
func changeTrustAsset(a xdr.ChangeTrustAsset) (xdr.Asset, bool) {
	if a.Type == xdr.AssetTypeAssetTypePoolShare {
		return xdr.Asset{}, false
	}
	return xdr.Asset{Type: a.Type, AlphaNum4: a.AlphaNum4, AlphaNum12: a.AlphaNum12}, true
}

func checkChangeTrust(op *xdr.ChangeTrustOp, source xdr.AccountId) opCode {
	asset, issued := changeTrustAsset(op.Line)
	if !issued {
		return opCode{outer: xdr.OperationResultCodeOpNotSupported}
	}
	if op.Limit < 0 || asset.IsNative() || !validAsset(asset) || issues(source, asset) {
		return own(xdr.ChangeTrustResultCodeChangeTrustMalformed)
	}
	return opCode{}
}

func (o *operation) changeTrust(l *Ledger, d *ledger.Delta) opCode {
	op := o.Body.ChangeTrustOp
	asset, _ := changeTrustAsset(op.Line)
	issuer := account(d, *assetIssuer(asset))
	existing := hold(d, o.source(), asset)
	if existing == nil {
		return o.newTrust(l, d, asset, issuer)
	}
	if op.Limit < existing.line.Balance {
		return own(xdr.ChangeTrustResultCodeChangeTrustInvalidLimit)
	}
	if op.Limit == 0 {
		source := account(d, o.source())
		source.NumSubEntries--
		putAccount(d, source)
		d.Remove(ledger.TrustlineKey(o.source(), asset))
		return opCode{}
	}
	if issuer == nil {
		return own(xdr.ChangeTrustResultCodeChangeTrustNoIssuer)
	}
	existing.line.Limit = op.Limit
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: existing.line})
	return opCode{}
}

func (o *operation) newTrust(l *Ledger, d *ledger.Delta, asset xdr.Asset, issuer *xdr.AccountEntry) opCode {
	op := o.Body.ChangeTrustOp
	if op.Limit == 0 {
		return own(xdr.ChangeTrustResultCodeChangeTrustInvalidLimit)
	}
	if issuer == nil {
		return own(xdr.ChangeTrustResultCodeChangeTrustNoIssuer)
	}
	line := &xdr.TrustLineEntry{AccountId: o.source(), Asset: asset.ToTrustLineAsset(), Limit: op.Limit}
	if !has(issuer, xdr.AccountFlagsAuthRequiredFlag) {
		line.Flags |= xdr.Uint32(authorizedFlag)
	}
	if has(issuer, xdr.AccountFlagsAuthClawbackEnabledFlag) {
		line.Flags |= xdr.Uint32(clawbackFlag)
	}
	source := account(d, o.source())
	if code := addSubentry(l.Header, source, own(xdr.ChangeTrustResultCodeChangeTrustLowReserve)); !code.ok() {
		return code
	}
	putAccount(d, source)
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: line})
	return opCode{}
}

func has(a *xdr.AccountEntry, flag xdr.AccountFlags) bool { return xdr.AccountFlags(a.Flags)&flag != 0 }

func checkSetTrustLineFlags(op *xdr.SetTrustLineFlagsOp, source xdr.AccountId) opCode {
	set, clear := uint32(op.SetFlags), uint32(op.ClearFlags)
	const all = authorizedFlag | maintainFlag | clawbackFlag
	switch {
	case op.Asset.IsNative(), !validAsset(op.Asset), !issues(source, op.Asset), op.Trustor.Equals(source),
		set&clear != 0, set&^(authorizedFlag|maintainFlag) != 0, !oneAuthorization(set), clear&^all != 0:
		return own(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsMalformed)
	}
	return opCode{}
}

// oneAuthorization tells whether flags grant at most one kind of authorisation.
func oneAuthorization(flags uint32) bool {
	return flags&(authorizedFlag|maintainFlag) != authorizedFlag|maintainFlag
}

func (o *operation) setTrustLineFlags(d *ledger.Delta, ev *eventLog) opCode {
	op := o.Body.SetTrustLineFlagsOp
	set, clear := uint32(op.SetFlags), uint32(op.ClearFlags)
	revokes := clear&(authorizedFlag|maintainFlag) != 0 && set&authorizedFlag == 0
	if revokes && !has(account(d, o.source()), xdr.AccountFlagsAuthRevocableFlag) {
		return own(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsCantRevoke)
	}
	h := hold(d, op.Trustor, op.Asset)
	if h == nil {
		return own(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsNoTrustLine)
	}
	flags := uint32(h.line.Flags)&^clear | set
	if !oneAuthorization(flags) {
		return own(xdr.SetTrustLineFlagsResultCodeSetTrustLineFlagsInvalidState)
	}
	h.line.Flags = xdr.Uint32(flags)
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: h.line})
	ev.authorized(op.Asset, op.Trustor, flags&authorizedFlag != 0)
	return opCode{}
}
