package e2e

import (
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// pool is a world in which everything is traded in an asset whose issuer is one of the people.
type pool struct {
	*live
	coin txnbuild.CreditAsset
}

// newPool makes the asset; flags are the issuer's from the start. Everybody holds 1,000 of it.
func newPool(t *testing.T, flags ...txnbuild.AccountFlag) *pool {
	t.Helper()
	people := []string{"buyer", "seller", "carol", "arbitrator"}
	w := &pool{live: newLive(t, localnet.Options{}, people...)}
	w.keys["issuer"] = localnettest.FundedKey(t, w.net)
	w.coin = txnbuild.CreditAsset{Code: "POOL", Issuer: w.keys["issuer"].Address()}
	w.may(flags...)
	asset, _, err := deploy.CreateAsset(t.Context(), &deploy.Sender{Client: w.node, Key: w.keys["operator"], InclusionFee: stellar.MinInclusionFee}, xdr.MustNewCreditAsset(w.coin.Code, w.coin.Issuer))
	if err != nil {
		t.Fatal(err)
	}
	w.asset = asset
	for _, name := range append(people, "operator") {
		w.trust(name, w.coin)
		w.classic("issuer", &txnbuild.Payment{Destination: w.keys[name].Address(), Asset: w.coin, Amount: "1000"})
	}
	return w
}

// may gives the issuer's account flags.
func (w *pool) may(flags ...txnbuild.AccountFlag) {
	w.t.Helper()
	if len(flags) > 0 {
		w.classic("issuer", &txnbuild.SetOptions{SetFlags: flags})
	}
}

// bonded are terms with bonds of 10, hearings for 10 and one arbitrator.
func (w *pool) bonded() escrow.Terms {
	terms := w.terms()
	terms.FundBy = w.now() + 5*day
	terms.Bond, terms.ArbitrationFee = amount.Int(10*usdc), amount.Int(10*usdc)
	terms.Panel = escrow.Panel{Arbitrators: []escrow.Address{w.rule("arbitrator")}, Quorum: 1}
	return terms
}

// ours is how the contract holds the asset, as the relay tells the api.
func (w *pool) ours() relay.Holding {
	w.t.Helper()
	h, err := w.relay.Holding(w.t.Context(), w.asset.String(), w.contract.String())
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// isShort wants the contract to hold and to owe so many whole units.
func (w *pool) isShort(what string, holds, owes int64) {
	w.t.Helper()
	w.isAmount(what+": held", w.has(w.asset, w.contract), holds)
	w.isAmount(what+": owed", w.owed(w.asset), owes)
}

// takeBack is the issuer's clawback of the contract's balance. It answers why it is refused, "" if it is not.
func (w *pool) takeBack(units int64) (refused string) {
	w.t.Helper()
	call := scval.Call(w.asset.ScAddress(), "clawback", w.contract.ScVal(), scval.I128(units*usdc)).InvokeContract
	tx, err := stellar.Invoke(w.from("issuer"), *call)
	if err != nil {
		w.t.Fatal(err)
	}
	if sim := w.simulate(tx); sim.Failure != nil {
		return sim.Failure.Detail
	}
	w.tell("issuer", w.asset, "clawback", call.Args...)
	return ""
}

// An issuer that could take balances back when the contract's was made takes a part of it: no new trade's money comes in until it is there again, what is under way
// goes on, with deposits for disputes, and payouts are made first come, first served, in part by claim (docs/contract-attacks.md D6).
func TestTheIssuerTakesFromThePool(t *testing.T) {
	w := newPool(t, txnbuild.AuthRevocable, txnbuild.AuthClawbackEnabled)
	first := w.funded(w.bonded())
	agreed, open, another := w.bonded(), w.bonded(), w.bonded()
	w.act("buyer", escrow.CallOpen{Terms: agreed, By: escrow.Buyer})
	w.act("seller", escrow.CallAccept{Terms: agreed})
	w.act("buyer", escrow.CallOpen{Terms: open, By: escrow.Buyer})
	if h := w.ours(); !h.Clawback || !h.Authorized {
		t.Errorf("the contract's balance can be taken back and is not frozen: %+v", h)
	}

	// Frozen, it takes nothing and pays nothing: what is paid out meanwhile is parked.
	freeze := func(on bool) {
		no := !on
		w.tell("issuer", w.asset, "set_authorized", w.contract.ScVal(), xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &no})
	}
	freeze(true)
	if h := w.ours(); h.Authorized {
		t.Errorf("frozen: %+v", h)
	}
	w.isRefused("DepositNotReceived", "buyer", escrow.CallFund{Terms: agreed})
	w.isEvents("release of a part", w.act("buyer", escrow.CallRelease{Terms: first, Milestone: 0, Amount: amount.Int(10 * usdc)}), "released", "parked")
	freeze(false)
	const net = 10*usdc - 10*usdc*feeBps/10_000
	w.act("carol", escrow.CallClaim{Terms: first, Role: escrow.Seller, To: first.Seller, Amount: amount.Int(net)})
	const fee = 10*usdc - net
	w.isShort("before", 120*usdc+fee, 120*usdc+fee)

	if refused := w.takeBack(60); refused != "" {
		t.Fatalf("clawback: %s", refused)
	}
	w.isShort("taken", 60*usdc+fee, 120*usdc+fee)
	w.isRefused("Shortage", "buyer", escrow.CallFund{Terms: agreed})
	w.isRefused("Shortage", "seller", escrow.CallAccept{Terms: open})
	w.isRefused("Shortage", "seller", escrow.CallOpen{Terms: another, By: escrow.Seller})
	w.isEvents("opening brings no money", w.act("buyer", escrow.CallOpen{Terms: another, By: escrow.Buyer}), "opened")

	// Disputes go on, by deposits, which come in all the same: the bond is set aside for none while the other milestone goes on.
	for milestone := range uint32(2) {
		w.isEvents("dispute", w.act("buyer", escrow.CallDispute{Terms: first, By: escrow.Buyer, Milestone: milestone}), "disputed")
	}
	w.isShort("disputed", 80*usdc+fee, 140*usdc+fee)
	w.reach(w.now() + first.Windows.Offers)
	w.isEvents("rule", w.act("arbitrator", escrow.CallRule{Terms: first, By: escrow.FirstSeat, Rulings: []escrow.Ruling{{Milestone: 0, SellerPpm: 1_000_000}}}), "voted", "ruled")
	// The seller gets 50 but for the fee, the arbitrator 10 that the buyer had set aside.
	w.isEvents("the first to settle is paid", w.act("carol", escrow.CallSettle{Terms: first, Milestones: []uint32{0}, Push: true}), "settled", "costs")
	w.isShort("settled", 20*usdc+6*fee, 80*usdc+6*fee)
	// 40, the 10 set aside and its bond go back to the buyer, for whom there is too little, and its bond to the seller, for whom there is enough.
	w.isEvents("the next is not", w.act("seller", escrow.CallRefund{Terms: first, Milestone: 1, Amount: amount.Int(40 * usdc)}), "refunded", "ended", "parked")
	w.isAmount("parked", w.parked(first, escrow.Buyer), 60*usdc)
	w.isShort("parked", 10*usdc+6*fee, 70*usdc+6*fee)
	claim := func(units amount.Int128) escrow.CallClaim {
		return escrow.CallClaim{Terms: first, Role: escrow.Buyer, To: first.Buyer, Amount: units}
	}
	w.isRefused("TransferFailed", "carol", claim(amount.Int(60*usdc)))
	w.isEvents("a part of it", w.act("carol", claim(amount.Int(2*fee))), "claimed")
	w.isRefused("Shortage", "buyer", escrow.CallFund{Terms: agreed})
	w.isShort("claimed", 10*usdc+4*fee, 70*usdc+4*fee)

	// Anybody's plain transfer heals it, to the last unit.
	give := func(units int64) {
		w.tell("carol", w.asset, "transfer", w.address("carol").ScVal(), w.contract.ScVal(), scval.I128(units))
	}
	give(60*usdc - 1)
	w.isRefused("Shortage", "buyer", escrow.CallFund{Terms: agreed})
	give(1)
	w.isEvents("funded", w.act("buyer", escrow.CallFund{Terms: agreed}), "funded")
	w.isEvents("accepted", w.act("seller", escrow.CallAccept{Terms: open}), "accepted")
	w.isEvents("the rest", w.act("carol", claim(amount.Int(60*usdc-2*fee))), "claimed")
	w.isEvents("the fees", w.act("carol", escrow.CallCollect{Asset: escrow.Address(w.asset.String())}), "collected")
	w.isShort("healed", 130*usdc, 130*usdc)
}

// Where the issuer could not take balances back when the contract's was made, it cannot take that one ever after, whatever flags its account gets.
func TestTheIssuerCannotTakeAnOlderPool(t *testing.T) {
	w := newPool(t, txnbuild.AuthRevocable)
	terms := w.funded(w.bonded())
	w.may(txnbuild.AuthClawbackEnabled)
	if h := w.ours(); h.Clawback {
		t.Errorf("the contract's balance was made before: %+v", h)
	}
	if w.takeBack(60) == "" {
		t.Error("the issuer has taken from the contract's balance")
	}
	w.isShort("as before", 120*usdc, 120*usdc)
	w.isEvents("release", w.act("buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(60 * usdc)}), "released")
	other := w.bonded()
	w.isEvents("open", w.act("seller", escrow.CallOpen{Terms: other, By: escrow.Seller}), "opened")
	w.isEvents("fund", w.act("buyer", escrow.CallFund{Terms: other}), "funded")
	// The flag binds who gets the asset from now on.
	w.keys["dave"] = localnettest.FundedKey(t, w.net)
	w.trust("dave", w.coin)
	h, err := w.relay.Holding(t.Context(), w.asset.String(), w.keys["dave"].Address())
	if err != nil || !h.Clawback {
		t.Errorf("a holding made now: %+v, %v", h, err)
	}
}
