package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
)

// problemOfCall makes a request that must fail, and checks what every problem has.
func (c *client) problem(status int, method, path string, body any, headers ...string) Problem {
	c.t.Helper()
	w := c.call(method, path, body, headers...)
	if w.Code != status {
		c.t.Fatalf("%s %s with %s: status %d, want %d\n%s", method, clip(path), shown(body), w.Code, status, clipTo(w.Body.String(), 2000))
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		c.t.Errorf("%s %s: content type %q", method, clip(path), ct)
	}
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		c.t.Fatalf("%s %s: %v", method, clip(path), err)
	}
	if p.Status != status || p.Type != problemPath+p.Code || p.Title == "" || p.NextStep == "" || p.Instance == "" || p.Instance != w.Header().Get("X-Request-Id") {
		c.t.Errorf("%s %s: incomplete problem %+v", method, clip(path), p)
	}
	if !slices.ContainsFunc(allProblems(), func(k ProblemKind) bool { return k.Code == p.Code && k.Status == p.Status }) {
		c.t.Errorf("%s %s: %d %s is not among the kinds of problem", method, clip(path), p.Status, p.Code)
	}
	c.checkDocumented(method, path, p)
	return p
}

func (p Problem) field(location string) (FieldError, bool) {
	i := slices.IndexFunc(p.Errors, func(f FieldError) bool { return f.Location == location })
	if i < 0 {
		return FieldError{}, false
	}
	return p.Errors[i], true
}

