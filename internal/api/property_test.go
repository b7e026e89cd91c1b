package api

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestWhatIsPreparedIsWhatItsSummarySays walks trades through random actions, taken from what the API itself says is possible. Each prepared transaction is
// decoded and compared with what the API told of it, then signed, submitted, and the balances are compared with the payments it announced.
func TestWhatIsPreparedIsWhatItsSummarySays(t *testing.T) {
	calls := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		n := newModelNet()
		c := newClient(t, n)
		in := OpenIn{Terms: goodTerms(), By: rapid.SampledFrom([]string{"buyer", "seller"}).Draw(rt, "opener")}
		if rapid.Bool().Draw(rt, "no appeal panel") {
			in.Terms.AppealPanel = nil
		}
		in.Terms.Bond = rapid.SampledFrom([]string{"1", "0.3", "0"}).Draw(rt, "bond")
		if in.Terms.Bond == "0" {
			in.Terms.ArbitrationFee = "0"
		}
		o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
		check(rt, n, c, o.Prepared)
		calls["open"]++
		if in.By == "seller" && rapid.Bool().Draw(rt, "begins in a hearing") {
			c.act(o.ID, "fund", ActionIn{})
			c.act(o.ID, "dispute", ActionIn{By: "buyer", Milestone: index(1)})
			n.advance(2000)
		}
		for range rapid.IntRange(4, 20).Draw(rt, "steps") {
			if rapid.IntRange(0, 4).Draw(rt, "wait") == 0 {
				n.advance(rapid.SampledFrom([]uint64{10, 2000, 5000, 10_000, 100_000}).Draw(rt, "seconds"))
			}
			if rapid.IntRange(0, 9).Draw(rt, "freeze") == 0 {
				who := address(rapid.SampledFrom([]string{"buyer", "seller", "arb1"}).Draw(rt, "who"))
				n.frozen[who] = !n.frozen[who]
			}
			tr := c.read(o.ID)
			if len(tr.Next) == 0 {
				break
			}
			next := rapid.SampledFrom(preferred(rt, tr.Next)).Draw(rt, "action")
			body := next.Body
			switch next.Action {
			case "evidence":
				body.Hash = strings.Repeat("ab", 32)
			case "rule":
				for i := range body.Rulings {
					body.Rulings[i].SellerPpm = rapid.SampledFrom([]int64{0, 400_000, 1_000_000}).Draw(rt, "ppm")
				}
			case "offer":
				body.SellerAmount = rapid.SampledFrom([]string{body.SellerAmount, "0", "0.0000001"}).Draw(rt, "offered")
			case "release", "refund":
				if *next.Min != *next.Max && rapid.Bool().Draw(rt, "part") {
					body.Amount = string(*next.Min)
				}
			}
			if next.Role == anyoneName || rapid.Bool().Draw(rt, "sent by a stranger") {
				body.Source = address("stranger")
			}
			w := c.call(http.MethodPost, next.Path, body)
			if w.Code == http.StatusConflict && strings.Contains(w.Body.String(), "cannot-pay") && next.Deposit != nil {
				continue // frozen, so it says
			}
			if w.Code == http.StatusConflict && next.Action == "claim" {
				continue // its owner is frozen
			}
			p := want[PreparedOut](c, http.StatusOK, http.MethodPost, next.Path, body)
			check(rt, n, c, p)
			calls[next.Action]++
		}
	})
	t.Logf("prepared, compared and carried out: %v", calls)
	if len(calls) < 8 {
		t.Errorf("only %d kinds of call were tried", len(calls))
	}
}

// step prepares one action, and wants it to do what was told of it.
func (c *client) step(n *modelNet, id, action string, body ActionIn) PreparedOut {
	c.t.Helper()
	p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/"+action, body)
	check(c.t, n, c, p)
	return p
}

