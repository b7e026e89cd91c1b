package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// refusedStory is a trade on its way, and what is said when something cannot be done.
type refusedStory struct {
	*client
	n  *modelNet
	id string
}

func newRefusedStory(t *testing.T) *refusedStory {
	n := newModelNet()
	c := newClient(t, n)
	return &refusedStory{c, n, c.funded()}
}

func (s *refusedStory) refused(status int, action string, in any) Problem {
	s.t.Helper()
	return s.problem(status, http.MethodPost, "/v1/trades/"+s.id+"/actions/"+action, in)
}

// says wants a refusal whose detail and next step have some words and not others.
func (s *refusedStory) says(action string, in ActionIn, detail, next string, not ...string) Problem {
	s.t.Helper()
	p := s.refused(http.StatusConflict, action, in)
	if !strings.Contains(p.Detail, detail) || !strings.Contains(p.NextStep, next) {
		s.t.Errorf("%s: %q, next: %q\nwant %q, next: %q", action, p.Detail, p.NextStep, detail, next)
	}
	for _, words := range append(not, "moved on") {
		if strings.Contains(p.Detail+p.NextStep, words) {
			s.t.Errorf("%s: %q, next: %q, which cannot be followed: %q", action, p.Detail, p.NextStep, words)
		}
	}
	return p
}

func (s *refusedStory) dispute(milestone int64) {
	s.t.Helper()
	s.act(s.id, "dispute", ActionIn{By: "buyer", Milestone: index(milestone)})
}

