package relayserver_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// badToken deploys the fixture token; act tells it how to misbehave.
func (w *world) badToken() stellar.Address {
	w.t.Helper()
	code, err := os.ReadFile("../../../contract/fixtures/wasm/token.wasm")
	must(w.t, err)
	return w.create(code, 2, nil)
}

func symbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

func vec(items ...xdr.ScVal) xdr.ScVal {
	v := xdr.ScVec(items)
	p := &v
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &p}
}

func i128(n int64) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(n >> 63), Lo: xdr.Uint64(n)}}
}

func invocation(contract stellar.Address, function string, args ...xdr.ScVal) xdr.InvokeContractArgs {
	return xdr.InvokeContractArgs{ContractAddress: contract.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}
}

func (w *world) call(sender string, args xdr.InvokeContractArgs) {
	w.t.Helper()
	tx, err := stellar.Invoke(w.from(sender), args)
	must(w.t, err)
	w.freely(sender, tx)
}

// A token that wants more than the agreed transfer gets no signature: the simulated authorisations are not the expected ones, and the
// message names the theft (docs/contract-attacks.md E2, on the real host).
func TestGreedyTokenGetsNoSignature(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator", "thief")
	token := w.badToken()
	w.call("operator", invocation(token, "mint", w.address("buyer").ScVal(), i128(1000*usdc)))
	terms := w.terms(1)
	terms.Asset = escrow.Address(token.String())
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.call("operator", invocation(token, "mint", w.address("seller").ScVal(), i128(1000*usdc)))
	w.act("seller", escrow.CallAccept{Terms: terms})

	tree := w.tree(escrow.CallFund{Terms: terms})
	simulate := func(mode xdr.ScVal) (stellar.Transaction, relay.Simulation) {
		t.Helper()
		w.call("operator", invocation(token, "mode", mode))
		tx, err := stellar.Invoke(w.from("buyer"), tree.Call)
		must(t, err)
		return tx, w.simulate(tx)
	}
	theft := vec(w.address("buyer").ScVal(), w.address("thief").ScVal(), i128(500*usdc))
	tx, sim := simulate(vec(symbol("Reenter"), w.asset.ScVal(), symbol("transfer"), theft))
	if sim.Failure != nil {
		t.Fatalf("the simulation fails, so nothing was asked for: %+v", *sim.Failure)
	}
	err := stellar.CheckTree(tree, tx.Source(), w.auth(sim))
	want := "below transfer of " + token.String() + ", an authorisation for transfer of " + w.asset.String()
	if !errors.Is(err, stellar.ErrTree) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant an ErrTree with %q", err, want)
	}
	// A signature of somebody who does not sign the call itself is refused by the node already.
	if _, sim := simulate(vec(symbol("AskSignature"), w.address("seller").ScVal())); sim.Failure == nil || sim.Failure.Kind != relay.FailedByAuth {
		t.Errorf("somebody else's signature: %+v", sim.Failure)
	}
	w.call("operator", invocation(token, "mode", vec(symbol("Honest"))))
	w.act("buyer", escrow.CallFund{Terms: terms})
}