// TestHearingsArePaidAsAnnounced: what the arbitrators and the sides get of the bonds when a ruled milestone is settled, while another is disputed, was missing
// from the summary once.
func TestHearingsArePaidAsAnnounced(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "seller"}
	in.Terms.AppealPanel, in.Terms.Bond = nil, "0.3"
	id := c.open(in).ID
	c.step(n, id, "fund", ActionIn{})
	c.step(n, id, "dispute", ActionIn{By: "buyer", Milestone: index(1)})
	n.advance(2000)
	for role, ppm := range map[string]int64{"arbitrator-1": 0, "arbitrator-2": 0, "arbitrator-3": 400_000} {
		c.step(n, id, "rule", ActionIn{By: role, Rulings: []RulingIn{{1, ppm}}})
	}
	c.step(n, id, "deliver", ActionIn{By: "seller", Milestone: index(0)})
	c.step(n, id, "offer", ActionIn{By: "buyer", Milestone: index(0), Of: "12.5", SellerAmount: "0"})
	c.step(n, id, "dispute", ActionIn{By: "seller", Milestone: index(0)})
	p := c.step(n, id, "settle", ActionIn{Source: address("stranger"), Milestones: []int64{1}})
	paid := map[string]bool{}
	for _, pay := range p.Summary.Payments {
		paid[string(pay.Address)] = pay.Direction == "out"
	}
	for _, who := range []string{"buyer", "arb1", "arb2", "arb3"} {
		if !paid[address(who)] {
			t.Errorf("%s is not paid: %+v", who, p.Summary.Payments)
		}
	}
}

// TestAFrozenReceiverIsWarnedOf: so was the warning that a release would be parked.
func TestAFrozenReceiverIsWarnedOf(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.open(OpenIn{Terms: goodTerms(), By: "seller"}).ID
	c.step(n, id, "fund", ActionIn{})
	c.step(n, id, "dispute", ActionIn{By: "buyer", Milestone: index(1)})
	n.advance(2000)
	n.frozen[address("seller")] = true
	p := c.step(n, id, "release", ActionIn{By: "buyer", Milestone: index(0), Amount: "12.5"})
	parked := slices.ContainsFunc(p.Summary.Payments, func(pay PaymentOut) bool {
		return pay.Direction == "parked" && string(pay.Address) == address("seller")
	})
	if !parked || len(p.Warnings) == 0 || p.Warnings[0].Code != "cannot-receive" {
		t.Errorf("payments %+v, warnings %+v", p.Summary.Payments, p.Warnings)
	}
}

