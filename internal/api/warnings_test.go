package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// warned are the details of the warnings of one code.
func (p PreparedOut) warned(code string) (details []string) {
	for _, w := range p.Warnings {
		if w.Code == code {
			details = append(details, w.Detail)
		}
	}
	return details
}

// TestThePayeeWhoIsTheIssuer: a payment to an asset's issuer destroys the money, and whoever agrees to one should know.
func TestThePayeeWhoIsTheIssuer(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	issuer := address("issuer")
	n.accounts[issuer] = 7000
	for role, put := range map[string]func(*TermsIn){
		"the buyer":            func(in *TermsIn) { in.Buyer = issuer },
		"the seller":           func(in *TermsIn) { in.Seller = issuer },
		"arbitrator 2":         func(in *TermsIn) { in.Panel.Arbitrators[1] = issuer },
		"appeal arbitrator 1":  func(in *TermsIn) { in.AppealPanel.Arbitrators[0] = issuer },
		"nobody of the people": func(*TermsIn) {},
	} {
		in := OpenIn{Terms: goodTerms(), By: "buyer", Source: address("stranger")}
		put(&in.Terms)
		got := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in).Prepared.warned("is-issuer")
		if role == "nobody of the people" {
			if len(got) > 0 {
				t.Errorf("nobody issues the asset: %q", got)
			}
		} else if len(got) != 1 || !strings.HasPrefix(got[0], role+" ("+issuer+")") || !strings.Contains(got[0], "destroyed") {
			t.Errorf("%s is the issuer: %q", role, got)
		}
	}

	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Seller, in.Terms.Bond, in.Terms.ArbitrationFee = issuer, "", ""
	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
	keys := everybody()
	keys[issuer] = key("issuer")
	c.finish(o.Prepared, keys)
	step := func(action string, in ActionIn) PreparedOut {
		t.Helper()
		p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+o.ID+"/actions/"+action, in)
		c.finish(p, keys)
		return p
	}
	for _, action := range []string{"accept", "fund"} {
		if got := step(action, ActionIn{}).warned("is-issuer"); len(got) != 1 {
			t.Errorf("%s: %q", action, got)
		}
	}
	if got := step("release", ActionIn{Milestone: index(0), Amount: "1"}).warned("is-issuer"); len(got) != 1 || !strings.HasPrefix(got[0], "the seller") {
		t.Errorf("release: %q", got)
	}
	if got := step("refund", ActionIn{Milestone: index(0), Amount: "1"}).warned("is-issuer"); len(got) != 0 {
		t.Errorf("refund to the buyer: %q", got)
	}
}

// TestWhatIsNothingIsNotSaid: without a bond and a fee for hearings, no summary speaks of them.
func TestWhatIsNothingIsNotSaid(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Bond, in.Terms.ArbitrationFee = "", ""
	o := c.open(in)
	accept, _ := c.act(o.ID, "accept", ActionIn{})
	fund, _ := c.act(o.ID, "fund", ActionIn{})
	dispute, _ := c.act(o.ID, "dispute", ActionIn{By: "buyer", Milestone: index(0)})
	first, _ := c.act(o.ID, "release", ActionIn{Milestone: index(0), Amount: "12.5"})
	last, _ := c.act(o.ID, "release", ActionIn{Milestone: index(1), Amount: "7.5"})
	for _, p := range []PreparedOut{o.Prepared, accept, fund, dispute, first, last} {
		if text := p.Summary.Text; strings.Contains(text, "bond") || strings.Contains(text, " 0 USDC") {
			t.Errorf("%s: %s", p.Action, text)
		}
	}
	if want := "The buyer funds the trade: 20 USDC for 2 milestones."; fund.Summary.Lines[0] != want {
		t.Errorf("%q, want %q", fund.Summary.Lines[0], want)
	}
	if !slices.Contains(last.Summary.Lines, "The trade then ends.") {
		t.Errorf("%q", last.Summary.Lines)
	}
}
