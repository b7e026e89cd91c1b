package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// TestAnswers plays one trade with everything in it and keeps each kind of answer as a golden file. They are the API's documentation by example: read the
// diff when one changes.
func TestAnswers(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	keep := func(name, method, path string, body any) {
		t.Helper()
		golden(t, name+".golden", append([]byte(method+" "+path+"\n"), indented(c.call(method, path, body))...))
	}
	keep("platform", http.MethodGet, "/v1/platform", nil)
	keep("ready", http.MethodGet, "/readyz", nil)

	terms := goodTerms()
	terms.TermsHash = strings.Repeat("11", 32)
	keep("open", http.MethodPost, "/v1/trades", OpenIn{Terms: terms, By: "seller"})
	o := c.open(OpenIn{Terms: terms, By: "seller"})
	trade := "/v1/trades/" + o.ID
	keep("trade-open", http.MethodGet, trade, nil)
	keep("terms", http.MethodGet, trade+"/terms", nil)
	keep("fund", http.MethodPost, trade+"/actions/fund", ActionIn{})

	n.balances[[2]string{terms.Asset, address("buyer")}] = must(newUnit().parse("20"))
	keep("problem-cannot-pay", http.MethodPost, trade+"/actions/fund", ActionIn{})
	n.balances[[2]string{terms.Asset, address("buyer")}] = must(newUnit().parse("1000"))
	c.act(o.ID, "fund", ActionIn{})
	keep("deliver", http.MethodPost, trade+"/actions/deliver", ActionIn{Milestone: index(0)})
	c.act(o.ID, "deliver", ActionIn{Milestone: index(0), Proof: strings.Repeat("22", 32)})
	_, done := c.act(o.ID, "release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "2.5"})
	keep("release", http.MethodPost, trade+"/actions/release", ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "2.5"})
	keep("dispute", http.MethodPost, trade+"/actions/dispute", ActionIn{By: "buyer", Milestone: index(0), Reason: strings.Repeat("33", 32)})
	c.act(o.ID, "dispute", ActionIn{By: "buyer", Milestone: index(0), Reason: strings.Repeat("33", 32)})
	c.act(o.ID, "offer", ActionIn{By: "seller", Milestone: index(0), SellerAmount: "8"})
	keep("trade-disputed", http.MethodGet, trade, nil)
	keep("accept-offer", http.MethodPost, trade+"/actions/accept_offer", ActionIn{By: "buyer", Milestone: index(0), SellerAmount: "8"})
	keep("problem-in-dispute", http.MethodPost, trade+"/actions/release", ActionIn{Milestone: index(0), Amount: "1"})
	n.advance(2000)
	keep("rule", http.MethodPost, trade+"/actions/rule", ActionIn{By: "arbitrator-1", Rulings: []RulingIn{{0, 600_000}}, Hash: strings.Repeat("44", 32)})
	for i, seat := range []string{"arbitrator-1", "arbitrator-2", "arbitrator-3"} {
		c.act(o.ID, "rule", ActionIn{By: seat, Rulings: []RulingIn{{0, int64(500_000 + 100_000*i)}}, Hash: strings.Repeat("44", 32)})
	}
	keep("appeal", http.MethodPost, trade+"/actions/appeal", ActionIn{By: "seller", Milestone: index(0)})
	c.act(o.ID, "appeal", ActionIn{By: "seller", Milestone: index(0)})
	c.act(o.ID, "rule", ActionIn{By: "appeal-arbitrator-1", Rulings: []RulingIn{{0, 1_000_000}}})
	n.frozen[address("seller")] = true
	keep("settle", http.MethodPost, trade+"/actions/settle", ActionIn{Source: address("stranger")})
	c.act(o.ID, "settle", ActionIn{Source: address("stranger")})
	keep("trade-parked", http.MethodGet, trade, nil)
	keep("claim-elsewhere", http.MethodPost, trade+"/actions/claim", ActionIn{By: "seller", To: address("stranger")})
	n.frozen[address("seller")] = false
	c.act(o.ID, "claim", ActionIn{Source: address("stranger"), Role: "seller"})
	c.act(o.ID, "refund", ActionIn{Milestone: index(1), Amount: "7.5"})
	keep("trade-ended", http.MethodGet, trade, nil)
	keep("events", http.MethodGet, trade+"/events?limit=100", nil)
	keep("events-page", http.MethodGet, trade+"/events?limit=2&cursor=0000000442381635584-0000000000", nil)
	keep("trades", http.MethodGet, "/v1/trades?party="+address("buyer")+"&role=buyer&stage=ended", nil)
	keep("transaction", http.MethodGet, "/v1/transactions/"+done.Hash, nil)
	keep("collect", http.MethodPost, "/v1/assets/"+terms.Asset+"/actions/collect", CollectIn{Source: address("stranger")})
	keep("problem-not-due", http.MethodPost, trade+"/actions/settle", ActionIn{Source: address("stranger")})

	terms.Milestones[0].Amount, terms.Panel.Arbitrators[1] = "0.00000001", terms.Buyer
	keep("problem-fields", http.MethodPost, "/v1/trades", OpenIn{Terms: terms, By: "seller"})
	keep("problems", http.MethodGet, "/v1/problems", nil)
}

