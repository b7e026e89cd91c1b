package tx

import (
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

const (
	allAccountFlags = uint32(xdr.AccountFlagsAuthRequiredFlag | xdr.AccountFlagsAuthRevocableFlag |
		xdr.AccountFlagsAuthImmutableFlag | xdr.AccountFlagsAuthClawbackEnabledFlag)
	maxSigners = 20
)

func checkSetOptions(op *xdr.SetOptionsOp, source xdr.AccountId) opCode {
	set, clear := value(op.SetFlags), value(op.ClearFlags)
	if (set|clear)&^allAccountFlags != 0 {
		return own(xdr.SetOptionsResultCodeSetOptionsUnknownFlag)
	}
	if set&clear != 0 {
		return own(xdr.SetOptionsResultCodeSetOptionsBadFlags)
	}
	for _, t := range []*xdr.Uint32{op.MasterWeight, op.LowThreshold, op.MedThreshold, op.HighThreshold} {
		if value(t) > maxWeight {
			return own(xdr.SetOptionsResultCodeSetOptionsThresholdOutOfRange)
		}
	}
	if s := op.Signer; s != nil {
		self := s.Key.Type == xdr.SignerKeyTypeSignerKeyTypeEd25519 && *s.Key.Ed25519 == *source.Ed25519
		empty := s.Key.Type == xdr.SignerKeyTypeSignerKeyTypeEd25519SignedPayload && len(s.Key.Ed25519SignedPayload.Payload) == 0
		if self || empty || s.Weight > maxWeight {
			return own(xdr.SetOptionsResultCodeSetOptionsBadSigner)
		}
	}
	if op.HomeDomain != nil {
		for _, c := range []byte(*op.HomeDomain) {
			if c < 0x20 || c >= 0x7f {
				return own(xdr.SetOptionsResultCodeSetOptionsInvalidHomeDomain)
			}
		}
	}
	return opCode{}
}

func value(p *xdr.Uint32) uint32 {
	if p == nil {
		return 0
	}
	return uint32(*p)
}

func (o *operation) setOptions(l *Ledger, d *ledger.Delta) opCode {
	op := o.Body.SetOptionsOp
	a := account(d, o.source())
	if op.InflationDest != nil {
		if !op.InflationDest.Equals(a.AccountId) && account(d, *op.InflationDest) == nil {
			return own(xdr.SetOptionsResultCodeSetOptionsInvalidInflation)
		}
		a.InflationDest = op.InflationDest
	}
	set, clear := value(op.SetFlags), value(op.ClearFlags)
	if set|clear != 0 {
		if has(a, xdr.AccountFlagsAuthImmutableFlag) {
			return own(xdr.SetOptionsResultCodeSetOptionsCantChange)
		}
		a.Flags = xdr.Uint32(uint32(a.Flags)&^clear | set)
		if has(a, xdr.AccountFlagsAuthClawbackEnabledFlag) && !has(a, xdr.AccountFlagsAuthRevocableFlag) {
			return own(xdr.SetOptionsResultCodeSetOptionsAuthRevocableRequired)
		}
	}
	if op.HomeDomain != nil {
		a.HomeDomain = *op.HomeDomain
	}
	for i, t := range []*xdr.Uint32{op.MasterWeight, op.LowThreshold, op.MedThreshold, op.HighThreshold} {
		if t != nil {
			a.Thresholds[i] = byte(*t)
		}
	}
	if op.Signer != nil {
		if code := changeSigner(l, a, *op.Signer); !code.ok() {
			return code
		}
	}
	putAccount(d, a)
	return opCode{}
}

// changeSigner adds a signer, changes its weight, or with weight 0 takes it away.
func changeSigner(l *Ledger, a *xdr.AccountEntry, s xdr.Signer) opCode {
	if s.Weight == 0 {
		removeSigner(a, s.Key)
		return opCode{}
	}
	i, found := findSigner(a.Signers, s.Key)
	if found {
		a.Signers[i].Weight = s.Weight
		return opCode{}
	}
	if len(a.Signers) >= maxSigners {
		return own(xdr.SetOptionsResultCodeSetOptionsTooManySigners)
	}
	if code := addSubentry(l.Header, a, own(xdr.SetOptionsResultCodeSetOptionsLowReserve)); !code.ok() {
		return code
	}
	a.Signers = slices.Insert(a.Signers, i, s)
	nobodySponsors(a)
	return opCode{}
}
