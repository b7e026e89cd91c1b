package api_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// hostileToken is contract/fixtures/token, deployed by the stranger: it does whatever it is told to.
type hostileToken struct {
	p       *platform
	net     stellar.Network
	relay   relay.Relay
	address stellar.Address
}

func deployToken(p *platform) *hostileToken {
	p.t.Helper()
	code, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		p.t.Fatal(err)
	}
	h := &hostileToken{p: p}
	if h.net, err = stellar.NewNetwork(p.ready.Passphrase); err != nil {
		p.t.Fatal(err)
	}
	node, err := rpc.New(rpc.Config{URL: p.ready.RPC, Network: h.net})
	if err != nil {
		p.t.Fatal(err)
	}
	db, err := sqlite.Open(p.t.Context(), filepath.Join(p.t.TempDir(), "store.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = db.Close() })
	h.relay = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return node }, Transactions: db, Now: time.Now})
	deployer, err := stellar.ParseAccount(p.address("stranger"))
	if err != nil {
		p.t.Fatal(err)
	}
	salt := [32]byte{1}
	h.send(func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Upload(e, code) })
	h.send(func(e stellar.Envelope) (stellar.Transaction, error) {
		return stellar.Create(e, deployer, salt, stellar.WasmHash(code), nil)
	})
	if h.address, err = stellar.ContractID(h.net, deployer, salt); err != nil {
		p.t.Fatal(err)
	}
	return h
}

// send makes, tries, signs and submits a transaction of the stranger's.
func (h *hostileToken) send(build func(stellar.Envelope) (stellar.Transaction, error)) {
	t, ctx := h.p.t, h.p.t.Context()
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	source, err := stellar.ParseAccount(h.p.address("stranger"))
	check(err)
	account, err := h.relay.Account(ctx, source.String())
	check(err)
	tx, err := build(stellar.Envelope{Source: source, Sequence: account.Sequence, NotAfter: account.Ledger.CloseTime + 3600, InclusionFee: 100})
	check(err)
	text, err := tx.Base64()
	check(err)
	sim, err := h.relay.Simulate(ctx, text)
	check(err)
	if sim.Failure != nil {
		t.Fatalf("simulate: %+v", sim.Failure)
	}
	var data xdr.SorobanTransactionData
	check(stellar.Decode("data", sim.TransactionData, &data))
	auth := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i := range auth {
		check(stellar.Decode("auth", sim.Auth[i], &auth[i]))
	}
	tx, err = tx.Assemble(data, sim.MinResourceFee, auth)
	check(err)
	tx, err = tx.Sign(h.net, h.p.keys["stranger"])
	check(err)
	text, err = tx.Base64()
	check(err)
	answer, err := h.relay.Submit(ctx, text)
	check(err)
	ended, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		got, err := h.relay.Transaction(ended, answer.Hash)
		check(err)
		if got.State == relay.TransactionIncluded {
			return
		}
		if got.State.Final() || ended.Err() != nil {
			t.Fatalf("%+v %+v", answer, got)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// tell calls a function of the token.
func (h *hostileToken) tell(function string, args ...xdr.ScVal) {
	h.p.t.Helper()
	h.send(func(e stellar.Envelope) (stellar.Transaction, error) {
		return stellar.Invoke(e, xdr.InvokeContractArgs{ContractAddress: h.address.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args})
	})
}

// mode makes the token misbehave towards somebody.
func (h *hostileToken) mode(name string, who ...string) {
	h.p.t.Helper()
	symbol := xdr.ScSymbol(name)
	list := xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &symbol}}
	for _, role := range who {
		list = append(list, h.p.scAddress(role))
	}
	vec := &list
	h.tell("mode", xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec})
}

func (p *platform) scAddress(role string) xdr.ScVal {
	a, err := stellar.ParseAddress(p.address(role))
	if err != nil {
		p.t.Fatal(err)
	}
	return a.ScVal()
}

// TestAHostileTokenGetsNoSignature are attacks E1 and E2 on the real host: a token that asks, inside a deposit, for a signature of somebody's own, and one that
// asks it of whoever only carries out what is due.
func TestAHostileTokenGetsNoSignature(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole platform")
	}
	p := startPlatform(t)
	token := deployToken(p)
	lots := xdr.Int128Parts{Lo: 1_000_0000000}
	for _, role := range []string{"buyer", "seller"} {
		token.tell("mint", p.scAddress(role), xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &lots})
	}
	terms := p.terms()
	terms.Asset = token.address.String()
	if status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: terms, By: "buyer"}); status != http.StatusUnprocessableEntity || problem.Errors[0].Location != "body.terms.asset" {
		t.Errorf("a token nobody said yes to: %d %+v", status, problem)
	}
	o := ok[api.OpenOut](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: terms, By: "seller", AcceptToken: true})
	if len(o.Prepared.Warnings) == 0 || o.Prepared.Warnings[0].Code != "token-contract" {
		t.Errorf("warnings: %+v", o.Prepared.Warnings)
	}
	p.finish(o.Prepared)
	path := "/v1/trades/" + o.ID + "/actions/"
	refused := func(action string, in api.ActionIn) {
		t.Helper()
		status, problem := call[api.Problem](p, http.MethodPost, path+action, in)
		if status != http.StatusConflict || problem.Code != "unexpected-authorisation" || !strings.Contains(problem.Detail, "does not belong") {
			t.Errorf("%s: %d %+v", action, status, problem)
		}
	}

	token.mode("AskSignature", "stranger")
	refused("fund", api.ActionIn{})                              // a second signer
	refused("fund", api.ActionIn{Source: p.address("stranger")}) // … who signs the transaction anyway
	token.mode("Honest")
	p.act(o.ID, "fund", api.ActionIn{})
	p.pass(o.ID, 0)
	token.mode("AskSignature", "stranger")
	// Whoever settles is not made to sign: the payout fails, is parked, and the summary says so before.
	settled := p.act(o.ID, "settle", api.ActionIn{Source: p.address("stranger")})
	if pay := settled.Summary.Payments; len(settled.Authorisations) != 0 || len(pay) != 1 || pay[0].Direction != "parked" || settled.Warnings[0].Code != "cannot-receive" {
		t.Errorf("settle: %+v, %+v", settled.Summary, settled.Warnings)
	}
	token.mode("Refuse")
	if status, problem := call[api.Problem](p, http.MethodPost, path+"claim", api.ActionIn{Source: p.address("stranger"), Role: "buyer"}); status != http.StatusConflict || problem.Contract == nil || problem.Contract.Name != "TransferFailed" {
		t.Errorf("claim from a token that refuses: %d %+v", status, problem)
	}
	token.mode("Honest")
	p.act(o.ID, "claim", api.ActionIn{Source: p.address("stranger"), Role: "buyer"})
}
