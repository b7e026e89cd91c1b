package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// opensElsewhere opens a trade in an asset by another client than this API: straight over RPC.
func opensElsewhere(t *testing.T, p *platform, asset string) string {
	t.Helper()
	network, err := stellar.NewNetwork(p.ready.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rpc.New(rpc.Config{URL: p.ready.RPC, Network: network})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := stellar.ParseAddress(p.ready.Contract)
	if err != nil {
		t.Fatal(err)
	}
	config, err := deploy.ReadConfig(t.Context(), client, contract)
	if err != nil {
		t.Fatal(err)
	}
	now := uint64(ok[api.PlatformOut](p, http.MethodGet, "/v1/platform", nil).NetworkLedger.ClosedAt)
	const day = 86_400
	terms := escrow.Terms{
		Buyer: escrow.Address(p.address("buyer")), Seller: escrow.Address(p.address("seller")), Asset: escrow.Address(asset),
		Milestones: []escrow.Milestone{{Amount: amount.Int(10_000_000), DeliverBy: now + 10*day}}, FundBy: now + day, FeeBps: config.FeeBps,
		Inspection: 3 * day, Windows: escrow.Windows{Offers: 2 * day, Ruling: 4 * day, Appeal: 2 * day}, FallbackPpm: 500_000,
	}
	id, err := stellar.TermsID(network, contract, terms)
	if err != nil {
		t.Fatal(err)
	}
	buyer := &deploy.Sender{Client: client, Key: p.keys["buyer"]}
	receipt, err := buyer.Call(t.Context(), contract, escrow.CallOpen{Terms: terms, By: escrow.Buyer}, stellar.State{Config: &config})
	if err != nil {
		t.Fatalf("open over RPC: %v", err)
	}
	ok[api.TradesOut](p, http.MethodGet, fmt.Sprintf("/v1/trades?min_ledger=%d", receipt.Ledger), nil) // the API knows the trade once its event has been read
	return id.String()
}

// TestATradeInWhatIsNoAsset: the contract does not look at the asset when a trade is opened, so another client can open one whose money could never come in.
func TestATradeInWhatIsNoAsset(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole platform")
	}
	p := startPlatform(t)
	nobody := keypair.MustRandom().Address()
	missing := stellar.Address{Contract: true, Key: [32]byte{1, 2, 3}}.String()
	named := func(status int, problem api.Problem, at string) {
		t.Helper()
		if status != http.StatusUnprocessableEntity || len(problem.Errors) == 0 || problem.Errors[0].Location != at || problem.NextStep == "" {
			t.Errorf("%d %s (%s), errors %+v; want %s to be named", status, problem.Code, problem.Detail, problem.Errors, at)
		}
	}
	for name, asset := range map[string]string{"an account": nobody, "no contract": missing} {
		t.Run(name, func(t *testing.T) {
			p := p.in(t)
			id := opensElsewhere(t, p, asset)
			for action, in := range map[string]api.ActionIn{"accept": {Source: p.address("seller")}, "fund": {Source: p.address("buyer")}} {
				status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades/"+id+"/actions/"+action, in)
				named(status, problem, "trade.terms.asset")
			}
			// It can be read, and got rid of.
			tr := ok[api.TradeOut](p, http.MethodGet, "/v1/trades/"+id, nil)
			if tr.Stage != "open" || tr.Total != "" || len(tr.Warnings) != 1 || tr.Warnings[0].Code != "not-an-asset" {
				t.Errorf("%+v", tr)
			}
			p.act(id, "cancel", api.ActionIn{By: "buyer"})
			in := p.terms()
			in.Asset = asset
			status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: in, By: "buyer"})
			named(status, problem, "body.terms.asset")
			status, problem = call[api.Problem](p, http.MethodPost, "/v1/assets/"+asset+"/actions/collect", api.CollectIn{Source: p.address("stranger")})
			named(status, problem, "path.asset")
		})
	}
}

// TestAnAuthorisationThatTheNetworkRefuses: a signature inside the entry is the network's to judge; its answer names the entry all the same.
func TestAnAuthorisationThatTheNetworkRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole platform")
	}
	p := startPlatform(t)
	id := p.open("seller")
	prepared := ok[api.PreparedOut](p, http.MethodPost, "/v1/trades/"+id+"/actions/fund", api.ActionIn{Source: p.address("stranger")})
	var entry xdr.SorobanAuthorizationEntry
	if err := stellar.Decode("entry", prepared.Authorisations[0].Entry, &entry); err != nil {
		t.Fatal(err)
	}
	for name, signer := range map[string]string{"the buyer's key over something else": "buyer", "somebody else's key": "seller"} {
		who, err := stellar.ParseAccount(p.address(signer))
		if err != nil {
			t.Fatal(err)
		}
		signature, err := p.keys[signer].Sign([]byte("something else"))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := stellar.AttachSignature(entry, who, signature)
		if err != nil {
			t.Fatal(err)
		}
		text, err := stellar.Encode(signed)
		if err != nil {
			t.Fatal(err)
		}
		status, problem := call[api.Problem](p, http.MethodPost, "/v1/transactions/assemble", api.AssembleIn{Transaction: prepared.Transaction, Authorisations: []api.AuthorisationIn{{Entry: text}}})
		if status != http.StatusUnprocessableEntity || len(problem.Errors) != 1 || problem.Errors[0].Location != "body.authorisations[0].entry" || !strings.Contains(problem.Detail, p.address("buyer")) {
			t.Errorf("%s: %d %+v", name, status, problem)
		}
	}
}
