package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/api"
	"github.com/Abdullahi130/StellarEscrow/internal/app"
)

// platform is `stellarescrow dev`: the real contract in the real Soroban host, the indexer and the API, reached as a stranger reaches it: HTTP, JSON and ed25519.
type platform struct {
	t     *testing.T
	root  string
	ready struct {
		API, RPC, Advance, Passphrase, Contract string
		USDC                                    struct{ Code, Issuer, Contract string }
		Accounts                                []struct{ Role, Address, Secret string }
	}
	keys map[string]*keypair.Full // by role and by address
}

func startPlatform(t *testing.T) *platform {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan error, 1)
	go func() {
		err := app.Run(ctx, []string{"dev", "--listen", "127.0.0.1:0", "--no-keeper", "--json"}, in, &stderr) // here people settle themselves
		_ = in.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("dev ended with %v\n%s", err, &stderr)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("dev did not start: %v\n%s", err, &stderr)
	}
	p := &platform{t: t, keys: map[string]*keypair.Full{}}
	if err := json.Unmarshal(line, &p.ready); err != nil {
		t.Fatal(err)
	}
	p.root = strings.TrimSuffix(p.ready.API, "/v1")
	for _, a := range p.ready.Accounts {
		k, err := keypair.ParseFull(a.Secret)
		if err != nil {
			t.Fatal(err)
		}
		p.keys[a.Role], p.keys[a.Address] = k, k
	}
	return p
}

// in is the platform within a subtest.
func (p *platform) in(t *testing.T) *platform {
	out := *p
	out.t = t
	return &out
}

func (p *platform) address(role string) string { return p.keys[role].Address() }