// TestWhichOfSeveralMilestonesIsRefused: all or none are carried out, so the one that is in the way is named.
func TestWhichOfSeveralMilestonesIsRefused(t *testing.T) {
	s := newRefusedStory(t)
	p := s.refused(http.StatusUnprocessableEntity, "rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 1}, {0, 2}}})
	if f, ok := p.field("body.rulings[1].milestone"); !ok || len(p.Errors) != 1 || f.Message != "named twice, as in body.rulings[0].milestone" {
		t.Errorf("named twice: %+v", p.Errors)
	}
	p = s.refused(http.StatusUnprocessableEntity, "settle", ActionIn{Source: address("stranger"), Milestones: []int64{0, 1, 0}})
	if f, ok := p.field("body.milestones[2]"); !ok || len(p.Errors) != 1 || f.Message != "named twice, as in body.milestones[0]" {
		t.Errorf("named twice: %+v", p.Errors)
	}

	s.dispute(0)
	s.n.advance(2001)
	named := func(p Problem, at, code, phase string, says ...string) {
		t.Helper()
		f, ok := p.field(at)
		if !ok || len(p.Errors) != 1 || f.Code != code || p.Phase != phase {
			t.Errorf("phase %q, %+v; want %s of %q, phase %q", p.Phase, p.Errors, code, at, phase)
		}
		for _, words := range says {
			if !strings.Contains(f.Message, words) || !strings.Contains(p.Detail, words) {
				t.Errorf("%q (%q) without %q", f.Message, p.Detail, words)
			}
		}
	}
	both := ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 1}, {1, 2}}}
	named(s.refused(http.StatusConflict, "rule", both), "body.rulings[1].milestone", "WrongStage", "funded", `milestone 1 is in the phase "funded"`)
	named(s.refused(http.StatusConflict, "settle", ActionIn{Source: address("stranger"), Milestones: []int64{1}}), "body.milestones[0]", "NotDue", "funded", `milestone 1 is in the phase "funded"`)

	s.dispute(1)
	s.act(s.id, "rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 1}}})
	s.n.advance(2001) // both are heard
	named(s.refused(http.StatusConflict, "rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{1, 2}, {0, 1}}}), "body.rulings[1].milestone", "AlreadyVoted", "hearing", "this seat has voted on this milestone")
	named(s.refused(http.StatusConflict, "rule", ActionIn{By: "appeal-arbitrator-1", Rulings: []RulingIn{{1, 2}}}), "body.by", "NotArbitrator", "hearing")

	// Nothing was listed: no field of the body is at fault.
	if p := s.refused(http.StatusConflict, "settle", ActionIn{Source: address("stranger")}); len(p.Errors) != 0 || p.Code != "not-due" {
		t.Errorf("%+v", p)
	}
}

// TestAfterFundBy: the trade is still open, or agreed, and that is not why.
func TestAfterFundBy(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	s := &refusedStory{c, n, c.open(OpenIn{Terms: goodTerms(), By: "seller"}).ID}
	n.advance(10_001)
	at := "2026-01-01T02:46:40Z"
	for _, action := range []string{"accept", "fund"} {
		s.says(action, ActionIn{}, "fund_by has passed, at "+at, "cancel", "not at this stage")
	}
	n.advance(1)
	s.act(s.id, "cancel", ActionIn{Source: address("stranger")})
	s.says("fund", ActionIn{}, "the trade is cancelled", "the trade is over: nothing is left to do", "fund_by")
}

// TestRangesAreStated: what amount would do is said with the refusal of one that does not.
func TestRangesAreStated(t *testing.T) {
	s := newRefusedStory(t)
	s.says("release", ActionIn{Milestone: index(0), Amount: "0"}, "from 0.0000001 USDC to 12.5 USDC", "choose an amount in that range")
	s.says("refund", ActionIn{Milestone: index(0), Amount: "13"}, "from 0.0000001 USDC to 12.5 USDC", "choose an amount in that range")
	p := s.says("offer", ActionIn{By: "buyer", Milestone: index(0), SellerAmount: "251"}, "from 0 USDC to 12.5 USDC", "choose an amount in that range")
	if f, ok := p.field("body.seller_amount"); !ok || !strings.Contains(f.Message, "12.5 USDC") {
		t.Errorf("%+v", p.Errors)
	}
	s.dispute(0)
	s.says("release", ActionIn{Milestone: index(0), Amount: "13"}, "only all of it, 12.5 USDC", "choose")

	for _, in := range []ActionIn{{By: "seller"}, {Source: address("stranger"), Role: "seller"}, {Source: address("stranger"), Role: "seller", Amount: "1"}} {
		if p := s.says("claim", in, "nothing is parked for the seller", "nothing is left to do"); len(p.Errors) != 0 {
			t.Errorf("an amount is not at fault: %+v", p.Errors)
		}
	}
	s.n.frozen[address("seller")] = true
	s.act(s.id, "release", ActionIn{Milestone: index(0), Amount: "12.5"})
	p = s.says("claim", ActionIn{Source: address("stranger"), Role: "seller", Amount: "100"}, "parked for the seller", "choose an amount in that range")
	if f, ok := p.field("body.amount"); !ok || !strings.Contains(f.Message, "from 0.0000001 USDC to ") {
		t.Errorf("%+v", p.Errors)
	}
}

// TestNextStepsCanBeFollowed goes through a trade and asks for what is too early, too late or somebody else's.
func TestNextStepsCanBeFollowed(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	s := &refusedStory{c, n, c.open(OpenIn{Terms: goodTerms(), By: "buyer"}).ID}
	stranger, zero := address("stranger"), index(0)
	s.says("cancel", ActionIn{Source: stranger}, "only a party cancels", "wait until 2026-01-01T02:46:40Z")
	s.says("fund", ActionIn{}, "the trade is open", "once the seller has agreed")
	s.says("release", ActionIn{Milestone: zero, Amount: "1"}, "the trade is open", "once the trade is funded")
	s.says("settle", ActionIn{Source: stranger}, "the trade is open", "once the trade is funded")
	s.says("rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 0}, {1, 0}}}, "the trade is open", "once the trade is funded")
	s.act(s.id, "accept", ActionIn{})
	s.says("accept", ActionIn{}, "the trade is agreed", "while the trade is open")
	s.act(s.id, "fund", ActionIn{})

	s.says("settle", ActionIn{Source: stranger, Milestones: []int64{0}}, `"funded"`, "wait until 2026-01-02T03:46:40Z", "cancel")
	s.says("settle", ActionIn{Source: stranger}, "funded", "wait until 2026-01-02T03:46:40Z", "cancel")
	s.says("cancel", ActionIn{By: "buyer"}, "the trade is funded", "release, dispute, offer")
	s.says("appeal", ActionIn{By: "seller", Milestone: zero}, `"funded"`, "once the panel has ruled", "wait until")
	s.says("rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 0}}}, `"funded"`, "panel hears the milestone", "wait until")
	s.says("evidence", ActionIn{By: "seller", Milestone: zero, Hash: strings.Repeat("11", 32)}, `"funded"`, "disputed")
	s.act(s.id, "deliver", ActionIn{Milestone: zero})
	s.says("deliver", ActionIn{Milestone: zero}, `"delivered"`, "refund, dispute, offer")
	s.says("accept_offer", ActionIn{By: "seller", Milestone: zero, SellerAmount: "1"}, "no standing offer", "offers of the milestone")

	s.dispute(0)
	s.says("dispute", ActionIn{By: "seller", Milestone: zero}, `"offers"`, "offer")
	s.says("release", ActionIn{Milestone: zero, Amount: "1"}, "only all of it, 12.5 USDC", "offer a split")
	opens := s.read(s.id).Milestones[0].Until.String()
	s.says("rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 0}}}, `"offers"`, "wait until "+opens)
	s.n.advance(2001)
	s.says("rule", ActionIn{By: "appeal-arbitrator-1", Rulings: []RulingIn{{0, 0}}}, "hearing", "wait until "+s.read(s.id).Milestones[0].Until.String())
	s.says("appeal", ActionIn{By: "seller", Milestone: zero}, `"hearing"`, "once the panel has ruled", "wait until")
	for i := range 2 {
		s.act(s.id, "rule", ActionIn{By: fmt.Sprintf("arbitrator-%d", i+1), Rulings: []RulingIn{{0, 0}}})
	}
	s.says("appeal", ActionIn{By: "seller", Milestone: zero}, `"hearing"`, "wait until "+s.read(s.id).Milestones[0].Until.String()) // two of three are a ruling when time is up
	s.act(s.id, "rule", ActionIn{By: "arbitrator-3", Rulings: []RulingIn{{0, 0}}})
	s.n.advance(3001)
	s.says("appeal", ActionIn{By: "seller", Milestone: zero}, `"due"`, "settle")
	s.says("release", ActionIn{Milestone: zero, Amount: "1"}, "only all of it, 12.5 USDC", "settle", "offer")
	s.says("offer", ActionIn{By: "buyer", Milestone: zero, SellerAmount: "1"}, `"due"`, "settle")
	s.act(s.id, "settle", ActionIn{Source: stranger})
	s.says("release", ActionIn{Milestone: zero, Amount: "1"}, `"ended"`, "milestone 0 is over")
	s.act(s.id, "refund", ActionIn{Milestone: index(1), Amount: "7.5"})
	s.says("refund", ActionIn{Milestone: index(1), Amount: "7.5"}, "the trade is ended", "the trade is over: nothing is left to do")
	if text := string(must(json.Marshal(want[ProblemsOut](c, http.StatusOK, http.MethodGet, "/v1/problems", nil)))); strings.Contains(text, "moved on") {
		t.Error("a state that has moved on may as well be one that has not come")
	}
}