// The number of a refusal means something only together with who refused.
func TestFailuresNameWhoRefused(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	terms := w.terms(1)
	open := escrow.CallOpen{Terms: terms, By: escrow.Buyer}
	simulate := func(sender string, args xdr.InvokeContractArgs, auth ...xdr.SorobanAuthorizationEntry) *relay.Failure {
		t.Helper()
		tx, err := stellar.Invoke(w.from(sender), args)
		must(t, err)
		if len(auth) > 0 {
			tx, err = tx.Assemble(xdr.SorobanTransactionData{}, 0, auth)
			must(t, err)
		}
		sim := w.simulate(tx)
		if sim.Failure != nil && (sim.TransactionData != "" || len(sim.Auth) > 0) {
			t.Errorf("%s fails, and yet: %+v", args.FunctionName, sim)
		}
		return sim.Failure
	}
	encode := func(call escrow.Call) xdr.InvokeContractArgs {
		t.Helper()
		args, err := stellar.EncodeCall(w.contract, call)
		must(t, err)
		return args
	}
	balance := i128(1 << 60)
	for _, c := range []struct {
		name     string
		got      *relay.Failure
		kind     relay.FailureKind
		contract string
		code     uint32
	}{
		{"ours", simulate("buyer", encode(escrow.CallDeliver{Terms: terms})), relay.FailedByContract, w.contract.String(), uint32(escrow.ErrNotFound)},
		{"the asset's, with a number that we have too", simulate("buyer", invocation(w.asset, "transfer", w.address("buyer").ScVal(), w.address("seller").ScVal(), balance)),
			relay.FailedByContract, w.asset.String(), uint32(escrow.ErrNoOffer)},
		{"no such function", simulate("buyer", invocation(w.contract, "withdraw")), relay.FailedByHost, "", 0},
		{"no such contract", simulate("buyer", invocation(stellar.Address{Contract: true, Key: [32]byte{9}}, "trade")), relay.FailedByHost, "", 0},
		{"arguments of another kind", simulate("buyer", invocation(w.contract, "accept", i128(1))), relay.FailedByHost, "", 0},
		{"a wrong authorisation", simulate("seller", encode(open), xdr.SorobanAuthorizationEntry{
			Credentials:    xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
			RootInvocation: w.tree(open).Invocation(),
		}), relay.FailedByAuth, "", 0},
	} {
		switch {
		case c.got == nil:
			t.Errorf("%s: it does not fail", c.name)
		case c.got.Kind != c.kind || c.got.Contract != c.contract || c.got.Code != c.code || c.got.Detail == "":
			t.Errorf("%s: %+v, want %s of %q with code %d", c.name, *c.got, c.kind, c.contract, c.code)
		}
	}
}

// A transaction that was good when it was simulated and is not any more: in a ledger, paid for, without effect, and with its reason.
func TestFailedTransaction(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	terms := w.terms(1)
	tree := w.tree(escrow.CallOpen{Terms: terms, By: escrow.Seller})
	tx, err := stellar.Invoke(w.from("seller"), tree.Call)
	must(t, err)
	tx = w.complete(tx, tree, nil)
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	out := w.submit(tx, w.people["seller"])
	if out.State != relay.TransactionFailed || out.Code != "invoke_host_function_trapped" || out.FeeCharged <= 0 || out.Ledger.Sequence == 0 {
		t.Fatalf("%+v", out)
	}
	if f := out.Failure; f == nil || f.Kind != relay.FailedByContract || f.Contract != w.contract.String() || f.Code != uint32(escrow.ErrAlreadyOpened) {
		t.Errorf("failure %+v, want AlreadyOpened of ours", f)
	}
}

