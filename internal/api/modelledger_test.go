package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What modelNet does with transactions, as relay.Relay.

func (n *modelNet) Simulate(_ context.Context, text string) (relay.Simulation, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Simulation{}, n.down
	}
	tx, err := stellar.ParseTransaction(text)
	if err != nil {
		return relay.Simulation{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	sim := relay.Simulation{Ledger: n.ledger, MinResourceFee: 54_321 + n.rent, TransactionData: must(stellar.Encode(xdr.SorobanTransactionData{Resources: xdr.SorobanResources{Instructions: 1_234_567}})),
		Cost: relay.Cost{Instructions: 1_234_567, WriteBytes: 600, ReadEntries: 3, WriteEntries: 4, RestoreEntries: n.restores}}
	if n.restore {
		sim.Restore = &relay.Restore{TransactionData: sim.TransactionData, MinResourceFee: 99 + n.rent}
		return sim, nil
	}
	args, _ := tx.Call()
	call, err := stellar.DecodeCall(n.self, args)
	if err != nil {
		return relay.Simulation{Ledger: n.ledger, Failure: &relay.Failure{Kind: relay.FailedByHost, Detail: err.Error()}}, nil
	}
	balances := n.copyBalances()
	result, err := n.c.Clone().Apply(n.env(balances), call)
	if err != nil {
		return relay.Simulation{Ledger: n.ledger, Failure: n.failure(err)}, nil
	}
	for _, e := range result.Events {
		about := stellar.Event{Event: e, Trade: &result.Trade}
		if _, ok := e.(escrow.Collected); ok {
			about.Trade, about.Asset = nil, &result.Asset
		}
		sim.Events = append(sim.Events, must(stellar.Encode(must(stellar.EncodeEvent(n.self, about)))))
	}
	if len(tx.Auth()) > 0 { // as they would be enforced
		if err := n.authorised(tx, call); err != nil {
			return relay.Simulation{Ledger: n.ledger, Failure: &relay.Failure{Kind: relay.FailedByAuth, Detail: err.Error()}}, nil
		}
		return sim, nil
	}
	var entries []xdr.SorobanAuthorizationEntry
	if want := n.tree(call); want.Signer != nil {
		entry := xdr.SorobanAuthorizationEntry{RootInvocation: want.Invocation(), Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}}
		if *want.Signer != tx.Source() {
			n.nonce++
			entry.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: &xdr.SorobanAddressCredentials{
				Address: want.Signer.ScAddress(), Nonce: xdr.Int64(n.nonce), Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
			}}
		}
		entries = append(entries, entry)
	}
	if n.twist != nil {
		entries = n.twist(entries)
	}
	for _, e := range entries {
		sim.Auth = append(sim.Auth, must(stellar.Encode(e)))
	}
	return sim, nil
}

func (n *modelNet) tree(call escrow.Call) stellar.Tree {
	state := stellar.State{Config: &n.c.Config}
	if terms, ok := escrow.TermsOf(call); ok {
		if tr, ok := n.c.Trades[n.id(terms)]; ok {
			state.Trade = &tr
		}
	}
	return must(stellar.ExpectedTree(n.self, call, state))
}

func (n *modelNet) id(t escrow.Terms) escrow.ID { return must(stellar.TermsID(n.network, n.self, t)) }

func (n *modelNet) env(balances map[[2]string]amount.Int128) escrow.Env {
	return escrow.Env{Now: n.ledger.CloseTime, Signed: func(escrow.Address) bool { return true }, ID: n.id, Token: modelToken{n, balances}}
}

func (n *modelNet) copyBalances() map[[2]string]amount.Int128 {
	out := make(map[[2]string]amount.Int128, len(n.balances))
	for k, v := range n.balances {
		out[k] = v
	}
	return out
}

var errToken = errors.New("the token refuses")

func (n *modelNet) failure(err error) *relay.Failure {
	var refusal *escrow.Refusal
	switch {
	case errors.As(err, &refusal):
		return &relay.Failure{Kind: relay.FailedByContract, Contract: n.self.String(), Code: uint32(refusal.Code), Detail: "Error(Contract, #" + strconv.Itoa(int(refusal.Code)) + ")"}
	case errors.Is(err, errToken):
		return &relay.Failure{Kind: relay.FailedByContract, Contract: contractAddress("usdc").String(), Code: 10, Detail: "Error(Contract, #10)"}
	}
	return &relay.Failure{Kind: relay.FailedByHost, Detail: err.Error()}
}

