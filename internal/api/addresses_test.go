package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestANameThatIsNoRole: who writes arbitrator-9 means a role, and is told which there are; who writes an address wrong is told about addresses.
func TestANameThatIsNoRole(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	secret := must(keypair.Random()).Seed()
	wrong := address("buyer")[:55] + "A"
	const roles = "buyer, seller, arbitrator-1 to arbitrator-3, appeal-arbitrator-1"
	for _, test := range []struct{ action, body, at, says, value string }{
		{"rule", `{"by":"arbitrator-9","rulings":[{"milestone":0,"seller_ppm":0}]}`, "body.by", roles, "arbitrator-9"},
		{"offer", `{"by":"Buyer","milestone":0,"seller_amount":"1"}`, "body.by", roles, "Buyer"},
		{"offer", `{"by":"` + wrong + `","milestone":0,"seller_amount":"1"}`, "body.by", "not an account", ""},
		{"offer", `{"by":"` + secret + `","milestone":0,"seller_amount":"1"}`, "body.by", "address", ""},
		{"offer", `{"by":"` + secret[:30] + `","milestone":0,"seller_amount":"1"}`, "body.by", "secret key", ""},
		{"claim", `{"source":"` + address("stranger") + `","role":"arbitrator-9"}`, "body.role", roles, "arbitrator-9"},
	} {
		p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades/"+id+"/actions/"+test.action, test.body)
		f, ok := p.field(test.at)
		if !ok || !strings.Contains(f.Message, test.says) || f.Value != test.value || strings.Contains(p.Detail, secret[:20]) {
			t.Errorf("%s with %s: %+v", test.action, test.body, p.Errors)
		}
	}

	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Panel, in.Terms.AppealPanel = nil, nil
	o := c.open(in)
	p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades/"+o.ID+"/actions/cancel", ActionIn{By: "arbitrator-1"})
	if f, _ := p.field("body.by"); !strings.HasSuffix(f.Message, "buyer, seller") {
		t.Errorf("without a panel: %+v", p.Errors)
	}
}

// TestAnAssetByItsName: a code is not unique on the network, so an asset is its contract; which one is meant here is told.
func TestAnAssetByItsName(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)

	usdc, token := contractAddress("usdc"), contractAddress("token")
	c.h = New(Deps{Trades: n, Relay: n, Network: n.network, Contract: n.self, Assets: []stellar.Address{usdc, token}, Rand: &counting{}, Now: func() time.Time { return time.Unix(modelStart, 0) }})
	in := OpenIn{Terms: goodTerms(), By: "buyer"}
	in.Terms.Asset = "USDC"
	named := "USDC " + usdc.String() + ", GLD " + token.String()
	for _, test := range []struct {
		method, path, at string
		body             any
	}{
		{http.MethodPost, "/v1/trades", "body.terms.asset", in},
		{http.MethodGet, "/v1/trades?asset=USDC", "query.asset", nil},
		{http.MethodPost, "/v1/assets/USDC/actions/collect", "path.asset", CollectIn{Source: address("stranger")}},
	} {
		p := c.problem(http.StatusUnprocessableEntity, test.method, test.path, test.body)
		if f, ok := p.field(test.at); !ok || !strings.Contains(f.Message, "contract (C…)") || !strings.HasSuffix(f.Message, named) || f.Value != "USDC" {
			t.Errorf("%s: %+v", test.path, p.Errors)
		}
	}
	in.Terms.Asset = contractAddress("nothing").String()
	if f, _ := c.problem(http.StatusUnprocessableEntity, http.MethodPost, "/v1/trades", in).field("body.terms.asset"); !strings.HasSuffix(f.Message, named) {
		t.Errorf("no contract: %q", f.Message)
	}
	n.down = relay.ErrUnavailable // names are not worth refusing a list for
	c.h = New(Deps{Trades: n, Relay: n, Network: n.network, Contract: n.self, Assets: []stellar.Address{usdc, token}, Rand: &counting{}, Now: func() time.Time { return time.Unix(modelStart, 0) }})
	if f, _ := c.problem(http.StatusUnprocessableEntity, http.MethodGet, "/v1/trades?asset=USDC", nil).field("query.asset"); !strings.HasSuffix(f.Message, usdc.String()+", "+token.String()) {
		t.Errorf("the network is down: %q", f.Message)
	}
}