func newUnit() unit { return unit{newModelNet().assets[contractAddress("usdc").String()]} }

func TestPagesOfTrades(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	var ids []string
	for range 7 {
		ids = append([]string{c.open(OpenIn{Terms: goodTerms(), By: "buyer"}).ID}, ids...)
	}
	var got []string
	cursor := ""
	for pages := 0; ; pages++ {
		page := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades?limit=3&cursor="+cursor, nil)
		for _, tr := range page.Trades {
			got = append(got, tr.ID)
		}
		if cursor = page.Next; cursor == "" {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("pages hold\n%s, want\n%s", got, ids)
	}
	for query, wanted := range map[string]int{
		"party=" + address("seller"): 7, "party=" + address("seller") + "&role=buyer": 0, "party=" + address("arb2") + "&role=arbitrator": 7,
		"party=" + address("stranger"): 0, "stage=open": 7, "stage=funded": 0, "asset=" + contractAddress("usdc").String(): 7, "asset=" + contractAddress("token").String(): 0,
	} {
		if page := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades?"+query, nil); len(page.Trades) != wanted {
			t.Errorf("%s: %d trades, want %d", query, len(page.Trades), wanted)
		}
	}
}

func TestATokenOfOtherDecimals(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "buyer", AcceptToken: true}
	in.Terms.Asset = contractAddress("token").String()
	in.Terms.ArbitrationFee = "0.30"
	o := c.open(in)
	if tr := c.read(o.ID); tr.Total != "20.00" || tr.Asset.Kind != "token" || tr.Asset.Decimals != 2 {
		t.Errorf("total %s of %+v", tr.Total, tr.Asset)
	}
	if o.Prepared.Warnings[0].Code != "token-contract" {
		t.Errorf("warnings: %+v", o.Prepared.Warnings)
	}
	in.Terms.Milestones[0].Amount = "12.505"
	if p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades", in); p.Errors[0].Location != "body.terms.milestones[0].amount" {
		t.Errorf("%+v", p.Errors)
	}
}

// TestAnAssetThatDoesNotSayItsDecimals: read or written with 0 decimals instead of 2 or 7, amounts of a trade that exists would be off by as much.
func TestAnAssetThatDoesNotSayItsDecimals(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "seller", AcceptToken: true}
	in.Terms.Asset = contractAddress("token").String()
	in.Terms.ArbitrationFee = "0.30"
	id := c.open(in).ID
	c.act(id, "fund", ActionIn{})
	release := ActionIn{Source: address("stranger"), Milestone: index(0), Amount: "1"}
	p := want[PreparedOut](c, http.StatusOK, http.MethodPost, "/v1/trades/"+id+"/actions/release", release)
	other := c.funded()
	token := n.assets[in.Terms.Asset]
	absurd := token
	absurd.Decimals = 4_000_000_000
	for name, is := range map[string]relay.Asset{
		"archived":                  {Address: token.Address, Kind: relay.AssetNone, Problem: "no contract has this address on this network, or it is archived"},
		"failing":                   {Address: token.Address, Kind: relay.AssetNone, Problem: "not a token: decimals fails"},
		"more decimals than it can": absurd,
	} {
		t.Run(name, func(t *testing.T) {
			c := &client{t: t, h: c.h, log: c.log}
			n.assets[token.Address] = is
			defer func() { n.assets[token.Address] = token }()
			for _, path := range []string{"", "/events", "/terms"} {
				c.blind("/v1/trades/"+id+path, token.Address)
			}
			tr := c.read(id)
			if tr.Stage != "funded" || tr.Milestones[0].Phase != "funded" || tr.Asset.Kind != "none" || len(tr.Deadlines) == 0 {
				t.Errorf("what needs no decimals is told: %+v", tr)
			}
			for _, a := range tr.Next {
				if a.Action != "deliver" {
					t.Errorf("next names %s, which cannot be prepared", a.Action)
				}
				want[PreparedOut](c, http.StatusOK, http.MethodPost, a.Path, a.Body)
			}
			auth := AssembleIn{p.Transaction, []AuthorisationIn{{p.Authorisations[0].Entry, sign(key("buyer"), p.Authorisations[0].Payload)}}}
			for _, one := range []struct {
				path string
				body any
				at   string
			}{
				{"/v1/trades/" + id + "/actions/release", release, "trade.terms.asset"},
				{"/v1/transactions/assemble", auth, "trade.terms.asset"},
				{"/v1/assets/" + token.Address + "/actions/collect", CollectIn{Source: address("stranger")}, "path.asset"},
			} {
				p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, one.path, one.body)
				if f, ok := p.field(one.at); p.Code != "not-an-asset" || !ok || f.Value != token.Address {
					t.Errorf("%s does not name %s: %+v", one.path, one.at, p)
				}
			}
			// The list of everybody's trades is not refused for it; its amounts are left out.
			rows := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil).Trades
			if len(rows) != 2 || rows[0].ID != other || rows[0].Total != "20.0000000" || rows[1].ID != id {
				t.Fatalf("%+v", rows)
			}
			if r := rows[1]; r.Total != "" || r.Held != "" || r.Asset.Kind != "none" || r.Asset.Contract != token.Address || r.Phases[0] != "funded" {
				t.Errorf("%+v", r)
			}
		})
	}
	if tr := c.read(id); tr.Total != "20.00" {
		t.Errorf("it says them again: total %s", tr.Total)
	}
}