// preferred leaves mostly what leads on: a walk that may always cancel or concede ends before anything is ruled.
func preferred(t *rapid.T, all []PossibleAction) []PossibleAction {
	var rare []string
	if rapid.IntRange(0, 9).Draw(t, "anything goes") > 0 {
		rare = []string{"cancel", "release", "refund", "accept_offer", "offer", "evidence"}
	}
	var out []PossibleAction
	for _, a := range all {
		if !slices.Contains(rare, a.Action) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// check compares a prepared transaction with what was told of it, then carries it out and compares the balances.
func check(t rapid.TB, n *modelNet, c *client, p PreparedOut) {
	t.Helper()
	tx := must(stellar.ParseTransaction(p.Transaction))
	args, _ := tx.Call()
	call := must(stellar.DecodeCall(n.self, args))
	if call.Function() != p.Action || tx.Source().String() != string(p.Source) || fmt.Sprint(tx.MaxFee()) != p.Fee.Max || Time(tx.NotAfter()) != p.ValidUntil ||
		tx.Hash(n.network).String() != p.Hash || tx.Signatures() != 0 {
		t.Fatalf("told %+v, the transaction is %s by %s, fee %d", p, call.Function(), tx.Source(), tx.MaxFee())
	}
	// The one tree: the call itself, and below it exactly the deposit that is announced.
	if len(tx.Auth()) == 0 && p.Summary.Signer != "" {
		t.Fatalf("%s is to be signed by %s, but carries no authorisation", p.Action, p.Summary.Signer)
	}
	paysIn := 0
	for _, e := range tx.Auth() {
		for _, sub := range e.RootInvocation.SubInvocations {
			paysIn++
			transfer := sub.Function.ContractFn
			amountVal := transfer.Args[2].I128
			in := p.Summary.Payments[0]
			if in.Direction != "in" || must(transfer.Args[0].Address.String()) != string(in.Address) || must(transfer.Args[1].Address.String()) != n.self.String() ||
				Amount(amount.FromParts(int64(amountVal.Hi), uint64(amountVal.Lo)).String()) != in.Amount {
				t.Fatalf("the tree pays %v, the summary says %+v", transfer.Args, in)
			}
		}
	}
	for _, pay := range p.Summary.Payments {
		if pay.Direction == "in" {
			paysIn--
		}
		words := trimZeros(string(pay.Amount)) + " USDC"
		if !strings.Contains(p.Summary.Text, words) {
			t.Fatalf("the summary's words do not name %s: %s", words, p.Summary.Text)
		}
	}
	if paysIn != 0 {
		t.Fatalf("the tree and the summary differ in what comes in: %+v", p.Summary.Payments)
	}

	before := n.copyBalances()
	out := c.finish(p, everybody())
	if out.State != stateProjected {
		t.Fatalf("%s: %s %+v", p.Action, out.State, out.Error)
	}
	usdc := contractAddress("usdc").String()
	expected := before
	move := func(who escrow.Address, a Amount, sign int64) {
		x := must(amount.ParseInt128(string(a)))
		if sign < 0 {
			x = amount.Int128{}.Minus(x)
		}
		k := [2]string{usdc, string(who)}
		expected[k] = expected[k].Plus(x)
	}
	self := escrow.Address(n.self.String())
	for _, pay := range p.Summary.Payments {
		switch pay.Direction {
		case "in":
			move(pay.Address, pay.Amount, -1)
			move(self, pay.Amount, 1)
		case "out":
			move(self, pay.Amount, -1)
			move(pay.Address, pay.Amount, 1)
		}
	}
	for k, v := range n.balances {
		if expected[k] != v {
			t.Fatalf("%s: %s has %s, the summary announced %s\n%s", p.Action, k[1], v, expected[k], p.Summary.Text)
		}
	}
	for who := range n.frozen {
		told := false
		for _, w := range p.Warnings {
			told = told || w.Code == "cannot-receive" && strings.Contains(w.Detail, who)
		}
		paid := false
		for _, pay := range p.Summary.Payments {
			paid = paid || pay.Direction == "parked" && string(pay.Address) == who
		}
		if n.frozen[who] && paid && !told {
			t.Fatalf("%s would pay %s, who is frozen, without a warning: %+v", p.Action, who, p.Warnings)
		}
	}
	if len(p.Summary.After) > 0 {
		tr := c.read(tradeOf(n, call))
		for _, a := range p.Summary.After {
			is := tr.Milestones[a.Milestone]
			if is.Left != a.Left || is.Phase != a.Phase && uint64(tr.Ledger.ClosedAt) < uint64(or(a.Until, 1<<63)) {
				t.Fatalf("%s: milestone %d is %s with %s, the summary announced %+v", p.Action, a.Milestone, is.Phase, is.Left, a)
			}
		}
	}
}

func or(t *Time, otherwise Time) Time {
	if t == nil {
		return otherwise
	}
	return *t
}

// tradeOf is the id of the trade that a call is about.
func tradeOf(n *modelNet, call escrow.Call) string {
	terms, _ := escrow.TermsOf(call)
	return n.id(terms).String()
}

// TestEveryFieldOfEveryEventIsWritten finds a type of field that eventValue does not know.
func TestEveryFieldOfEveryEventIsWritten(t *testing.T) {
	known := map[reflect.Type]bool{}
	for _, v := range []any{amount.Int128{}, (*amount.Int128)(nil), escrow.Role(0), (*escrow.Role)(nil), []escrow.Role(nil), escrow.Stage(0), escrow.Phase(0), escrow.Outcome(0),
		uint64(0), uint32(0), false, escrow.Hash{}, escrow.Address(""), escrow.Terms{}} {
		known[reflect.TypeOf(v)] = true
	}
	terms := &escrow.Terms{}
	for _, e := range []escrow.Event{escrow.Opened{}, escrow.Accepted{}, escrow.Funded{}, escrow.Cancelled{}, escrow.Delivered{}, escrow.Released{}, escrow.Refunded{}, escrow.Disputed{},
		escrow.Offered{}, escrow.Split{}, escrow.Evidence{}, escrow.Voted{}, escrow.Ruled{}, escrow.Appealed{}, escrow.Settled{}, escrow.Silent{}, escrow.Costs{}, escrow.Ended{}, escrow.Parked{},
		escrow.Claimed{}} {
		for _, f := range escrow.Fields(e) {
			if !known[reflect.TypeOf(f.Value)] {
				t.Errorf("%s.%s is a %T", e.EventName(), f.Name, f.Value)
			}
			eventValue(f.Value, terms, unit{})
		}
	}
}
