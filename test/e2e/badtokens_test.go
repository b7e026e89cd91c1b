package e2e

import (
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// badToken is how a token misbehaves, and what comes of that.
type badToken struct {
	mode func(w *live, token stellar.Address) // tells it to
	// in is why `fund` is refused while it does; "" if it is not.
	in string
	// parked are for the buyer and the seller when it does while both are paid, got what arrives for them.
	parked, got [2]int64
	// paysTwice: it has paid what it said it had not, and so owes that again.
	paysTwice bool
}

// mode is one that the fixture token has a name for.
func mode(name string, fields ...xdr.ScVal) func(*live, stellar.Address) {
	return func(w *live, token stellar.Address) {
		w.tell("operator", token, "mode", onchain.Variant(name, fields...))
	}
}

// A lying balance, both ways: what it says of us is the largest or the smallest number there is, or nothing.
func lies(x xdr.Int128Parts) func(*live, stellar.Address) {
	return mode("LyingBalance", xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &x})
}

// A token that cheats when it is paid in, or out, harms its own trades alone, on the network as people use it: the trade beside it, in an honest asset, is as it
// was to the byte, and is paid (docs/contract-attacks.md E17).
func TestBadTokensBesideAnHonestOne(t *testing.T) {
	const (
		refund  = 40 * usdc
		release = 60*usdc - 60*usdc*feeBps/10_000
	)
	both, paid, nothing := [2]int64{refund, release}, [2]int64{refund, release}, [2]int64{}
	honest := mode("Honest")
	tokens := map[string]badToken{
		"refuses":                   {mode: mode("Refuse"), in: "DepositNotReceived", parked: both},
		"panics":                    {mode: mode("Panic"), in: "host", parked: both},
		"takes a fee":               {mode: mode("FeeBps", scval.U32(1000)), in: "DepositNotReceived", got: [2]int64{refund * 9 / 10, release * 9 / 10}},
		"moves nothing":             {mode: mode("MoveNothing"), in: "DepositNotReceived", got: nothing},
		"claims to hold more":       {mode: lies(xdr.Int128Parts{Hi: math.MaxInt64, Lo: math.MaxUint64}), in: "DepositNotReceived", got: paid},
		"claims to hold nothing":    {mode: lies(xdr.Int128Parts{}), in: "DepositNotReceived", got: paid},
		"claims to hold a debt":     {mode: lies(xdr.Int128Parts{Hi: math.MinInt64}), in: "Shortage", got: paid},
		"answers something":         {mode: mode("OddAnswer"), in: "DepositNotReceived", parked: both, got: paid, paysTwice: true},
		"asks for another to sign":  {mode: func(w *live, token stellar.Address) { mode("AskSignature", w.address("carol").ScVal())(w, token) }, in: "auth", parked: both},
		"comes back in":             {mode: func(w *live, token stellar.Address) { w.reenter(token) }, got: paid},
		"fails for one person only": {mode: func(w *live, token stellar.Address) { w.block(token, "seller", true) }, parked: [2]int64{0, release}, got: [2]int64{refund, 0}},
	}
	w := newLive(t, localnet.Options{}, "buyer", "seller", "carol")
	code, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		t.Fatal(err)
	}
	salt := byte(0)
	for name, bad := range tokens {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			salt++
			w.salt = salt * 16
			token := w.create(code, salt)
			w.tell("operator", token, "mint", w.address("buyer").ScVal(), scval.I128(100*usdc))
			beside := w.funded(w.terms())
			before, owed := w.trade(beside), w.owed(w.asset)
			asBefore := func(when string) {
				t.Helper()
				if diff := cmp.Diff(before, w.trade(beside), cmp.AllowUnexported(amount.Int128{})); diff != "" || w.owed(w.asset) != owed {
					t.Errorf("%s: the honest trade beside it has changed (-was +is), or what is owed in its asset (%s, was %s):\n%s", when, w.owed(w.asset), owed, diff)
				}
			}

			terms := w.terms()
			terms.Asset = escrow.Address(token.String())
			w.act("seller", escrow.CallOpen{Terms: terms, By: escrow.Seller})
			bad.mode(&w, token)
			if bad.in == "" {
				w.isEvents("fund", w.act("buyer", escrow.CallFund{Terms: terms}), "funded")
			} else {
				w.isRefused(bad.in, "buyer", escrow.CallFund{Terms: terms})
				honest(&w, token)
				w.isEvents("fund, honestly", w.act("buyer", escrow.CallFund{Terms: terms}), "funded")
			}
			w.isAmount("owed in the bad token", w.owed(token), 100*usdc)
			asBefore("in")

			bad.mode(&w, token)
			w.act("buyer", escrow.CallRelease{Terms: terms, Milestone: 0, Amount: amount.Int(60 * usdc)})
			w.act("seller", escrow.CallRefund{Terms: terms, Milestone: 1, Amount: amount.Int(40 * usdc)})
			honest(&w, token)
			w.block(token, "seller", false)
			const fee = 60*usdc - release
			if trade := w.trade(terms); trade.Stage != escrow.StageEnded {
				t.Errorf("it does not end: %s", trade.Stage)
			}
			for role, who := range []string{"buyer", "seller"} {
				w.isAmount(who+": parked", w.parked(terms, escrow.Role(role)), bad.parked[role])
				w.isAmount(who+": got", w.has(token, w.address(who)), bad.got[role])
			}
			w.isAmount("still owed in the bad token", w.owed(token), bad.parked[0]+bad.parked[1]+fee)
			asBefore("out")
			for role, x := range bad.parked {
				if x > 0 && !bad.paysTwice {
					owner, _ := terms.AddressOf(escrow.Role(role))
					w.isEvents("claim", w.act("carol", escrow.CallClaim{Terms: terms, Role: escrow.Role(role), To: owner, Amount: amount.Int(x)}), "claimed")
				}
			}

			held := w.has(w.asset, w.address("seller"))
			w.isEvents("release beside it", w.act("buyer", escrow.CallRelease{Terms: beside, Milestone: 0, Amount: amount.Int(60 * usdc)}), "released")
			w.isAmount("the honest trade's seller", w.has(w.asset, w.address("seller")).Minus(held), release)
			w.act("seller", escrow.CallRefund{Terms: beside, Milestone: 1, Amount: amount.Int(40 * usdc)})
			if _, err := w.net.FundUSDC(t.Context(), w.keys["buyer"].Address(), 60*usdc); err != nil {
				t.Fatal(err)
			}
		})
	}

	t.Run("is no contract", func(t *testing.T) {
		w := *w
		w.t = t
		w.salt = 255
		terms := w.terms()
		terms.Asset = escrow.Address(stellar.Address{Contract: true, Key: [32]byte{1}}.String())
		w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		w.act("seller", escrow.CallAccept{Terms: terms})
		w.isRefused("host", "buyer", escrow.CallFund{Terms: terms})
		by := escrow.Seller
		w.isEvents("cancel", w.act("seller", escrow.CallCancel{Terms: terms, By: &by, Push: true}), "cancelled")
	})
}

