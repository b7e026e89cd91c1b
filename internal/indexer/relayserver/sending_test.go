package relayserver_test

import (
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// classic sends an operation that is not of contracts.
func (w *world) classic(name string, op txnbuild.Operation) {
	w.t.Helper()
	account, err := w.relay.Account(w.t.Context(), w.people[name].Address())
	must(w.t, err)
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: account.Address, Sequence: account.Sequence},
		IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee, Operations: []txnbuild.Operation{op},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	must(w.t, err)
	tx, err = tx.Sign(w.network.Passphrase(), w.people[name])
	must(w.t, err)
	text, err := tx.Base64()
	must(w.t, err)
	sent, err := w.node.Send(w.t.Context(), text)
	must(w.t, err)
	hash, err := stellar.ParseHash(sent.Hash)
	must(w.t, err)
	if answer, err := w.node.Await(w.t.Context(), hash, 1<<62); err != nil || answer.Status != "SUCCESS" {
		w.t.Fatalf("%s: %s %v (sent: %s %s)", name, answer.Status, err, sent.Status, sent.ErrorResultXDR)
	}
}

// from is the envelope of somebody's next transaction.
func (w *world) from(name string) stellar.Envelope {
	w.t.Helper()
	account, err := w.relay.Account(w.t.Context(), w.people[name].Address())
	must(w.t, err)
	if !account.Exists {
		w.t.Fatalf("%s has no account", name)
	}
	return stellar.Envelope{
		Source: w.address(name), Sequence: account.Sequence, NotAfter: w.now() + 300, InclusionFee: stellar.MinInclusionFee,
	}
}

// complete simulates a transaction, checks what would be signed, and adds what the network wants. Authorisations of their own are signed
// by signer.
func (w *world) complete(tx stellar.Transaction, tree stellar.Tree, signer *keypair.Full) stellar.Transaction {
	w.t.Helper()
	sim := w.simulate(tx)
	if sim.Failure != nil {
		w.t.Fatalf("simulation: %+v", *sim.Failure)
	}
	auth := w.auth(sim)
	must(w.t, stellar.CheckTree(tree, tx.Source(), auth))
	for i, entry := range auth {
		if stellar.IsSigned(entry) {
			continue
		}
		signed, err := stellar.SignAuth(w.network, entry, sim.Ledger.Sequence+100, signer)
		must(w.t, err)
		auth[i] = signed
	}
	return w.assemble(tx, sim, auth)
}

func (w *world) simulate(tx stellar.Transaction) relay.Simulation {
	w.t.Helper()
	text, err := tx.Base64()
	must(w.t, err)
	sim, err := w.relay.Simulate(w.t.Context(), text)
	must(w.t, err)
	return sim
}

// submit signs, submits and waits for the outcome.
func (w *world) submit(tx stellar.Transaction, signer *keypair.Full) relay.Transaction {
	w.t.Helper()
	tx, err := tx.Sign(w.network, signer)
	must(w.t, err)
	text, err := tx.Base64()
	must(w.t, err)
	sent, err := w.relay.Submit(w.t.Context(), text)
	must(w.t, err)
	if sent.State != relay.SubmissionPending || sent.Hash != tx.Hash(w.network).String() {
		w.t.Fatalf("submitted %s: %+v", tx.Hash(w.network), sent)
	}
	return w.await(sent.Hash)
}

func (w *world) await(hash string) relay.Transaction {
	w.t.Helper()
	for range 500 {
		out, err := w.relay.Transaction(w.t.Context(), hash)
		must(w.t, err)
		if out.State.Final() {
			return out
		}
		time.Sleep(10 * time.Millisecond) // the network is another program's; there is no clock to step
	}
	w.t.Fatalf("transaction %s has no outcome", hash)
	return relay.Transaction{}
}