// badTerms are terms with one mistake each: where it is to be named, and by which of the contract's names.
var badTerms = []struct {
	name     string
	spoil    func(*OpenIn)
	location string
	code     string
	says     string
}{
	{"amount of 0", func(in *OpenIn) { in.Terms.Milestones[0].Amount = "0" }, "body.terms.milestones[0].amount", "BadAmount", "more than 0"},
	{"amount left out", func(in *OpenIn) { in.Terms.Milestones[0].Amount = "" }, "body.terms.milestones[0].amount", "", "empty"},
	{"negative amount", func(in *OpenIn) { in.Terms.Milestones[1].Amount = "-1" }, "body.terms.milestones[1].amount", "", "sign"},
	{"amount over 2^63-1", func(in *OpenIn) { in.Terms.Milestones[0].Amount = "922337203685.4775808" }, "body.terms.milestones[0].amount", "", "largest"},
	{"amount with 8 decimals", func(in *OpenIn) { in.Terms.Milestones[0].Amount = "1.00000001" }, "body.terms.milestones[0].amount", "", "8 decimals"},
	{"amount with an exponent", func(in *OpenIn) { in.Terms.Milestones[0].Amount = "1e3" }, "body.terms.milestones[0].amount", "", "exponent"},
	{"amounts that overflow together", func(in *OpenIn) {
		in.Terms.Milestones[0].Amount, in.Terms.Milestones[1].Amount = "922337203685", "922337203685"
	}, "body.terms.milestones", "TotalTooLarge", "largest amount"},
	{"no milestone", func(in *OpenIn) { in.Terms.Milestones = []MilestoneIn{} }, "body.terms.milestones", "MilestoneCount", "1 to 20"},
	{"21 milestones", func(in *OpenIn) {
		in.Terms.Milestones = slices.Repeat(in.Terms.Milestones[:1], 21)
	}, "body.terms.milestones", "MilestoneCount", "1 to 20"},
	{"arbitration fee above the bond", func(in *OpenIn) { in.Terms.ArbitrationFee = "2" }, "body.terms.arbitration_fee", "BadArbitrationFee", "1.0000000"},
	{"bond that is no amount", func(in *OpenIn) { in.Terms.Bond = "one" }, "body.terms.bond", "", "not a digit"},
	{"buyer is an arbitrator", func(in *OpenIn) { in.Terms.Panel.Arbitrators[1] = in.Terms.Buyer }, "body.terms.panel.arbitrators[1]", "SameRole", "body.terms.buyer"},
	{"seller is the buyer", func(in *OpenIn) { in.Terms.Seller = in.Terms.Buyer }, "body.terms.seller", "SameRole", "body.terms.buyer"},
	{"arbitrator twice", func(in *OpenIn) { in.Terms.Panel.Arbitrators[2] = in.Terms.Panel.Arbitrators[0] }, "body.terms.panel.arbitrators[2]", "SameRole", "panel.arbitrators[0]"},
	{"arbitrator on both panels", func(in *OpenIn) { in.Terms.AppealPanel.Arbitrators[0] = in.Terms.Panel.Arbitrators[0] }, "body.terms.appeal_panel.arbitrators[0]", "SameRole", "panel.arbitrators[0]"},
	{"panel of two", func(in *OpenIn) { in.Terms.Panel.Arbitrators = in.Terms.Panel.Arbitrators[:2] }, "body.terms.panel.arbitrators", "PanelSize", "0, 1, 3, 5 or 7"},
	{"quorum that is no majority", func(in *OpenIn) { in.Terms.Panel.Quorum = index(1) }, "body.terms.panel.quorum", "BadQuorum", "not a majority of 3: from 2 to 3"},
	{"quorum above the panel", func(in *OpenIn) { in.Terms.Panel.Quorum = index(4) }, "body.terms.panel.quorum", "BadQuorum", "above the panel's size, 3"},
	{"quorum of 2 of one", func(in *OpenIn) { in.Terms.AppealPanel.Quorum = index(2) }, "body.terms.appeal_panel.quorum", "BadQuorum", "above the panel's size, 1"},
	{"quorum of 0 of one", func(in *OpenIn) { in.Terms.AppealPanel.Quorum = index(0) }, "body.terms.appeal_panel.quorum", "BadQuorum", "not a majority of 1: has to be 1"},
	{"quorum of nobody", func(in *OpenIn) { in.Terms.AppealPanel = &PanelIn{Arbitrators: []string{}, Quorum: index(1)} }, "body.terms.appeal_panel.quorum", "BadQuorum", "0, or left out, where there are no arbitrators"},
	{"negative quorum", func(in *OpenIn) { in.Terms.Panel.Quorum = index(-1) }, "body.terms.panel.quorum", "", "0 to"},
	{"appeal panel alone", func(in *OpenIn) { in.Terms.Panel = nil }, "body.terms.appeal_panel", "AppealWithoutPanel", ""},
	{"the contract as seller", func(in *OpenIn) { in.Terms.Seller = contractAddress("escrow").String() }, "body.terms.seller", "ForbiddenRole", "no role"},
	{"the asset as arbitrator", func(in *OpenIn) { in.Terms.Panel.Arbitrators[0] = in.Terms.Asset }, "body.terms.panel.arbitrators[0]", "ForbiddenRole", "no role"},
	{"fallback above all", func(in *OpenIn) { in.Terms.FallbackPpm = 1_000_001 }, "body.terms.fallback_ppm", "BadPpm", "1,000,000"},
	{"negative fallback", func(in *OpenIn) { in.Terms.FallbackPpm = -1 }, "body.terms.fallback_ppm", "", "0 to"},
	{"another fee", func(in *OpenIn) { in.Terms.FeeBps = index(99) }, "body.terms.fee_bps", "FeeMismatch", "100"},
	{"fund_by now", func(in *OpenIn) { in.Terms.FundBy = "1767225600" }, "body.terms.fund_by", "FundByPast", "2026-01-01T00:00:00Z"},
	{"fund_by in words", func(in *OpenIn) { in.Terms.FundBy = "tomorrow" }, "body.terms.fund_by", "", "RFC 3339"},
	{"fund_by with parts of a second", func(in *OpenIn) { in.Terms.FundBy = "2026-01-01T01:00:00.5Z" }, "body.terms.fund_by", "", "whole seconds"},
	{"fund_by before 1970", func(in *OpenIn) { in.Terms.FundBy = "1969-01-01T01:00:00Z" }, "body.terms.fund_by", "", "1970"},
	{"fund_by above 2^64", func(in *OpenIn) { in.Terms.FundBy = "18446744073709551616" }, "body.terms.fund_by", "", "2^64-1"},
	{"deliver_by too near", func(in *OpenIn) { in.Terms.Milestones[1].DeliverBy = in.Terms.FundBy }, "body.terms.milestones[1].deliver_by", "DeliverByTooNear", "1000 seconds"},
	{"inspection of a second", func(in *OpenIn) { in.Terms.Inspection = 1 }, "body.terms.inspection", "BadInspection", "1100 to 1100000"},
	{"negative inspection", func(in *OpenIn) { in.Terms.Inspection = -1 }, "body.terms.inspection", "", "negative"},
	{"offers window too long", func(in *OpenIn) { in.Terms.Windows.Offers = 1_200_001 }, "body.terms.windows.offers", "BadOffersWindow", "1200 to 1200000"},
	{"ruling window too short", func(in *OpenIn) { in.Terms.Windows.Ruling = 1299 }, "body.terms.windows.ruling", "BadRulingWindow", "1300 to 1300000"},
	{"appeal window too short", func(in *OpenIn) { in.Terms.Windows.Appeal = 0 }, "body.terms.windows.appeal", "BadAppealWindow", "1400 to 1400000"},
	{"a life too long", func(in *OpenIn) { in.Terms.Milestones[0].DeliverBy = "1777225601" }, "body.terms.milestones[0].deliver_by", "LifeTooLong", "2026-04-26T17:46:40Z"},
	{"a life too long by its windows", func(in *OpenIn) { in.Terms.Milestones[0].DeliverBy = "1777225600" }, "body.terms.milestones", "LifeTooLong", "10000000"},
	{"fund_by beyond any life", func(in *OpenIn) { in.Terms.FundBy = "9223372036854775808" }, "body.terms.fund_by", "DeliverByTooNear", "too far away"},
	{"everything beyond any life", func(in *OpenIn) {
		in.Terms.FundBy, in.Terms.Milestones = "1777225600", in.Terms.Milestones[:1]
		in.Terms.Milestones[0].DeliverBy = "1777226600"
	}, "body.terms.fund_by", "LifeTooLong", "too far away"},
	{"asset that is an account", func(in *OpenIn) { in.Terms.Asset = address("issuer") }, "body.terms.asset", "", "not an asset"},
	{"asset that is no token", func(in *OpenIn) { in.Terms.Asset = contractAddress("nothing").String() }, "body.terms.asset", "", "no contract"},
	{"asset in words", func(in *OpenIn) { in.Terms.Asset = "USDC" }, "body.terms.asset", "", "not the address of an asset's contract (C…)"},
	{"asset that is the escrow", func(in *OpenIn) { in.Terms.Asset = contractAddress("escrow").String() }, "body.terms.asset", "", ""},
	{"a token without a yes to it", func(in *OpenIn) { in.Terms.Asset = contractAddress("token").String() }, "body.terms.asset", "", "accept_token"},
	{"buyer is a muxed account", func(in *OpenIn) {
		in.Terms.Buyer = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"
	}, "body.terms.buyer", "", "not an account"},
	{"buyer with a wrong checksum", func(in *OpenIn) { in.Terms.Buyer = in.Terms.Buyer[:55] + "A" }, "body.terms.buyer", "", "not an account"},
	{"a hash that is too short", func(in *OpenIn) { in.Terms.TermsHash = "abcd" }, "body.terms.terms_hash", "", "64 digits"},
	{"a hash that is not hex", func(in *OpenIn) { in.Terms.Milestones[0].Description = strings.Repeat("x", 64) }, "body.terms.milestones[0].description", "", "64 digits"},
	{"a salt that is not hex", func(in *OpenIn) { in.Terms.Salt = "salt" }, "body.terms.salt", "", "64 digits"},
	{"opened by a stranger", func(in *OpenIn) { in.By = address("stranger") }, "body.by", "NotParty", "neither buyer nor seller"},
	{"source that is a contract", func(in *OpenIn) { in.Source = contractAddress("x").String() }, "body.source", "", "not an account"},
	{"valid for a second", func(in *OpenIn) { in.ValidFor = index(1) }, "body.valid_for", "", "30 to 3600"},
}