func TestSubmissions(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	ready := func(change func(*stellar.Envelope)) (stellar.Transaction, string) {
		t.Helper()
		terms := w.terms(byte(w.now()))
		tree := w.tree(escrow.CallOpen{Terms: terms, By: escrow.Buyer})
		e := w.from("buyer")
		tx, err := stellar.Invoke(e, tree.Call)
		must(t, err)
		sim := w.simulate(tx)
		change(&e)
		tx, err = stellar.Invoke(e, tree.Call)
		must(t, err)
		tx, err = w.assemble(tx, sim, w.auth(sim)).Sign(w.network, w.people["buyer"])
		must(t, err)
		text, err := tx.Base64()
		must(t, err)
		return tx, text
	}
	submit := func(text string) relay.Submission {
		t.Helper()
		out, err := w.relay.Submit(t.Context(), text)
		must(t, err)
		return out
	}
	for _, c := range []struct {
		name   string
		change func(*stellar.Envelope)
		code   string
	}{
		{"a used sequence number", func(e *stellar.Envelope) { e.Sequence-- }, "tx_bad_seq"},
		{"too late", func(e *stellar.Envelope) { e.NotAfter = 1 }, "tx_too_late"},
		{"too early", func(e *stellar.Envelope) { e.NotBefore = e.NotAfter }, "tx_too_early"},
		{"an account that is not there", func(e *stellar.Envelope) { e.Source = stellar.Address{Key: [32]byte{1}} }, "tx_no_account"},
		{"signed by somebody else", func(e *stellar.Envelope) { e.Source = w.address("seller"); e.Sequence = w.from("seller").Sequence }, "tx_bad_auth"},
	} {
		tx, text := ready(c.change)
		if out := submit(text); out.State != relay.SubmissionRejected || out.Code != c.code {
			t.Errorf("%s: %+v, want %s", c.name, out, c.code)
		}
		if out, err := w.relay.Transaction(t.Context(), tx.Hash(w.network).String()); err != nil || out.State != relay.TransactionNotFound {
			t.Errorf("%s: %+v, %v", c.name, out, err)
		}
	}

	_, text := ready(func(*stellar.Envelope) {})
	first, second := submit(text), submit(text)
	if first.State != relay.SubmissionPending || second.State != relay.SubmissionDuplicate || first.Hash != second.Hash {
		t.Errorf("submitted twice: %+v and %+v", first, second)
	}
	if out := w.await(first.Hash); out.State != relay.TransactionIncluded {
		t.Errorf("%+v", out)
	}
	for _, bad := range []string{"", "AAAA", text[:len(text)-8], strings.Repeat("A", 100<<20)} {
		if out, err := w.relay.Submit(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("%.20q: %+v, %v", bad, out, err)
		}
		if _, err := w.relay.Simulate(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("simulate %.20q: %v", bad, err)
		}
		if _, err := w.relay.Read(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("read %.20q: %v", bad, err)
		}
		if _, err := w.relay.Transaction(t.Context(), bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("transaction %.20q: %v", bad, err)
		}
	}
	unsigned, err := stellar.Invoke(w.from("buyer"), w.tree(escrow.CallSettle{Terms: w.terms(1)}).Call)
	must(t, err)
	text, err = unsigned.Base64()
	must(t, err)
	if _, err := w.relay.Submit(t.Context(), text); !errors.Is(err, relay.ErrInvalid) {
		t.Errorf("an unsigned transaction: %v", err)
	}
}

