package tx

import (
	"math"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// maxSubentries is how many trustlines and signers an account may have.
const maxSubentries = 1000

// account returns an account, nil if there is none.
func account(r ledger.Reader, id xdr.AccountId) *xdr.AccountEntry {
	raw, ok := r.Get(ledger.AccountKey(id))
	if !ok {
		return nil
	}
	return ledger.Decode(raw).Data.Account
}

func putAccount(d *ledger.Delta, a *xdr.AccountEntry) {
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: a})
}

// minBalance is the reserve in stroops: two for the account, one for each subentry.
func minBalance(h *xdr.LedgerHeader, subentries int64) int64 {
	return (2 + subentries) * int64(h.BaseReserve)
}

// available is what an account may spend, in stroops; below zero if it is short of its reserve.
func available(h *xdr.LedgerHeader, a *xdr.AccountEntry) int64 {
	return int64(a.Balance) - minBalance(h, int64(a.NumSubEntries))
}

// addLumens changes an account's balance. It answers false, and changes nothing, if a payment would break the reserve or a receipt
// would overflow.
func addLumens(h *xdr.LedgerHeader, a *xdr.AccountEntry, stroops int64) bool {
	if stroops < 0 && available(h, a) < -stroops || stroops > 0 && int64(a.Balance) > math.MaxInt64-stroops {
		return false
	}
	a.Balance += xdr.Int64(stroops)
	return true
}

// addSubentry counts one subentry more. It returns the outcome of running into the limit or the reserve.
func addSubentry(h *xdr.LedgerHeader, a *xdr.AccountEntry, lowReserve opCode) opCode {
	if a.NumSubEntries >= maxSubentries {
		return opCode{outer: xdr.OperationResultCodeOpTooManySubentries}
	}
	if int64(a.Balance) < minBalance(h, int64(a.NumSubEntries)+1) {
		return lowReserve
	}
	a.NumSubEntries++
	return opCode{}
}

// extension returns the newest extension of an account, making those in between.
func extension(a *xdr.AccountEntry) *xdr.AccountEntryExtensionV2 {
	if a.Ext.V1 == nil {
		a.Ext = xdr.AccountEntryExt{V: 1, V1: &xdr.AccountEntryExtensionV1{}}
	}
	if a.Ext.V1.Ext.V2 == nil {
		a.Ext.V1.Ext = xdr.AccountEntryExtensionV1Ext{V: 2, V2: &xdr.AccountEntryExtensionV2{
			SignerSponsoringIDs: make([]xdr.SponsorshipDescriptor, len(a.Signers))}}
	}
	if v2 := a.Ext.V1.Ext.V2; v2.Ext.V3 == nil {
		v2.Ext = xdr.AccountEntryExtensionV2Ext{V: 3, V3: &xdr.AccountEntryExtensionV3{}}
	}
	return a.Ext.V1.Ext.V2
}

// nobodySponsors says so of each signer, in an account that has a place for it: one that has never used its sequence number has none.
func nobodySponsors(a *xdr.AccountEntry) {
	if a.Ext.V1 != nil && a.Ext.V1.Ext.V2 != nil {
		a.Ext.V1.Ext.V2.SignerSponsoringIDs = make([]xdr.SponsorshipDescriptor, len(a.Signers))
	}
}

// removeSigner takes a signer away, if the account has it.
func removeSigner(a *xdr.AccountEntry, key xdr.SignerKey) bool {
	i, found := findSigner(a.Signers, key)
	if !found {
		return false
	}
	a.Signers = append(a.Signers[:i], a.Signers[i+1:]...)
	nobodySponsors(a)
	a.NumSubEntries--
	return true
}

// holding is somebody's balance of an issued asset: a trustline, or the issuer's, which knows no bounds.
type holding struct {
	issuer bool
	line   *xdr.TrustLineEntry
}

// hold returns a holding, nil if there is none.
func hold(r ledger.Reader, id xdr.AccountId, asset xdr.Asset) *holding {
	if issues(id, asset) {
		return &holding{issuer: true}
	}
	raw, ok := r.Get(ledger.TrustlineKey(id, asset))
	if !ok {
		return nil
	}
	return &holding{line: ledger.Decode(raw).Data.TrustLine}
}

func (t *holding) authorized() bool {
	return t.issuer || xdr.TrustLineFlags(t.line.Flags)&xdr.TrustLineFlagsAuthorizedFlag != 0
}

// add changes the balance, within zero and the limit, and stores it.
func (t *holding) add(d *ledger.Delta, amount int64) bool {
	if t.issuer {
		return true
	}
	if amount > 0 && int64(t.line.Balance) > int64(t.line.Limit)-amount || int64(t.line.Balance)+amount < 0 {
		return false
	}
	t.line.Balance += xdr.Int64(amount)
	d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTrustline, TrustLine: t.line})
	return true
}

func issues(id xdr.AccountId, asset xdr.Asset) bool {
	issuer := assetIssuer(asset)
	return issuer != nil && issuer.Equals(id)
}

// assetIssuer is nil for lumens.
func assetIssuer(a xdr.Asset) *xdr.AccountId {
	switch a.Type {
	case xdr.AssetTypeAssetTypeCreditAlphanum4:
		return &a.AlphaNum4.Issuer
	case xdr.AssetTypeAssetTypeCreditAlphanum12:
		return &a.AlphaNum12.Issuer
	}
	return nil
}

// validAsset tells whether a code is one: letters and digits, then zeros; five and more in the longer kind.
func validAsset(a xdr.Asset) bool {
	var code []byte
	least := 1
	switch a.Type {
	case xdr.AssetTypeAssetTypeNative:
		return true
	case xdr.AssetTypeAssetTypeCreditAlphanum4:
		code = a.AlphaNum4.AssetCode[:]
	case xdr.AssetTypeAssetTypeCreditAlphanum12:
		code, least = a.AlphaNum12.AssetCode[:], 5
	default:
		return false
	}
	n := 0
	for n < len(code) && isAlphanumeric(code[n]) {
		n++
	}
	for _, c := range code[n:] {
		if c != 0 {
			return false
		}
	}
	return n >= least
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