func TestBadTermsNameTheField(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	for _, test := range badTerms {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			in := OpenIn{Terms: goodTerms(), By: "buyer"}
			test.spoil(&in)
			p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades", in)
			f, ok := p.field(test.location)
			if !ok {
				t.Fatalf("no error names %s: %+v", test.location, p.Errors)
			}
			if f.Code != test.code || !strings.Contains(f.Message, test.says) {
				t.Errorf("%s: code %q, message %q; want %q and a message with %q", test.location, f.Code, f.Message, test.code, test.says)
			}
			if len(p.Errors) != 1 && test.name != "asset that is an account" && test.name != "everything beyond any life" && !strings.HasPrefix(test.name, "asset") {
				t.Errorf("one mistake, %d errors: %+v", len(p.Errors), p.Errors)
			}
		})
	}
	if n.changes != 0 {
		t.Errorf("bad input changed something %d times", n.changes)
	}
	want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", OpenIn{Terms: goodTerms(), By: "buyer"})
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	c := newClient(t, newModelNet())
	in := OpenIn{Terms: goodTerms(), By: "nobody"}
	in.Terms.Milestones[0].Amount = "0"
	in.Terms.Milestones[1].Amount = "1.123456789"
	in.Terms.Inspection = 5
	in.Terms.Seller = "me"
	in.Terms.Panel.Arbitrators[2] = in.Terms.Buyer
	p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades", in)
	for _, location := range []string{"body.by", "body.terms.milestones[0].amount", "body.terms.milestones[1].amount", "body.terms.inspection", "body.terms.seller", "body.terms.panel.arbitrators[2]"} {
		if _, ok := p.field(location); !ok {
			t.Errorf("%s is not named: %+v", location, p.Errors)
		}
	}
}