func TestAccountsAndHoldings(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	stranger, err := keypair.Random()
	must(t, err)
	bare := localnettest.FundedKey(t, w.net)
	ctx := t.Context()

	if a, err := w.relay.Account(ctx, stranger.Address()); err != nil || a.Exists || a.Ledger.Sequence == 0 {
		t.Errorf("an account that is not there: %+v, %v", a, err)
	}
	a, err := w.relay.Account(ctx, w.people["buyer"].Address())
	must(t, err)
	// Two reserves for the account, one for the trustline.
	if !a.Exists || a.Sequence <= 0 || a.Spendable != a.Balance-3*5_000_000 {
		t.Errorf("the buyer: %+v", a)
	}
	for _, bad := range []string{"", w.contract.String(), "nobody"} {
		if _, err := w.relay.Account(ctx, bad); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("account %q: %v", bad, err)
		}
	}

	native, err := stellar.AssetContract(w.network, xdr.MustNewNativeAsset())
	must(t, err)
	tx, err := stellar.CreateAsset(w.from("operator"), xdr.MustNewNativeAsset())
	must(t, err)
	w.freely("operator", tx)
	token := w.badToken()
	w.call("operator", invocation(token, "mint", w.address("buyer").ScVal(), i128(77)))

	seller := w.people["seller"].Address()
	_, err = w.net.FreezeUSDC(ctx, seller, true)
	must(t, err)
	const most = "9223372036854775807"
	room := amount.MaxStroops.Int128().Minus(amount.Int(1000 * usdc)).Units()
	for _, c := range []struct {
		name   string
		asset  stellar.Address
		holder string
		want   relay.Holding
		can    bool
	}{
		{"a trustline", w.asset, w.people["buyer"].Address(), relay.Holding{
			Kind: relay.HoldingTrustline, Exists: true, Authorized: true, Balance: "10000000000", Spendable: "10000000000", Receivable: room}, true},
		{"a frozen one", w.asset, seller, relay.Holding{
			Kind: relay.HoldingTrustline, Exists: true, Balance: "10000000000", Spendable: "10000000000", Receivable: room}, false},
		{"an account without one", w.asset, bare.Address(), relay.Holding{Kind: relay.HoldingTrustline, Balance: "0", Spendable: "0", Receivable: "0"}, false},
		{"the issuer", w.asset, w.net.Issuer().Address(), relay.Holding{
			Kind: relay.HoldingIssuer, Exists: true, Authorized: true, Balance: "0", Spendable: most, Receivable: most}, true},
		{"a contract that has nothing yet", w.asset, w.contract.String(), relay.Holding{
			Kind: relay.HoldingContract, Exists: true, Authorized: true, Balance: "0", Spendable: "0", Receivable: amount.MaxInt128().Units()}, true},
		{"XLM of nobody", native, stranger.Address(), relay.Holding{Kind: relay.HoldingNative, Balance: "0", Spendable: "0", Receivable: "0"}, false},
		{"XLM", native, bare.Address(), relay.Holding{
			Kind: relay.HoldingNative, Exists: true, Authorized: true, Balance: "100000000000", Spendable: "99990000000",
			Receivable: amount.MaxStroops.Int128().Minus(amount.Int(10_000 * usdc)).Units()}, true},
		{"a token of somebody's", token, w.people["buyer"].Address(), relay.Holding{
			Kind: relay.HoldingContract, Exists: true, Authorized: true, Balance: "77", Spendable: "77", Receivable: amount.MaxInt128().Units()}, true},
	} {
		got, err := w.relay.Holding(ctx, c.asset.String(), c.holder)
		must(t, err)
		c.want.Asset, c.want.Holder, c.want.Ledger = c.asset.String(), c.holder, got.Ledger
		if got != c.want || got.Ledger.CloseTime == 0 || got.CanReceive() != c.can {
			t.Errorf("%s: got\n%+v, can receive: %v, want\n%+v, %v", c.name, got, got.CanReceive(), c.want, c.can)
		}
	}
	for _, bad := range [][2]string{{w.asset.String(), "nobody"}, {"USDC", seller}, {seller, seller}, {w.contract.String(), seller}} {
		if h, err := w.relay.Holding(ctx, bad[0], bad[1]); !errors.Is(err, relay.ErrInvalid) {
			t.Errorf("%s of %s: %+v, %v", bad[0], bad[1], h, err)
		}
	}

	_, issuer, _ := w.net.USDC()
	for _, c := range []struct {
		name string
		want relay.Asset
	}{
		{"USDC", relay.Asset{
			Address: w.asset.String(), Kind: relay.AssetStellar, Code: "USDC", Issuer: issuer, Name: "USDC:" + issuer, Symbol: "USDC", Decimals: 7,
			AuthRevocable: true,
		}},
		{"XLM", relay.Asset{Address: native.String(), Kind: relay.AssetStellar, Code: "XLM", Name: "native", Symbol: "XLM", Decimals: 7}},
		{"a token", relay.Asset{Address: token.String(), Kind: relay.AssetToken, Name: "Token for tests", Symbol: "TEST", Decimals: 7}},
		{"an account", relay.Asset{Address: seller, Kind: relay.AssetNone, Problem: "an account, not a contract"}},
		{"nothing", relay.Asset{Address: stellar.Address{Contract: true}.String(), Kind: relay.AssetNone, Problem: "no contract has this address"}},
		{"a contract that is no token", relay.Asset{Address: w.contract.String(), Kind: relay.AssetNone, Problem: "not a token"}},
	} {
		got, err := w.relay.Asset(ctx, c.want.Address)
		must(t, err)
		if !strings.HasPrefix(got.Problem, c.want.Problem) || (got.Problem == "") != (c.want.Problem == "") {
			t.Errorf("%s: problem %q, want %q", c.name, got.Problem, c.want.Problem)
		}
		got.Problem, c.want.Problem, c.want.Ledger = "", "", got.Ledger
		if got != c.want {
			t.Errorf("%s: got\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}

func TestNetworkAndItsAbsence(t *testing.T) {
	w := newWorld(t, "buyer")
	n, err := w.relay.Network(t.Context())
	if err != nil || n.Passphrase != w.network.Passphrase() || n.Protocol == 0 || n.Latest.Sequence < n.Oldest.Sequence || n.Oldest.Sequence == 0 ||
		n.InclusionFee < stellar.MinInclusionFee {
		t.Errorf("%+v, %v", n, err)
	}
	other, err := stellar.NewNetwork(testNetwork)
	must(t, err)
	stranger, err := rpc.New(rpc.Config{URL: w.url, Network: other})
	must(t, err)
	if _, err := relayserver.New(relayserver.Config{Node: func() *rpc.Client { return stranger }}).Network(t.Context()); !errors.Is(err, relay.ErrWrongNetwork) {
		t.Errorf("a node of another network: %v", err)
	}
	w.stop()
	if _, err := w.relay.LatestLedger(t.Context()); !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("a node that is gone: %v", err)
	}
	text := signed(t, w)
	if out, err := w.relay.Submit(t.Context(), text); err != nil || out.State != relay.SubmissionPending {
		t.Errorf("submitted to a node that is gone, it is kept to be sent later: %+v %v", out, err)
	}
}

const testNetwork = "Test SDF Network ; September 2015"

// signed is a transaction that needs no node to be made.
func signed(t *testing.T, w *world) string {
	t.Helper()
	tx, err := stellar.Invoke(stellar.Envelope{
		Source: w.address("buyer"), NotAfter: uint64(time.Now().Add(time.Hour).Unix()), InclusionFee: stellar.MinInclusionFee,
	}, invocation(w.contract, "config"))
	must(t, err)
	tx, err = tx.Sign(w.network, w.people["buyer"])
	must(t, err)
	text, err := tx.Base64()
	must(t, err)
	return text
}

// What was submitted is pending until a ledger has it or its time is over; then it can be said that it never will be included.
func TestPendingAndExpired(t *testing.T) {
	w := newWorld(t, "buyer")
	// It is remembered as submitted, but lost on the way.
	tx, err := stellar.Invoke(w.from("buyer"), invocation(w.contract, "config"))
	must(t, err)
	sim := w.simulate(tx)
	tx, err = w.assemble(tx, sim, nil).Sign(w.network, w.people["buyer"])
	must(t, err)
	server, db := w.server(w.node)
	must(t, db.AddTransaction(t.Context(), w.stored(tx)))
	state := func() relay.TransactionState {
		t.Helper()
		out, err := server.Transaction(t.Context(), tx.Hash(w.network).String())
		must(t, err)
		return out.State
	}
	if got := state(); got != relay.TransactionPending || got.Final() {
		t.Errorf("submitted: %s", got)
	}
	w.advance(400)
	if got := state(); got != relay.TransactionExpired || !got.Final() {
		t.Errorf("its time is over: %s", got)
	}
	if out, err := w.relay.Transaction(t.Context(), tx.Hash(w.network).String()); err != nil || out.State != relay.TransactionNotFound {
		t.Errorf("asked of a relay that did not submit it: %+v, %v", out, err)
	}
}