// reenter lets a token call the contract back from each transfer.
func (w *live) reenter(token stellar.Address) {
	mode("Reenter", w.contract.ScVal(), scval.Symbol("collect"), scval.Vec(w.asset.ScVal()))(w, token)
}

func (w *live) block(token stellar.Address, name string, on bool) {
	w.t.Helper()
	w.tell("operator", token, "block", w.address(name).ScVal(), boolVal(on))
}

// A token that burns the whole budget when one of the parties is paid stops whatever pays them, and no settlement: without payouts it calls no token, and the
// other party is paid by their own claim (docs/contract-attacks.md D2).
func TestATokenThatBurnsTheBudget(t *testing.T) {
	w := newLive(t, localnet.Options{}, "buyer", "seller", "carol")
	code, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		t.Fatal(err)
	}
	token := w.create(code, 1)
	w.tell("operator", token, "mint", w.address("buyer").ScVal(), scval.I128(100*usdc))
	terms := w.terms()
	terms.Asset = escrow.Address(token.String())
	w.funded(terms)
	w.act("seller", escrow.CallDeliver{Terms: terms, Milestone: 0})
	mode("BurnBudget", w.address("buyer").ScVal())(w, token)
	w.reach(terms.Milestones[1].DeliverBy)

	settle := func(push bool) escrow.CallSettle {
		return escrow.CallSettle{Terms: terms, Milestones: []uint32{0, 1}, Push: push}
	}
	claim := func(role escrow.Role, units int64) escrow.CallClaim {
		owner, _ := terms.AddressOf(role)
		return escrow.CallClaim{Terms: terms, Role: role, To: owner, Amount: amount.Int(units)}
	}
	const net = 60*usdc - 60*usdc*feeBps/10_000
	w.isRefused("budget", "carol", settle(true))
	w.isEvents("settle without payouts", w.act("carol", settle(false)), "settled", "settled", "ended", "parked", "parked")
	w.isAmount("parked for the buyer", w.parked(terms, escrow.Buyer), 40*usdc)
	w.isAmount("parked for the seller", w.parked(terms, escrow.Seller), net)
	w.isRefused("budget", "carol", claim(escrow.Buyer, 40*usdc))
	w.isEvents("the other's claim", w.act("carol", claim(escrow.Seller, net)), "claimed")
	w.isAmount("the seller has", w.has(token, w.address("seller")), net)
	mode("Honest")(w, token)
	w.isEvents("and the buyer's, once it pays", w.act("carol", claim(escrow.Buyer, 40*usdc)), "claimed")
	w.isAmount("the buyer has", w.has(token, w.address("buyer")), 40*usdc)
}