// call makes one request and decodes the answer, of whatever status.
func call[T any](p *platform, method, path string, body any) (int, T) {
	p.t.Helper()
	var out T
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	url := path
	if !strings.HasPrefix(path, "http") {
		url = p.root + path
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		p.t.Logf("%s %s: %d %.800s", method, path, res.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		p.t.Fatalf("%s %s: %v in %.300s", method, path, err, answer)
	}
	return res.StatusCode, out
}

func ok[T any](p *platform, method, path string, body any) T {
	p.t.Helper()
	status, out := call[T](p, method, path, body)
	if status != http.StatusOK {
		p.t.Fatalf("%s %s: status %d", method, path, status)
	}
	return out
}

func (p *platform) sign(who, payload string) string {
	p.t.Helper()
	raw, err := hex.DecodeString(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	signature, err := p.keys[who].Sign(raw)
	if err != nil {
		p.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// finish signs and submits what was prepared, and wants its effects to be readable.
func (p *platform) finish(prepared api.PreparedOut) api.TransactionOut {
	p.t.Helper()
	if len(prepared.Authorisations) > 0 {
		in := api.AssembleIn{Transaction: prepared.Transaction}
		for _, a := range prepared.Authorisations {
			in.Authorisations = append(in.Authorisations, api.AuthorisationIn{Entry: a.Entry, Signature: p.sign(string(a.Signer), a.Payload)})
		}
		prepared = ok[api.PreparedOut](p, http.MethodPost, "/v1/transactions/assemble", in)
	}
	out := ok[api.TransactionOut](p, http.MethodPost, "/v1/transactions?wait=20", api.SubmitIn{
		Transaction: prepared.Transaction,
		Signatures:  []api.SignatureIn{{Signer: string(prepared.Source), Signature: p.sign(string(prepared.Source), prepared.Hash)}},
	})
	if out.State != "projected" {
		p.t.Fatalf("%s is %s: %+v", prepared.Action, out.State, out.Error)
	}
	p.t.Logf("%-12s ledger %d, %s stroops, %d instructions: %s", prepared.Action, out.Ledger.Sequence, out.FeeCharged, prepared.Resources.Instructions, prepared.Summary.Text)
	return out
}

func (p *platform) act(trade, action string, in api.ActionIn) api.PreparedOut {
	p.t.Helper()
	prepared := ok[api.PreparedOut](p, http.MethodPost, "/v1/trades/"+trade+"/actions/"+action, in)
	p.finish(prepared)
	return prepared
}

// pass lets the clock end a milestone's phase.
func (p *platform) pass(trade string, milestone int) {
	p.t.Helper()
	until := ok[api.TradeOut](p, http.MethodGet, "/v1/trades/"+trade, nil).Milestones[milestone].Until
	if until == nil {
		p.t.Fatalf("no clock ends the phase of milestone %d", milestone)
	}
	ok[map[string]any](p, http.MethodPost, p.ready.Advance, map[string]uint64{"to": uint64(*until)})
}

func n(i int64) *int64 { return &i }

// terms are of two milestones of 12.5 and 7.5, with both panels.
func (p *platform) terms() api.TermsIn {
	now := time.Time{}
	if text, err := ok[api.PlatformOut](p, http.MethodGet, "/v1/platform", nil).NetworkLedger.ClosedAt.MarshalText(); err == nil {
		now, _ = time.Parse(time.RFC3339, string(text))
	}
	day := 24 * time.Hour
	at := func(d time.Duration) api.TimeIn { return api.TimeIn(now.Add(d).Format(time.RFC3339)) }
	return api.TermsIn{
		Buyer: p.address("buyer"), Seller: p.address("seller"), Asset: p.ready.USDC.Contract, FundBy: at(day), Inspection: 3 * 86400, FallbackPpm: 500_000,
		Milestones: []api.MilestoneIn{{Amount: "12.5", DeliverBy: at(10 * day)}, {Amount: "7.5", DeliverBy: at(20 * day)}},
		Bond:       "1", ArbitrationFee: "0.3", Windows: api.WindowsIn{Offers: 2 * 86400, Ruling: 4 * 86400, Appeal: 2 * 86400},
		Panel:       &api.PanelIn{Arbitrators: []string{p.address("arbitrator-1"), p.address("arbitrator-2"), p.address("arbitrator-3")}},
		AppealPanel: &api.PanelIn{Arbitrators: []string{p.address("appeal-arbitrator-1")}},
	}
}

func TestTradesOverHTTPOnTheRealHost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole platform")
	}
	p := startPlatform(t)
	platform := ok[api.PlatformOut](p, http.MethodGet, "/v1/platform", nil)
	if platform.Passphrase != p.ready.Passphrase || string(platform.Contract) != p.ready.Contract || len(platform.Assets) != 1 || platform.Assets[0].Code != "USDC" {
		t.Errorf("platform: %+v", platform)
	}

	t.Run("a happy trade, a stranger paying some of its fees", func(t *testing.T) {
		p := p.in(t)
		id := p.open("buyer")
		p.act(id, "accept", api.ActionIn{Source: p.address("stranger")}) // the seller's bond, authorised apart
		p.act(id, "fund", api.ActionIn{})
		p.act(id, "deliver", api.ActionIn{Milestone: n(0)})
		p.act(id, "release", api.ActionIn{Source: p.address("stranger"), Milestone: n(0), Amount: "2.5"})
		p.act(id, "release", api.ActionIn{Milestone: n(0), Amount: "10"})
		p.act(id, "refund", api.ActionIn{Milestone: n(1), Amount: "7.5"})
		tr := ok[api.TradeOut](p, http.MethodGet, "/v1/trades/"+id, nil)
		if tr.Stage != "ended" || tr.Milestones[0].ToSeller != "12.5000000" || tr.Milestones[1].ToBuyer != "7.5000000" || tr.Held != "0.0000000" {
			t.Errorf("ended as %+v", tr)
		}
	})

	t.Run("a dispute, ruled, appealed and changed", func(t *testing.T) {
		p := p.in(t)
		id := p.open("seller")
		p.act(id, "fund", api.ActionIn{})
		p.act(id, "dispute", api.ActionIn{By: "buyer", Milestone: n(0), Reason: strings.Repeat("ab", 32)})
		p.act(id, "offer", api.ActionIn{By: "seller", Milestone: n(0), SellerAmount: "8"})
		p.act(id, "evidence", api.ActionIn{By: "buyer", Milestone: n(0), Hash: strings.Repeat("cd", 32)})
		p.pass(id, 0)
		for _, seat := range []string{"arbitrator-1", "arbitrator-2", "arbitrator-3"} {
			p.act(id, "rule", api.ActionIn{By: seat, Rulings: []api.RulingIn{{Milestone: 0, SellerPpm: 600_000}}})
		}
		p.act(id, "appeal", api.ActionIn{By: "seller", Source: p.address("stranger"), Milestone: n(0)})
		p.act(id, "rule", api.ActionIn{By: "appeal-arbitrator-1", Rulings: []api.RulingIn{{Milestone: 0, SellerPpm: 700_000}}})
		p.act(id, "settle", api.ActionIn{Source: p.address("stranger")})
		m := ok[api.TradeOut](p, http.MethodGet, "/v1/trades/"+id, nil).Milestones[0]
		if m.Outcome != "appeal_ruling" || m.ToSeller != "8.7500000" || m.ToBuyer != "3.7500000" || m.Dispute == nil || len(m.Dispute.Votes) != 4 {
			t.Errorf("ended as %+v", m)
		}
		// The seller never delivers the other one; anyone settles it.
		p.pass(id, 1)
		p.act(id, "settle", api.ActionIn{Source: p.address("stranger")})
		if tr := ok[api.TradeOut](p, http.MethodGet, "/v1/trades/"+id, nil); tr.Stage != "ended" || tr.Milestones[1].Outcome != "due_to_the_buyer" {
			t.Errorf("ended as %+v", tr)
		}
		events := ok[api.EventsOut](p, http.MethodGet, "/v1/trades/"+id+"/events?limit=100", nil).Events
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		const want = "opened funded disputed offered evidence voted voted voted ruled appealed voted ruled settled costs settled ended"
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		p.act(id, "extend", api.ActionIn{Source: p.address("stranger")})
	})

	t.Run("fees are collected", func(t *testing.T) {
		p := p.in(t)
		prepared := ok[api.PreparedOut](p, http.MethodPost, "/v1/assets/"+p.ready.USDC.Contract+"/actions/collect", api.CollectIn{Source: p.address("stranger")})
		if len(prepared.Summary.Payments) != 1 || prepared.Summary.Payments[0].Address != platform.FeeReceiver {
			t.Errorf("collect pays %+v", prepared.Summary.Payments)
		}
		p.finish(prepared)
	})

	t.Run("what cannot be paid is refused in numbers", func(t *testing.T) {
		p := p.in(t)
		in := p.terms()
		in.Milestones[0].Amount = "100000000"
		o := ok[api.OpenOut](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: in, By: "seller"})
		p.finish(o.Prepared)
		if status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades/"+o.ID+"/actions/fund", api.ActionIn{}); status != http.StatusConflict || problem.Code != "cannot-pay" {
			t.Errorf("%d %+v", status, problem)
		}
		if status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades/"+o.ID+"/actions/deliver", api.ActionIn{Milestone: n(0)}); status != http.StatusConflict || problem.Contract == nil || problem.Contract.Name != "WrongStage" {
			t.Errorf("%d %+v", status, problem)
		}
	})

	t.Run("bad input on the real network", func(t *testing.T) {
		p := p.in(t)
		in := p.terms()
		in.Asset = p.ready.Contract // a contract, but no token
		if status, problem := call[api.Problem](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: in, By: "buyer"}); status != http.StatusUnprocessableEntity || problem.Errors[0].Location != "body.terms.asset" {
			t.Errorf("%d %+v", status, problem)
		}
		in = p.terms()
		prepared := ok[api.OpenOut](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: in, By: "buyer"}).Prepared
		wrong := api.SubmitIn{Transaction: prepared.Transaction, Signatures: []api.SignatureIn{{Signer: p.address("seller"), Signature: p.sign("seller", prepared.Hash)}}}
		if status, problem := call[api.Problem](p, http.MethodPost, "/v1/transactions", wrong); status != http.StatusUnprocessableEntity || problem.Code != "bad-transaction" {
			t.Errorf("%d %+v", status, problem)
		}
		if got := ok[api.TransactionOut](p, http.MethodGet, "/v1/transactions/"+prepared.Hash, nil); got.State != "prepared" {
			t.Errorf("state %s", got.State)
		}
	})
}

// open opens a trade of the usual terms.
func (p *platform) open(by string) string {
	p.t.Helper()
	o := ok[api.OpenOut](p, http.MethodPost, "/v1/trades", api.OpenIn{Terms: p.terms(), By: by})
	p.finish(o.Prepared)
	return o.ID
}