func TestASecretKeyInTheWrongPlaceIsNotRepeated(t *testing.T) {
	c := newClient(t, newModelNet())
	secret := must(keypair.Random()).Seed()
	good := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	for _, where := range []string{`"buyer":"` + address("buyer"), `"by":"buyer`, `"bond":"1`, `"fund_by":"2026-01-01T02:46:40Z`, `"inspection":10000,"fallback_ppm":500000,"bond":"1`} {
		name, _, _ := strings.Cut(where, ":")
		body := strings.Replace(good, where, name+`:"`+secret, 1)
		if body == good && name != `"inspection"` {
			t.Fatalf("%s is not in the body", where)
		}
		w := c.call(http.MethodPost, "/v1/trades", body)
		if w.Code == http.StatusOK && body != good || strings.Contains(w.Body.String(), secret[:12]) || strings.Contains(c.log.String(), secret[:12]) {
			t.Errorf("%s: status %d, and the secret stands in the answer or the log: %s", name, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/v1/trades/" + secret, "/v1/trades?party=" + secret, "/v1/trades?cursor=" + secret, "/v1/trades?stage=" + secret, "/v1/transactions/" + secret} {
		if w := c.call(http.MethodGet, path, nil); w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), secret[:12]) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestBadBodies(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	good := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	tests := []struct {
		name, body string
		status     int
		code, says string
	}{
		{"empty", "", 400, "malformed-json", "required"},
		{"not JSON", "<xml/>", 400, "malformed-json", ""},
		{"cut off", good[:len(good)-3], 400, "malformed-json", ""},
		{"two documents", good + good, 400, "malformed-json", ""},
		{"a field twice", `{"by":"buyer",` + good[1:], 400, "malformed-json", `"by"`},
		{"a field twice in another case", `{"By":"seller",` + good[1:], 400, "malformed-json", "none of this API's"},
		{"too deep", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), 400, "malformed-json", "deep"},
		{"an unknown field", `{"sponsor":true,` + good[1:], 422, "invalid-fields", "body.sponsor"},
		{"an unknown field in the terms", strings.Replace(good, `"terms":{`, `"terms":{"price":"1",`, 1), 422, "invalid-fields", "body.terms.price"},
		{"a missing field", strings.Replace(good, `"by":"buyer"`, `"source":""`, 1), 422, "invalid-fields", "body.by: missing"},
		{"missing fields in the terms", `{"by":"buyer","terms":{}}`, 422, "invalid-fields", "body.terms.seller: missing"},
		{"an amount as a number", strings.Replace(good, `"12.5"`, `12.5`, 1), 422, "invalid-fields", "body.terms.milestones[0].amount"},
		{"seconds with a fraction", strings.Replace(good, `"inspection":10000`, `"inspection":10000.5`, 1), 422, "invalid-fields", "body.terms.inspection"},
		{"null for a list", strings.Replace(good, `"milestones":[`, `"milestones":null,"x":[`, 1), 422, "invalid-fields", "body.terms.milestones"},
		{"a list for an object", `[]`, 422, "invalid-fields", "body"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			p := c.problem(test.status, http.MethodPost, "/v1/trades", test.body)
			text := p.Detail
			for _, f := range p.Errors {
				text += " " + f.Location + ": " + f.Message
			}
			if p.Code != test.code || !strings.Contains(text, test.says) {
				t.Errorf("%s: %s, want %s with %q", p.Code, text, test.code, test.says)
			}
		})
	}
	if n.changes != 0 {
		t.Errorf("bad input changed something %d times", n.changes)
	}
}

// funded is a trade with its money in.
func (c *client) funded() string {
	c.t.Helper()
	o := c.open(OpenIn{Terms: goodTerms(), By: "seller"})
	c.act(o.ID, "fund", ActionIn{})
	return o.ID
}

