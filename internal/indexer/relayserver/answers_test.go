package relayserver_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
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
	w.call("operator", invocation(token, "mint", w.address("buyer").ScVal(), scval.I128(1000*usdc)))
	terms := w.terms(1)
	terms.Asset = escrow.Address(token.String())
	w.act("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer})
	w.call("operator", invocation(token, "mint", w.address("seller").ScVal(), scval.I128(1000*usdc)))
	w.act("seller", escrow.CallAccept{Terms: terms})

	tree := w.tree(escrow.CallFund{Terms: terms})
	simulate := func(mode xdr.ScVal) (stellar.Transaction, relay.Simulation) {
		t.Helper()
		w.call("operator", invocation(token, "mode", mode))
		tx, err := stellar.Invoke(w.from("buyer"), tree.Call)
		must(t, err)
		return tx, w.simulate(tx)
	}
	theft := scval.Vec(w.address("buyer").ScVal(), w.address("thief").ScVal(), scval.I128(500*usdc))
	tx, sim := simulate(scval.Vec(scval.Symbol("Reenter"), w.asset.ScVal(), scval.Symbol("transfer"), theft))
	if sim.Failure != nil {
		t.Fatalf("the simulation fails, so nothing was asked for: %+v", *sim.Failure)
	}
	err := stellar.CheckTree(tree, tx.Source(), w.auth(sim))
	want := "below transfer of " + token.String() + ", an authorisation for transfer of " + w.asset.String()
	if !errors.Is(err, stellar.ErrTree) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant an ErrTree with %q", err, want)
	}
	// A signature of somebody who does not sign the call itself is refused by the node already.
	if _, sim := simulate(scval.Vec(scval.Symbol("AskSignature"), w.address("seller").ScVal())); sim.Failure == nil || sim.Failure.Kind != relay.FailedByAuth {
		t.Errorf("somebody else's signature: %+v", sim.Failure)
	}
	w.call("operator", invocation(token, "mode", scval.Vec(scval.Symbol("Honest"))))
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
	balance := scval.I128(1 << 60)
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
		{"arguments of another kind", simulate("buyer", invocation(w.contract, "accept", scval.I128(1))), relay.FailedByHost, "", 0},
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
