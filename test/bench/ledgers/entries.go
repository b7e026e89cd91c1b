package ledgers

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// touched are the entries that a call writes: the trade's and, where money moves, what is owed and the balances.
type touched struct {
	keys []xdr.LedgerKey
}

func (e *encoder) touched(c called, source stellar.Address) (t touched) {
	t.keys = append(t.keys, stellar.TradeKey(c.contract, c.result.Trade))
	if c.result.Deposit == nil && len(c.result.Payouts) == 0 {
		return t
	}
	t.keys = append(t.keys, stellar.OwedKey(c.contract, e.usdc), balanceKey(e.usdc, c.contract))
	people := []stellar.Address{source}
	for _, p := range c.result.Payouts {
		if who, err := stellar.ParseAccount(string(p.Who)); err == nil && !p.Parked && who != source {
			people = append(people, who)
		}
	}
	for _, who := range people {
		t.keys = append(t.keys, xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: accountID(who), Asset: assetName.ToTrustLineAsset()}})
	}
	return t
}

// balanceKey is that of a contract's balance, which the asset's contract keeps.
func balanceKey(asset, holder stellar.Address) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: asset.ScAddress(), Key: scval.Vec(scval.Symbol("Balance"), holder.ScVal()), Durability: xdr.ContractDataDurabilityPersistent,
	}}
}

func accountID(a stellar.Address) xdr.AccountId {
	key := xdr.Uint256(a.Key)
	return xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key}
}

// changes are the entries before and after; an opened trade's was not there.
func (t touched) changes(c called, seq uint32) (all xdr.LedgerEntryChanges) {
	for i, k := range t.keys {
		entry := xdr.LedgerEntry{LastModifiedLedgerSeq: xdr.Uint32(seq)}
		if k.Type == xdr.LedgerEntryTypeTrustline {
			entry.Data = xdr.LedgerEntryData{Type: k.Type, TrustLine: &xdr.TrustLineEntry{AccountId: k.TrustLine.AccountId, Asset: k.TrustLine.Asset, Balance: 1e9, Limit: 1e15, Flags: 1}}
		} else {
			entry.Data = xdr.LedgerEntryData{Type: k.Type, ContractData: &xdr.ContractDataEntry{
				Contract: k.ContractData.Contract, Key: k.ContractData.Key, Durability: k.ContractData.Durability, Val: scval.Bytes(c.result.Trade[:]),
			}}
		}
		if i == 0 && c.call.Function() == "open" {
			all = append(all, xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: &entry}, lifetime(c, seq))
			continue
		}
		all = append(all, pair(entry)...)
	}
	return all
}

func pair(entry xdr.LedgerEntry) xdr.LedgerEntryChanges {
	return xdr.LedgerEntryChanges{
		{Type: xdr.LedgerEntryChangeTypeLedgerEntryState, State: &entry},
		{Type: xdr.LedgerEntryChangeTypeLedgerEntryUpdated, Updated: &entry},
	}
}

func lifetime(c called, seq uint32) xdr.LedgerEntryChange {
	entry := xdr.LedgerEntry{LastModifiedLedgerSeq: xdr.Uint32(seq), Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTtl, Ttl: &xdr.TtlEntry{
		KeyHash: xdr.Hash(c.result.Trade), LiveUntilLedgerSeq: xdr.Uint32(seq + 1_000_000),
	}}}
	return xdr.LedgerEntryChange{Type: xdr.LedgerEntryChangeTypeLedgerEntryCreated, Created: &entry}
}

// account is the sender's account before and after it paid, or counted its transaction.
func account(a stellar.Address, number uint64, seq uint32) xdr.LedgerEntryChanges {
	return pair(xdr.LedgerEntry{LastModifiedLedgerSeq: xdr.Uint32(seq), Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
		AccountId: accountID(a), Balance: 1e11, SeqNum: xdr.SequenceNumber(number), Thresholds: xdr.Thresholds{1}, NumSubEntries: 1,
	}}})
}