func TestBadActions(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	id := c.funded()
	before := n.changes
	for _, test := range []struct {
		name, action   string
		in             ActionIn
		status         int
		problem, field string
		code           string
	}{
		{"no such action", "steal", ActionIn{}, 422, "invalid-fields", "path.action", ""},
		{"an operator's function", "pause", ActionIn{}, 422, "invalid-fields", "path.action", ""},
		{"no milestone", "deliver", ActionIn{}, 422, "invalid-fields", "body.milestone", ""},
		{"a milestone outside", "deliver", ActionIn{Milestone: index(2)}, 422, "invalid-fields", "body.milestone", "NoSuchMilestone"},
		{"a negative milestone", "deliver", ActionIn{Milestone: index(-1)}, 422, "invalid-fields", "body.milestone", "NoSuchMilestone"},
		{"no amount", "release", ActionIn{Milestone: index(0)}, 422, "invalid-fields", "body.amount", ""},
		{"a bad amount", "release", ActionIn{Milestone: index(0), Amount: "1.00000000"}, 422, "invalid-fields", "body.amount", ""},
		{"an amount of 0", "release", ActionIn{Milestone: index(0), Amount: "0"}, 409, "amount-out-of-range", "", "AmountOutOfRange"},
		{"more than is left", "release", ActionIn{Milestone: index(0), Amount: "12.5000001"}, 409, "amount-out-of-range", "", "AmountOutOfRange"},
		{"a field it does not take", "deliver", ActionIn{Milestone: index(0), Amount: "1"}, 422, "invalid-fields", "body.amount", ""},
		{"an empty list", "settle", ActionIn{Source: address("stranger"), Milestones: []int64{}}, 422, "invalid-fields", "body.source", ""},
		{"nothing due", "settle", ActionIn{Source: address("stranger")}, 409, "not-due", "", "NotDue"},
		{"release by the seller", "release", ActionIn{By: "seller", Milestone: index(0), Amount: "1"}, 422, "invalid-fields", "body.by", "NotParty"},
		{"deliver by a stranger", "deliver", ActionIn{By: address("stranger"), Milestone: index(0)}, 422, "invalid-fields", "body.by", "NotParty"},
		{"by nobody", "dispute", ActionIn{Milestone: index(0)}, 422, "invalid-fields", "body.by", ""},
		{"by no address", "dispute", ActionIn{By: "the buyer", Milestone: index(0)}, 422, "invalid-fields", "body.by", ""},
		{"dispute by an arbitrator", "dispute", ActionIn{By: "arbitrator-1", Milestone: index(0)}, 422, "invalid-fields", "body.by", "NotParty"},
		{"rule by the buyer", "rule", ActionIn{By: "buyer", Rulings: []RulingIn{{0, 0}}}, 422, "invalid-fields", "body.by", "NotArbitrator"},
		{"rule without rulings", "rule", ActionIn{By: "arbitrator-1"}, 422, "invalid-fields", "body.rulings", "EmptyList"},
		{"rule with too much", "rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 1_000_001}}}, 422, "invalid-fields", "body.rulings[0].seller_ppm", "BadPpm"},
		{"rule without a dispute", "rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 5}}}, 409, "wrong-stage", "", "WrongStage"},
		{"evidence without a hash", "evidence", ActionIn{By: "buyer", Milestone: index(0)}, 422, "invalid-fields", "body.hash", ""},
		{"accepting no offer", "accept_offer", ActionIn{By: "buyer", Milestone: index(0), SellerAmount: "1"}, 409, "no-offer", "", "NoOffer"},
		{"an offer of what is not left", "offer", ActionIn{By: "buyer", Milestone: index(0), Of: "1", SellerAmount: "1"}, 409, "left-changed", "", "LeftChanged"},
		{"appeal without a ruling", "appeal", ActionIn{By: "buyer", Milestone: index(0)}, 409, "wrong-stage", "", "WrongStage"},
		{"accept of what is funded", "accept", ActionIn{}, 409, "wrong-stage", "", "WrongStage"},
		{"fund again", "fund", ActionIn{}, 409, "wrong-stage", "", "WrongStage"},
		{"cancel of what is funded", "cancel", ActionIn{By: "buyer"}, 409, "wrong-stage", "", "WrongStage"},
		{"claim of nothing", "claim", ActionIn{By: "buyer"}, 409, "amount-out-of-range", "", "AmountOutOfRange"},
		{"claim for no role", "claim", ActionIn{Source: address("stranger")}, 422, "invalid-fields", "body.role", ""},
		{"claim for an unknown role", "claim", ActionIn{Role: "owner"}, 422, "invalid-fields", "body.role", "NotParty"},
		{"a source that does not exist", "deliver", ActionIn{Source: must(keypair.Random()).Address(), Milestone: index(0)}, 422, "no-such-account", "body.source", ""},
		{"a source that is a contract", "deliver", ActionIn{Source: contractAddress("x").String(), Milestone: index(0)}, 422, "invalid-fields", "body.source", ""},
		{"no source for settle", "extend", ActionIn{}, 422, "invalid-fields", "body.source", ""},
		{"valid for a day", "extend", ActionIn{Source: address("stranger"), ValidFor: index(86_400)}, 422, "invalid-fields", "body.valid_for", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &client{t: t, h: c.h}
			if test.name == "an empty list" { // omitempty would leave it out
				p := c.problem(422, http.MethodPost, "/v1/trades/"+id+"/actions/settle", `{"source":"`+address("stranger")+`","milestones":[]}`)
				if f, ok := p.field("body.milestones"); !ok || f.Code != "EmptyList" {
					t.Errorf("errors: %+v", p.Errors)
				}
				return
			}
			p := c.problem(test.status, http.MethodPost, "/v1/trades/"+id+"/actions/"+test.action, test.in)
			if p.Code != test.problem {
				t.Errorf("problem %s (%s), want %s", p.Code, p.Detail, test.problem)
			}
			if test.field == "" {
				if p.Contract == nil || p.Contract.Name != test.code || p.Ledger == nil || p.Phase == "" || len(p.Possible) == 0 && test.action != "settle" && test.action != "rule" {
					t.Errorf("a refusal says what the contract says, the phase and what is possible: %+v", p)
				}
				return
			}
			if f, ok := p.field(test.field); !ok || f.Code != test.code {
				t.Errorf("want %s with code %q, got %+v", test.field, test.code, p.Errors)
			}
		})
	}
	if n.changes != before {
		t.Errorf("bad input changed something")
	}
}

func TestBadPathsAndQueries(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	unknown := strings.Repeat("ab", 32)
	for _, test := range []struct {
		path, code, field string
		status            int
	}{
		{"/v1/trades/xyz", "invalid-fields", "path.id", 422},
		{"/v1/trades/" + strings.Repeat("x", 64), "invalid-fields", "path.id", 422},
		{"/v1/trades/" + unknown, "no-such-trade", "", 404},
		{"/v1/trades/" + unknown + "/events", "no-such-trade", "", 404},
		{"/v1/trades/" + unknown + "/terms", "no-such-trade", "", 404},
		{"/v1/trades?limit=0", "invalid-fields", "query.limit", 422},
		{"/v1/trades?limit=101", "invalid-fields", "query.limit", 422},
		{"/v1/trades?limit=x", "invalid-fields", "query.limit", 422},
		{"/v1/trades?cursor=1", "invalid-fields", "query.cursor", 422},
		{"/v1/trades?stage=lost", "invalid-fields", "query.stage", 422},
		{"/v1/trades?role=buyer", "invalid-fields", "query.role", 422},
		{"/v1/trades?party=me", "invalid-fields", "query.party", 422},
		{"/v1/trades?asset=USDC", "invalid-fields", "query.asset", 422},
		{"/v1/trades?sort=asc", "invalid-fields", "query.sort", 422},
		{"/v1/trades/" + id + "/events?cursor=zzz", "invalid-fields", "query.cursor", 422},
		{"/v1/trades/" + id + "?min_ledger=-1", "invalid-fields", "query.min_ledger", 422},
		{"/v1/transactions/zz", "invalid-fields", "path.hash", 422},
		{"/v1/transactions/" + unknown, "no-such-transaction", "", 404},
		{"/v1/transactions/" + unknown + "?wait=31", "invalid-fields", "query.wait", 422},
		{"/v1/problems/unheard-of", "no-such-problem", "", 404},
		{"/v2/trades", "no-such-route", "", 404},
		{"/", "no-such-route", "", 404},
	} {
		p := c.problem(test.status, http.MethodGet, test.path, nil)
		if p.Code != test.code {
			t.Errorf("%s: %s, want %s", test.path, p.Code, test.code)
		}
		if _, ok := p.field(test.field); test.field != "" && !ok {
			t.Errorf("%s: no error names %s: %+v", test.path, test.field, p.Errors)
		}
	}
}