// authorised checks a transaction's authorisations as the network would.
func (n *modelNet) authorised(tx stellar.Transaction, call escrow.Call) error {
	want := n.tree(call)
	if err := stellar.CheckTree(want, tx.Source(), tx.Auth()); err != nil {
		return err
	}
	for _, e := range tx.Auth() {
		if e.Credentials.Address == nil {
			continue
		}
		if uint32(e.Credentials.Address.SignatureExpirationLedger) < n.ledger.Sequence {
			return errors.New("the signature has expired")
		}
		signed := must(stellar.AuthPayload(n.network, e))
		list := e.Credentials.Address.Signature.Vec
		if list == nil || *list == nil {
			return errors.New("not signed")
		}
		fields := **(**list)[0].Map
		public, signature := []byte(*fields[0].Val.Bytes), []byte(*fields[1].Val.Bytes)
		if !bytes.Equal(public, want.Signer.Key[:]) || !ed25519.Verify(public, signed[:], signature) {
			return errors.New("the signature does not count")
		}
	}
	return nil
}

func (n *modelNet) Submit(_ context.Context, text string) (relay.Submission, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return relay.Submission{}, n.down
	}
	tx, err := stellar.ParseTransaction(text)
	if err != nil {
		return relay.Submission{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	hash := tx.Hash(n.network).String()
	out := relay.Submission{Hash: hash, State: relay.SubmissionRejected, Ledger: n.ledger}
	source := tx.Source().String()
	switch {
	case n.txs[hash].Hash != "":
		out.State = relay.SubmissionDuplicate
		return out, nil
	case !tx.SignedBy(n.network, tx.Source(), verify):
		out.Code = "tx_bad_auth"
		return out, nil
	case tx.NotAfter() < n.ledger.CloseTime:
		out.Code = "tx_too_late"
		return out, nil
	case tx.Sequence() != n.accounts[source]+1:
		out.Code = "tx_bad_seq"
		return out, nil
	}
	if n.waits {
		out.State = relay.SubmissionPending
		n.txs[hash] = relay.Transaction{Hash: hash, State: relay.TransactionPending}
		return out, nil
	}
	n.changes++
	n.accounts[source]++
	n.ledger.Sequence++
	n.ledger.CloseTime += 5
	out.State = relay.SubmissionPending
	done := relay.Transaction{Hash: hash, State: relay.TransactionFailed, Ledger: n.ledger, FeeCharged: 43_210, Code: "invoke_host_function_trapped"}
	args, ok := tx.Call()
	if !ok {
		n.restore, done.State, done.Code = false, relay.TransactionIncluded, ""
		n.txs[hash] = done
		return out, nil
	}
	call := must(stellar.DecodeCall(n.self, args))
	if err := n.authorised(tx, call); err != nil {
		done.Failure = &relay.Failure{Kind: relay.FailedByAuth, Detail: err.Error()}
		n.txs[hash] = done
		return out, nil
	}
	balances := n.copyBalances()
	result, err := n.c.Apply(n.env(balances), call)
	if err != nil {
		done.Failure = n.failure(err)
		n.txs[hash] = done
		return out, nil
	}
	n.balances = balances
	done.State, done.Code = relay.TransactionIncluded, ""
	n.txs[hash] = done
	n.project(result, hash)
	return out, nil
}

func (n *modelNet) Transaction(_ context.Context, hash string) (relay.Transaction, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.txs[hash]
	if !ok {
		t = relay.Transaction{Hash: hash, State: relay.TransactionNotFound}
	}
	t.Latest = n.ledger
	return t, n.down
}

// modelToken moves the model's balances. Who is frozen neither pays nor is paid.
type modelToken struct {
	n        *modelNet
	balances map[[2]string]amount.Int128
}

func (t modelToken) Balance(asset escrow.Address) (amount.Int128, error) {
	return t.balances[[2]string{string(asset), t.n.self.String()}], nil
}

func (t modelToken) move(asset escrow.Address, from, to string, x amount.Int128) bool {
	a, b := [2]string{string(asset), from}, [2]string{string(asset), to}
	if t.n.frozen[from] || t.n.frozen[to] || t.balances[a].Less(x) {
		return false
	}
	t.balances[a] = t.balances[a].Minus(x)
	t.balances[b] = t.balances[b].Plus(x)
	return true
}

func (t modelToken) Deposit(asset, from escrow.Address, x amount.Int128) (amount.Int128, error) {
	if !t.move(asset, string(from), t.n.self.String(), x) {
		return amount.Int128{}, errToken
	}
	return x, nil
}

func (t modelToken) Pay(asset, to escrow.Address, x amount.Int128) bool {
	return t.move(asset, t.n.self.String(), string(to), x)
}
