package e2e

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
)

// from is the envelope of somebody's next transaction.
func (w *live) from(name string) stellar.Envelope {
	w.t.Helper()
	account := rpctest.Account(w.t, w.node, w.keys[name].Address())
	return stellar.Envelope{Source: w.address(name), Sequence: int64(account.SeqNum), NotAfter: w.now() + 600, InclusionFee: stellar.MinInclusionFee}
}

// simulate tries a transaction as the api does.
func (w *live) simulate(tx stellar.Transaction) relay.Simulation {
	w.t.Helper()
	text, err := tx.Base64()
	if err != nil {
		w.t.Fatal(err)
	}
	sim, err := w.relay.Simulate(w.t.Context(), text)
	if err != nil {
		w.t.Fatal(err)
	}
	return sim
}

// assemble completes a transaction with a simulation's answer, and signs it by its source.
func (w *live) assemble(name string, tx stellar.Transaction, sim relay.Simulation, auth []xdr.SorobanAuthorizationEntry) stellar.Transaction {
	w.t.Helper()
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", sim.TransactionData, &data); err != nil {
		w.t.Fatal(err)
	}
	tx, err := tx.Assemble(data, sim.MinResourceFee, auth)
	if err == nil {
		tx, err = tx.Sign(w.node.Network(), w.keys[name])
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

func (w *live) auth(sim relay.Simulation) []xdr.SorobanAuthorizationEntry {
	w.t.Helper()
	out := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i, text := range sim.Auth {
		if err := stellar.Decode("authorisation", text, &out[i]); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// tree is what a call may ask to be signed in the present state.
func (w *live) tree(call escrow.Call) stellar.Tree {
	w.t.Helper()
	state := stellar.State{}
	switch c := call.(type) {
	case escrow.CallAccept:
		state.Trade = w.trade(c.Terms)
	case escrow.CallDispute:
		state.Trade = w.trade(c.Terms)
	}
	tree, err := stellar.ExpectedTree(w.contract, call, state)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

// tried is a call that somebody would send, and what it would do.
func (w *live) tried(name string, call escrow.Call) (stellar.Transaction, relay.Simulation, stellar.Tree) {
	w.t.Helper()
	tree := w.tree(call)
	tx, err := stellar.Invoke(w.from(name), tree.Call)
	if err != nil {
		w.t.Fatal(err)
	}
	return tx, w.simulate(tx), tree
}

// prepared is a call that somebody sends and signs, ready to be handed in now or later.
func (w *live) prepared(name string, call escrow.Call) stellar.Transaction {
	w.t.Helper()
	tx, sim, tree := w.tried(name, call)
	if sim.Failure != nil {
		w.t.Fatalf("%s by %s: %+v", call.Function(), name, *sim.Failure)
	}
	auth := w.auth(sim)
	if err := stellar.CheckTree(tree, tx.Source(), auth); err != nil {
		w.t.Fatalf("%s by %s: %v", call.Function(), name, err)
	}
	return w.assemble(name, tx, sim, auth)
}

// refused is why a call would fail: the contract's code by its name, or the kind of failure.
func (w *live) refused(name string, call escrow.Call) string {
	w.t.Helper()
	_, sim, _ := w.tried(name, call)
	switch f := sim.Failure; {
	case f == nil:
		return "nothing refuses it"
	case f.Kind == relay.FailedByContract && f.Contract == w.contract.String():
		return escrow.Code(f.Code).String()
	default:
		return string(f.Kind)
	}
}

// isRefused wants a call to be refused for a reason, and to have changed nothing of what is owed.
func (w *live) isRefused(want, name string, call escrow.Call) {
	w.t.Helper()
	if got := w.refused(name, call); got != want {
		w.t.Errorf("%s by %s: %s, want %s", call.Function(), name, got, want)
	}
}

// submit hands a signed transaction in and waits for its ledger, whatever comes of it.
func (w *live) submit(tx stellar.Transaction) localnet.Outcome {
	w.t.Helper()
	text, err := tx.Base64()
	if err != nil {
		w.t.Fatal(err)
	}
	var envelope xdr.TransactionEnvelope
	if err := stellar.Decode("transaction", text, &envelope); err != nil {
		w.t.Fatal(err)
	}
	out, err := w.net.Submit(w.t.Context(), envelope)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// carried hands in a transaction that must succeed, and answers the names of our contract's events.
func (w *live) carried(what string, tx stellar.Transaction) (events []string) {
	w.t.Helper()
	out := w.submit(tx)
	if !out.Successful() {
		w.t.Fatalf("%s: prepared it succeeds, applied it fails: %s %v", what, out.Result.Result.Code, out.Meta.V4.DiagnosticEvents)
	}
	for _, op := range out.Meta.V4.Operations {
		for _, raw := range op.Events {
			e, err := stellar.DecodeEvent(w.contract, raw)
			switch {
			case err == nil:
				events = append(events, e.EventName())
			case raw.ContractId != nil && *raw.ContractId == xdr.ContractId(w.contract.Key):
				w.t.Fatalf("%s: an event of ours: %v", what, err)
			}
		}
	}
	return events
}

// act makes a call that must succeed.
func (w *live) act(name string, call escrow.Call) (events []string) {
	w.t.Helper()
	return w.carried(fmt.Sprintf("%s by %s", call.Function(), name), w.prepared(name, call))
}

// freely sends a transaction with whatever its simulation asks of its sender: for what is not the escrow's.
func (w *live) freely(name string, build func(stellar.Envelope) (stellar.Transaction, error)) localnet.Outcome {
	w.t.Helper()
	tx, err := build(w.from(name))
	if err != nil {
		w.t.Fatal(err)
	}
	sim := w.simulate(tx)
	if sim.Failure != nil {
		w.t.Fatalf("%s: %+v", name, *sim.Failure)
	}
	out := w.submit(w.assemble(name, tx, sim, w.auth(sim)))
	if !out.Successful() {
		w.t.Fatalf("%s: %s %v", name, out.Result.Result.Code, out.Meta.V4.DiagnosticEvents)
	}
	return out
}

// tell calls a contract of somebody's.
func (w *live) tell(name string, contract stellar.Address, function string, args ...xdr.ScVal) localnet.Outcome {
	w.t.Helper()
	return w.freely(name, func(e stellar.Envelope) (stellar.Transaction, error) {
		return stellar.Invoke(e, *scval.Call(contract.ScAddress(), function, args...).InvokeContract)
	})
}

// create uploads code and makes a contract of it.
func (w *live) create(code []byte, salt byte, args ...xdr.ScVal) stellar.Address {
	w.t.Helper()
	operator := w.address("operator")
	w.freely("operator", func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Upload(e, code) })
	w.freely("operator", func(e stellar.Envelope) (stellar.Transaction, error) {
		return stellar.Create(e, operator, [32]byte{salt}, stellar.WasmHash(code), args)
	})
	id, err := stellar.ContractID(w.node.Network(), operator, [32]byte{salt})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// classic sends operations that must succeed.
func (w *live) classic(name string, ops ...txnbuild.Operation) {
	w.t.Helper()
	k := w.keys[name]
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: k.Address(), Sequence: int64(rpctest.Account(w.t, w.node, k.Address()).SeqNum)},
		IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee, Operations: ops,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		tx, err = tx.Sign(w.net.Passphrase(), k)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if out, err := w.net.Submit(w.t.Context(), tx.ToXDR()); err != nil || !out.Successful() {
		w.t.Fatalf("%s: %T: %v %v", name, ops[0], out.Result.Result.Code, err)
	}
}

// trust makes somebody's trustline, and drop gives what is on it to the issuer and removes it.
func (w *live) trust(name string, asset txnbuild.CreditAsset) {
	w.t.Helper()
	w.classic(name, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: asset}})
}

func (w *live) drop(name string, asset txnbuild.CreditAsset, contract stellar.Address) {
	w.t.Helper()
	var ops []txnbuild.Operation
	if held := w.has(contract, w.address(name)); held.Sign() > 0 {
		ops = append(ops, &txnbuild.Payment{Destination: asset.Issuer, Asset: asset, Amount: held.String()})
	}
	w.classic(name, append(ops, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: asset}, Limit: "0"})...)
}
