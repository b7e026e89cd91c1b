package api

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// inWords are how the first line of a summary tells of each call: a wallet shows nothing of it but its arguments as they are.
var inWords = map[string]string{
	"open": "The buyer opens a trade", "accept": "The seller agrees to the terms", "fund": "The buyer funds the trade", "cancel": "The buyer cancels the trade",
	"deliver": "The seller marks milestone 0 as delivered", "release": "The buyer releases 2.5 USDC of milestone 0", "refund": "The seller gives 1.5 USDC of milestone 1 back",
	"dispute": "The buyer disputes milestone 0 and deposits 0.3 USDC", "offer": "The seller offers to end milestone 0 with 8 USDC to the seller and 2 USDC to the buyer",
	"accept_offer": "The buyer accepts to end milestone 0 with 8 USDC to the seller", "evidence": "The seller puts the hash of evidence on milestone 0 on record",
	"rule": "votes for 60% to the seller of milestone 0", "appeal": "The seller appeals against the ruling on milestone 0", "settle": "What is due of milestone 0 is carried out",
	"claim": "The seller sends parked money to", "extend": "The trade's entry is paid for to stay in the ledger", "collect": "The booked fees are sent to their receiver",
}

// TestEveryActionIsToldInWords prepares each call there is, and wants it to come with the trade that it is about and with words for what it does, beside arguments
// that no wallet explains (docs/contract-attacks.md K4). An action without words of its own fails it.
func TestEveryActionIsToldInWords(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	told := map[string]bool{}
	tell := func(p PreparedOut, id string) {
		t.Helper()
		told[p.Action] = true
		words, known := inWords[p.Action]
		if !known {
			t.Errorf("%s has no words of its own here", p.Action)
		}
		c.toldOf(n, p, id, words)
	}
	open := func() string {
		o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"})
		tell(o.Prepared, o.ID)
		if out := c.finish(o.Prepared, everybody()); out.State != stateProjected {
			t.Fatalf("open: %+v", out)
		}
		return o.ID
	}
	prepared := func(id, action string, in ActionIn) PreparedOut {
		t.Helper()
		p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/"+action, in)
		tell(p, id)
		return p
	}
	step := func(id, action string, in ActionIn) {
		t.Helper()
		if out := c.finish(prepared(id, action, in), everybody()); out.State != stateProjected {
			t.Fatalf("%s: %+v", action, out)
		}
	}

	step(open(), "cancel", ActionIn{By: "buyer"})
	id := open()
	step(id, "accept", ActionIn{})
	step(id, "fund", ActionIn{})
	step(id, "deliver", ActionIn{Milestone: index(0)})
	step(id, "release", ActionIn{Milestone: index(0), Amount: "2.5"})
	step(id, "refund", ActionIn{Milestone: index(1), Amount: "1.5"})
	step(id, "dispute", ActionIn{By: "buyer", Milestone: index(0)})
	step(id, "offer", ActionIn{By: "seller", Milestone: index(0), SellerAmount: "8"})
	prepared(id, "accept_offer", ActionIn{By: "buyer", Milestone: index(0), SellerAmount: "8"})
	step(id, "evidence", ActionIn{By: "seller", Milestone: index(0), Hash: strings.Repeat("ab", 32)})
	n.advance(2000)
	for seat := range 3 {
		step(id, "rule", ActionIn{By: fmt.Sprint("arbitrator-", seat+1), Rulings: []RulingIn{{0, 600_000}}})
	}
	step(id, "appeal", ActionIn{By: "seller", Milestone: index(0)})
	step(id, "rule", ActionIn{By: "appeal-arbitrator-1", Rulings: []RulingIn{{0, 600_000}}})
	n.frozen[address("seller")] = true
	step(id, "settle", ActionIn{Source: address("stranger")})
	step(id, "claim", ActionIn{By: "seller", To: address("stranger")})
	step(id, "extend", ActionIn{Source: address("stranger")})
	tell(want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/assets/"+contractAddress("usdc").String()+"/actions/collect", CollectIn{Source: address("stranger")}), "")

	all := []string{"open", "collect"}
	for _, row := range actionTable() {
		all = append(all, row.name)
	}
	for _, action := range all {
		if !told[action] {
			t.Errorf("%s: it was not looked at whether it is told in words: add it here", action)
		}
	}
	if len(told) != len(all) || len(inWords) != len(all) {
		t.Errorf("%d actions were prepared and %d have words, there are %d", len(told), len(inWords), len(all))
	}
}

// toldOf compares what a prepared transaction calls with the words beside it: the trade, and each number and receiver among the arguments.
func (c *client) toldOf(n *modelNet, p PreparedOut, id, words string) {
	c.t.Helper()
	s := p.Summary
	if len(s.Lines) == 0 || words == "" || !strings.Contains(s.Lines[0], words) {
		c.t.Errorf("%s: the summary begins with %q, want %q in it", p.Action, s.Lines, words)
	}
	if s.Text != strings.Join(s.Lines, " ") || slices.ContainsFunc(s.Lines, func(l string) bool { return !strings.HasSuffix(l, ".") || strings.TrimSpace(l) != l }) {
		c.t.Errorf("%s: lines that are no sentences, or a text of others: %q, %q", p.Action, s.Lines, s.Text)
	}
	args, _ := must(stellar.ParseTransaction(p.Transaction)).Call()
	call := must(stellar.DecodeCall(n.self, args))
	if terms, ok := escrow.TermsOf(call); ok && n.id(terms).String() != id {
		c.t.Errorf("%s of trade %s calls for %s", p.Action, id, n.id(terms))
	}
	if call, ok := call.(escrow.CallExtend); ok && call.ID.String() != id {
		c.t.Errorf("%s of trade %s calls for %s", p.Action, id, call.ID)
	}
	v := reflect.ValueOf(call)
	for i := range v.NumField() {
		var needles []string
		name := v.Type().Field(i).Name
		switch x := v.Field(i).Interface().(type) {
		case uint32:
			needles = []string{fmt.Sprint("milestone ", x)}
		case []uint32:
			for _, m := range x {
				needles = append(needles, fmt.Sprint("ilestone ", m))
			}
		case amount.Int128:
			if name != "Of" { // told as both sides' parts
				needles = []string{trimZeros(x.String()) + " USDC"}
			}
		case []escrow.Ruling:
			for _, r := range x {
				needles = append(needles, percent(r.SellerPpm)+" to the seller of milestone "+fmt.Sprint(r.Milestone))
			}
		case escrow.Address:
			if name == "To" {
				needles = []string{string(x)}
			}
		}
		for _, needle := range needles {
			if !strings.Contains(s.Text, needle) {
				c.t.Errorf("%s: %q is not told: %s", p.Action, needle, s.Text)
			}
		}
	}
}

// TestArbitratorsAreSaidNotToBeConfirmed: nobody has asked the arbitrators, and whoever is about to agree to a panel reads that, with what happens if they never
// come, in money, and that a seller who has not delivered can come to that, too (docs/contract-attacks.md I3, I4, I7).
func TestArbitratorsAreSaidNotToBeConfirmed(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	const code = "arbitrators-not-confirmed"
	said := func(p PreparedOut) {
		t.Helper()
		got := p.warned(code)
		if len(got) != 1 || !strings.Contains(got[0], "not checked") || !strings.Contains(got[0], "a seller who has not delivered") || !strings.Contains(got[0], "10 USDC goes to the seller and 10 USDC back to the buyer") {
			t.Errorf("%s: %q, want it to say that nobody has asked the arbitrators, who gets what if they stay silent, and that it needs no delivery", p.Action, got)
		}
	}
	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"})
	said(o.Prepared)
	if out := c.finish(o.Prepared, everybody()); out.State != stateProjected {
		t.Fatalf("open: %+v", out)
	}
	for _, action := range []string{"accept", "fund"} {
		p, _ := c.act(o.ID, action, ActionIn{})
		said(p)
	}
	// Whoever is bound already is told nothing of it, and where there is no panel there is nobody to ask.
	if p, _ := c.act(o.ID, "deliver", ActionIn{Milestone: index(0)}); len(p.warned(code)) != 0 {
		t.Errorf("deliver: %q", p.Warnings)
	}
	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Panel, in.Terms.AppealPanel = nil, nil
	p := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in).Prepared
	if got := p.warned("nobody-judges"); len(p.warned(code)) != 0 || len(got) != 1 || !strings.Contains(got[0], "a seller who has not delivered") {
		t.Errorf("without a panel: %+v", p.Warnings)
	}
}

