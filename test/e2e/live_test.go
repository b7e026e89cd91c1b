package e2e

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

const (
	usdc   = 10_000_000 // stroops in a unit
	feeBps = 50
	day    = 24 * 60 * 60 // seconds
)

// live is a local network as it is shipped, with the contract on it, people with USDC, and the relay, by which the api prepares every call.
type live struct {
	t        testing.TB
	net      *localnet.Network
	node     *rpc.Client
	relay    *relayserver.Server
	db       *sqlite.Store
	stored   string // the file of db
	contract stellar.Address
	asset    stellar.Address // USDC
	keys     map[string]*keypair.Full
	salt     byte
}

// newLive deploys the committed contract. Each of people has an account, a trustline and 1,000 USDC; so has the operator, who deploys.
func newLive(t testing.TB, o localnet.Options, people ...string) *live {
	t.Helper()
	w := &live{t: t, net: localnettest.Open(t, o), stored: filepath.Join(t.TempDir(), "store.db"), keys: map[string]*keypair.Full{}}
	w.node = rpctest.Client(t, localnettest.Serve(t, w.net).URL, w.net.Passphrase(), nil)
	var err error
	if w.db, err = sqlite.Open(t.Context(), w.stored); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() }) // a test may have closed it
	w.relay = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: w.db, Now: time.Now, Log: localnettest.Log(t)})
	_, _, asset := w.net.USDC()
	w.asset = w.parse(asset)
	for _, name := range append([]string{"operator"}, people...) {
		w.keys[name] = localnettest.FundedKey(t, w.net)
		w.trust(name, w.usdc())
		if _, err := w.net.FundUSDC(t.Context(), w.keys[name].Address(), 1000*usdc); err != nil {
			t.Fatal(err)
		}
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		t.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		t.Fatal(err)
	}
	limits := deploy.DefaultLimits()
	limits.InspectionMin, limits.OffersMin, limits.RulingMin, limits.AppealMin, limits.MinDelivery = 60, 60, 60, 60, 60 // a test's patience
	d, err := deploy.Deploy(t.Context(), &deploy.Sender{Client: w.node, Key: w.keys["operator"], InclusionFee: stellar.MinInclusionFee}, deploy.Plan{
		Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: w.address("operator"), FeeBps: feeBps, FeeReceiver: w.address("operator"),
		Limits: limits, Asset: w.asset,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.contract = d.Contract
	return w
}

func (w *live) parse(text string) stellar.Address {
	w.t.Helper()
	a, err := stellar.ParseAddress(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *live) address(name string) stellar.Address {
	w.t.Helper()
	k, ok := w.keys[name]
	if !ok {
		w.t.Fatalf("nobody is called %s", name)
	}
	return w.parse(k.Address())
}

func (w *live) rule(name string) escrow.Address { return escrow.Address(w.address(name).String()) }

func (w *live) usdc() txnbuild.CreditAsset {
	code, issuer, _ := w.net.USDC()
	return txnbuild.CreditAsset{Code: code, Issuer: issuer}
}

// now is the ledgers' clock.
func (w *live) now() uint64    { return uint64(w.net.Chain().Last().CloseTime()) }
func (w *live) latest() uint32 { return w.net.Chain().Last().Sequence() }

// reach moves the clock to the first ledger at or after a time.
func (w *live) reach(at uint64) {
	w.t.Helper()
	if _, err := w.net.AdvanceTo(time.Unix(int64(at), 0)); err != nil {
		w.t.Fatal(err)
	}
	for w.now() < at {
		if _, err := w.net.Advance(time.Second); err != nil {
			w.t.Fatal(err)
		}
	}
}

// terms is a trade of 100 USDC in milestones of 60 and 40, without panels and bonds.
func (w *live) terms() escrow.Terms {
	w.t.Helper()
	w.salt++
	now := w.now()
	return escrow.Terms{
		Asset: escrow.Address(w.asset.String()), Buyer: w.rule("buyer"), Seller: w.rule("seller"), FallbackPpm: 500_000, FeeBps: feeBps, FundBy: now + day, Inspection: day,
		Milestones: []escrow.Milestone{{Amount: amount.Int(60 * usdc), DeliverBy: now + 10*day}, {Amount: amount.Int(40 * usdc), DeliverBy: now + 10*day}},
		Salt:       escrow.Hash{w.salt}, Windows: escrow.Windows{Appeal: day, Offers: day, Ruling: day},
	}
}

// funded opens and funds a trade.
func (w *live) funded(terms escrow.Terms) escrow.Terms {
	w.t.Helper()
	w.act("seller", escrow.CallOpen{Terms: terms, By: escrow.Seller})
	w.act("buyer", escrow.CallFund{Terms: terms})
	return terms
}

func (w *live) id(terms escrow.Terms) escrow.ID {
	w.t.Helper()
	id, err := stellar.TermsID(w.node.Network(), w.contract, terms)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// entry is a ledger entry, archived or not, and the last ledger it lives in.
func (w *live) entry(key xdr.LedgerKey) (data *xdr.LedgerEntryData, until uint32) {
	w.t.Helper()
	entries, _, err := w.node.Entries(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(entries) == 0 {
		return nil, 0
	}
	return &entries[0].Data, entries[0].LiveUntil
}

func (w *live) trade(terms escrow.Terms) *escrow.Trade {
	w.t.Helper()
	data, _ := w.entry(stellar.TradeKey(w.contract, w.id(terms)))
	if data == nil {
		return nil
	}
	trade, err := stellar.ReadStoredTrade(data.ContractData.Val)
	if err != nil {
		w.t.Fatal(err)
	}
	return trade
}

// owed is what the contract owes of an asset in all, in its smallest part.
func (w *live) owed(asset stellar.Address) amount.Int128 {
	w.t.Helper()
	data, _ := w.entry(stellar.OwedKey(w.contract, asset))
	if data == nil {
		return amount.Int128{}
	}
	owed, err := stellar.ReadStoredOwed(data.ContractData.Val)
	if err != nil {
		w.t.Fatal(err)
	}
	return owed.Total
}

// has is what an address holds of an asset, in its smallest part.
func (w *live) has(asset, who stellar.Address) amount.Int128 {
	w.t.Helper()
	h, err := w.relay.Holding(w.t.Context(), asset.String(), who.String())
	if err != nil {
		w.t.Fatal(err)
	}
	x, err := amount.ParseUnits(h.Balance)
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

// parked is what waits for a role.
func (w *live) parked(terms escrow.Terms, role escrow.Role) amount.Int128 {
	w.t.Helper()
	trade := w.trade(terms)
	if trade == nil {
		w.t.Fatal("there is no such trade")
	}
	return trade.ParkedFor(role)
}

// isEvents compares what a call has announced.
func (w *live) isEvents(what string, got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: events %v, want %v", what, got, want)
	}
}

// isAmount compares an amount of an asset's smallest part.
func (w *live) isAmount(what string, got amount.Int128, want int64) {
	w.t.Helper()
	if got != amount.Int(want) {
		w.t.Errorf("%s: %s, want %d", what, got.Units(), want)
	}
}