// blind reads something of a trade whose asset does not say its decimals: no amount stands in it, and why is said.
func (c *client) blind(path, asset string) {
	c.t.Helper()
	w := c.call(http.MethodGet, path, nil)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		c.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	warnings, _ := json.Marshal(answer["warnings"])
	if !strings.Contains(string(warnings), `"not-an-asset"`) || !strings.Contains(string(warnings), asset) {
		c.t.Errorf("%s does not say that its asset is none: %s", path, warnings)
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, field := range v {
				walk(at+"."+name, field)
			}
		case []any:
			for _, one := range v {
				walk(at+"[]", one)
			}
		case string:
			if v == "" {
				c.t.Errorf("%s has an empty %s", path, at)
			}
			for _, name := range amountFields {
				if strings.HasSuffix(at, "."+name) {
					c.t.Errorf("%s tells %s: %q", path, at, v)
				}
			}
		}
	}
	walk("", answer)
}

// amountFields are the names of all amounts in answers.
var amountFields = []string{"total", "held", "amount", "left", "bond", "arbitration_fee", "bonds.buyer", "bonds.seller", "aside.buyer", "aside.seller", "to_seller", "to_buyer",
	"fee", "seller_amount", "buyer_amount", "deposit", "min", "max", "of"}

// TestATradeInNoAsset: another client can open a trade in what is no token. It can be read, by whoever is named in it, and cancelled; nobody can be led to agree to it here.
func TestATradeInNoAsset(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "seller", AcceptToken: true}
	in.Terms.Asset = contractAddress("token").String()
	in.Terms.ArbitrationFee = "0.30"
	id := c.open(in).ID
	delete(n.assets, in.Terms.Asset)
	for _, path := range []string{"", "/events", "/terms"} {
		c.blind("/v1/trades/"+id+path, in.Terms.Asset)
	}
	tr := c.read(id)
	for _, a := range tr.Next {
		if a.Action != "cancel" {
			t.Errorf("next names %s", a.Action)
		}
	}
	if len(tr.Next) != 2 {
		t.Errorf("either can cancel: %+v", tr.Next)
	}
	for _, action := range []string{"accept", "fund"} {
		if p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades/"+id+"/actions/"+action, ActionIn{By: "buyer"}); !strings.Contains(p.NextStep, "do not agree") {
			t.Errorf("%s: %+v", action, p)
		}
	}
	p, _ := c.act(id, "cancel", ActionIn{By: "seller", Source: address("stranger")}) // assembled, too
	if len(p.warned("not-an-asset")) != 1 || len(p.Summary.Payments) != 1 || p.Summary.Payments[0].Amount != "" || !strings.Contains(p.Summary.Text, "100 of the smallest parts of "+in.Terms.Asset) {
		t.Errorf("%+v %+v", p.Summary, p.Warnings)
	}
	if tr := c.read(id); tr.Stage != "cancelled" {
		t.Errorf("stage %s", tr.Stage)
	}
}

// TestAListAsksForEachAssetOnce: whoever lists trades must not make the node work once for each row.
func TestAListAsksForEachAssetOnce(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	for range 5 {
		in := OpenIn{Terms: goodTerms(), By: "buyer", AcceptToken: true}
		in.Terms.Asset = contractAddress("token").String()
		in.Terms.ArbitrationFee = "0.30"
		c.open(in)
	}
	for name, down := range map[string]error{"up": nil, "down": relay.ErrUnavailable} {
		n.asked, n.down = 0, down
		page := want[TradesOut](c, http.StatusOK, http.MethodGet, "/v1/trades", nil)
		if len(page.Trades) != 5 || n.asked != 1 {
			t.Errorf("with the network %s: %d trades, the asset was looked at %d times", name, len(page.Trades), n.asked)
		}
	}
}

func TestReceiversWhoCannotBePaid(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Seller = must(keypair.Random()).Address() // no trustline
	n.frozen[address("buyer")] = true
	o := want[OpenOut](c, http.StatusOK, http.MethodPost, "/v1/trades", in)
	var warned []string
	for _, w := range o.Prepared.Warnings {
		if w.Code == "cannot-receive" {
			warned = append(warned, w.Detail)
		}
	}
	if len(warned) != 2 || !strings.Contains(warned[0], "frozen") || !strings.Contains(warned[1], "no trustline") {
		t.Errorf("warnings: %q", warned)
	}
}
