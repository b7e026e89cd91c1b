package keeper

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Kind is what an entry holds.
type Kind string

// The kinds of entries that are kept from being archived, in the order in which they are extended: the cheap ones first, the code last, so that
// its price cannot stand before the others.
const (
	KindTrade    Kind = "trade"
	KindOwed     Kind = "owed"     // what the contract owes in an asset
	KindBalance  Kind = "balance"  // what it has of an asset
	KindAsset    Kind = "asset"    // the asset's own contract, which payouts call
	KindAnchor   Kind = "anchor"   // the audit log's head, which the admin's calls read
	KindInstance Kind = "instance" // the contract itself, and its rulebook
	KindCode     Kind = "code"
)

var kinds = []Kind{KindTrade, KindOwed, KindBalance, KindAsset, KindAnchor, KindInstance, KindCode}

const (
	// grace is how long after its last deadline a trade is kept: as long as the contract's own calls keep it.
	grace = 30 * 24 * 60 * 60 // seconds
	// sharedFor is how far what all trades of a contract share is extended: the code's rent is high (docs/contract-attacks.md D5), and a month of it at
	// a time fits into a smaller limit than a year.
	sharedFor = 30 * dayLedgers
	// targetStep is what lives are rounded up to, so that many entries have the same target and fit into one transaction.
	targetStep = 10 * dayLedgers
	// leastGain is what an extension must gain: one by less would be paid for again and again.
	leastGain = dayLedgers
	// mostBytes bounds what an entry of somebody else's contract, a balance or the asset itself, may be: its rent is paid by the byte, and a token
	// could make it large. A Stellar asset's have some 150 and 400.
	mostBytes = 1024
)

// life is an entry that is looked at.
type life struct {
	kind  Kind
	key   xdr.LedgerKey
	until uint64 // the time until which it is needed, unix seconds; 0 for as long as there is a contract
}

// neededUntil is the time until which a trade's entry is needed, and 0 where it no longer is: nothing can be lost with it, and whoever wants it
// back can restore it.
func neededUntil(t *store.Trade, now uint64) uint64 {
	until := uint64(0)
	holds := len(t.Parked) > 0 || t.Bonds[escrow.Buyer] != (amount.Int128{}) || t.Bonds[escrow.Seller] != (amount.Int128{})
	switch {
	case t.Stage == escrow.StageFunded, holds:
		until = t.LastDeadline + grace
		if until < grace {
			until = t.LastDeadline // so late that it cannot be added to
		}
	case t.Stage == escrow.StageOpen, t.Stage == escrow.StageAgreed:
		until = t.Terms.FundBy // paying it in extends it
	}
	if until <= now {
		return 0
	}
	return until
}

// balanceKey is the entry in which an asset's contract keeps what the escrow has: a Stellar asset's does, and those of tokens written after the
// common example. Of others nothing is found there.
func balanceKey(asset, owner stellar.Address) xdr.LedgerKey {
	name := xdr.ScSymbol("Balance")
	parts := &xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &name}, owner.ScVal()}
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: asset.ScAddress(), Durability: xdr.ContractDataDurabilityPersistent,
		Key: xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &parts},
	}}
}

// ledgersUntil is about how many ledgers close until a time.
func ledgersUntil(until, now uint64) uint64 {
	return (until - min(now, until) + ledgerSeconds - 1) / ledgerSeconds
}