// create uploads code and makes a contract of it, by the operator.
func (w *world) create(code []byte, salt byte, args []xdr.ScVal) stellar.Address {
	w.t.Helper()
	operator := w.address("operator")
	tx, err := stellar.Upload(w.from("operator"), code)
	must(w.t, err)
	w.freely("operator", tx)
	tx, err = stellar.Create(w.from("operator"), operator, [32]byte{salt}, stellar.WasmHash(code), args)
	must(w.t, err)
	out := w.freely("operator", tx)
	want, err := stellar.ContractID(w.network, operator, [32]byte{salt})
	must(w.t, err)
	var made xdr.ScVal
	must(w.t, stellar.Decode("value", out.Value, &made))
	if got, err := binding.AddressFrom(*made.Address); err != nil || got != want {
		w.t.Fatalf("the network made contract %s, computed was %s, %v", got, want, err)
	}
	return want
}

// freely sends a transaction with whatever authorisations the simulation asks of its sender: for what is not the escrow's.
func (w *world) freely(sender string, tx stellar.Transaction) relay.Transaction {
	w.t.Helper()
	sim := w.simulate(tx)
	if sim.Failure != nil {
		w.t.Fatalf("simulation: %+v", *sim.Failure)
	}
	out := w.submit(w.assemble(tx, sim, w.auth(sim)), w.people[sender])
	if out.State != relay.TransactionIncluded {
		w.t.Fatalf("sent by %s: %+v", sender, out)
	}
	return out
}

func (w *world) auth(sim relay.Simulation) []xdr.SorobanAuthorizationEntry {
	w.t.Helper()
	auth := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i, text := range sim.Auth {
		must(w.t, stellar.Decode("authorisation", text, &auth[i]))
	}
	return auth
}

func (w *world) assemble(tx stellar.Transaction, sim relay.Simulation, auth []xdr.SorobanAuthorizationEntry) stellar.Transaction {
	w.t.Helper()
	var data xdr.SorobanTransactionData
	must(w.t, stellar.Decode("transaction data", sim.TransactionData, &data))
	tx, err := tx.Assemble(data, sim.MinResourceFee, auth)
	must(w.t, err)
	return tx
}

// act makes a call: sent by who, authorised by whoever must. It returns the outcome with the events of our contract.
func (w *world) act(sender string, call escrow.Call) (relay.Transaction, []stellar.Event) {
	w.t.Helper()
	tree := w.tree(call)
	tx, err := stellar.Invoke(w.from(sender), tree.Call)
	must(w.t, err)
	var signer *keypair.Full
	if tree.Signer != nil {
		for _, k := range w.people {
			if k.Address() == tree.Signer.String() {
				signer = k
			}
		}
	}
	out := w.submit(w.complete(tx, tree, signer), w.people[sender])
	if out.State != relay.TransactionIncluded {
		w.t.Fatalf("%s by %s: %+v %+v", call.Function(), sender, out, out.Failure)
	}
	return out, w.events(out)
}

// events are those of our contract in a transaction.
func (w *world) events(tx relay.Transaction) []stellar.Event {
	w.t.Helper()
	var events []stellar.Event
	for _, text := range tx.Events {
		var e xdr.ContractEvent
		must(w.t, stellar.Decode("event", text, &e))
		event, err := stellar.DecodeEvent(w.contract, e)
		if err == nil {
			events = append(events, event)
		} else if *e.ContractId == xdr.ContractId(w.contract.Key) {
			w.t.Fatalf("transaction %s: an event of ours: %v", tx.Hash, err)
		}
	}
	return events
}

// tree is what a call may ask to be signed, in the present state.
func (w *world) tree(call escrow.Call) stellar.Tree {
	w.t.Helper()
	state := stellar.State{}
	switch c := call.(type) {
	case escrow.CallAccept:
		state.Trade = w.trade(c.Terms)
	case escrow.CallDispute:
		state.Trade = w.trade(c.Terms)
	}
	tree, err := stellar.ExpectedTree(w.contract, call, state)
	must(w.t, err)
	return tree
}
