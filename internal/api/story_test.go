package api

import (
	"net/http"
	"testing"
)

func index(n int64) *int64 { return &n }

func TestWholeTradeOnTheModel(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	o := c.open(OpenIn{Terms: goodTerms(), By: "seller"})
	if len(o.Prepared.Summary.Payments) != 1 || o.Prepared.Summary.Payments[0].Amount != "1.0000000" {
		t.Errorf("a seller's opening pays the bond, the summary says %+v", o.Prepared.Summary.Payments)
	}
	c.act(o.ID, "accept", ActionIn{By: "buyer"})
	c.act(o.ID, "fund", ActionIn{})
	c.act(o.ID, "deliver", ActionIn{Milestone: index(0)})
	// A stranger pays the fee, the buyer authorises apart.
	p, _ := c.act(o.ID, "release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "2.5"})
	if len(p.Authorisations) != 1 || string(p.Authorisations[0].Signer) != address("buyer") || p.Authorisations[0].Role != "buyer" {
		t.Errorf("release sent by a stranger needs the buyer's authorisation, got %+v", p.Authorisations)
	}
	c.act(o.ID, "release", ActionIn{Milestone: index(0), Amount: "10"})
	n.advance(300_000)
	c.act(o.ID, "settle", ActionIn{Source: address("stranger")})
	tr := c.read(o.ID)
	if tr.Stage != "ended" || tr.Held != "0.0000000" {
		t.Errorf("trade is %s and %s held, want ended and nothing", tr.Stage, tr.Held)
	}
	if m := tr.Milestones; m[0].ToSeller != "12.5000000" || m[0].Fee != "0.1250000" || m[1].ToBuyer != "7.5000000" || m[1].Outcome != "due_to_the_buyer" {
		t.Errorf("milestones: %+v", m)
	}
	if p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/assets/"+contractAddress("usdc").String()+"/actions/collect", CollectIn{Source: address("stranger")}); c.finish(p, everybody()).State != stateProjected || p.Summary.Payments[0].Amount != "0.1250000" {
		t.Errorf("collect: %+v", p.Summary)
	}
}