// TestWhatIsAcceptedIsSaid: what no rule of the contract prevents, whoever commits to a trade is told first: what the issuer can do to the pooled balance, and that
// hearings are unpaid (docs/contract-attacks.md D6, I5).
func TestWhatIsAcceptedIsSaid(t *testing.T) {
	usdc := contractAddress("usdc").String()
	for name, c := range map[string]struct {
		revocable, clawback bool
		fee                 string
		want                []string
	}{
		"an issuer that can do nothing":   {false, false, "0.3", nil},
		"one that can freeze":             {true, false, "0.3", []string{"can-be-frozen"}},
		"one that can freeze and take":    {true, true, "0.3", []string{"can-be-frozen", "can-be-taken"}},
		"nothing for a hearing":           {false, false, "0", []string{"unpaid-hearings"}},
		"all of it, and nothing for them": {true, true, "0", []string{"can-be-frozen", "can-be-taken", "unpaid-hearings"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newModelNet()
			asset := n.assets[usdc]
			asset.AuthRevocable, asset.Clawback = c.revocable, c.clawback
			n.assets[usdc] = asset
			in := OpenIn{Terms: goodTerms(), By: "buyer"}
			in.Terms.ArbitrationFee = c.fee
			p := want[OpenOut](newClient(t, n), http.StatusOK, http.MethodPost, "/v1/trades", in).Prepared
			var got []string
			for _, code := range []string{"can-be-frozen", "can-be-taken", "unpaid-hearings"} {
				if len(p.warned(code)) > 0 {
					got = append(got, code)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q is said, want %q: %+v", got, c.want, p.Warnings)
			}
		})
	}
}
