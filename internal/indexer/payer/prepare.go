package payer

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// ready is a transaction that needs nothing but a sequence number and signatures.
type ready struct {
	build    func(sequence int64) (stellar.Transaction, error)
	tree     stellar.Tree
	sequence int64  // the last one its source has used, as far as is known
	began    uint64 // the close time of the ledger that it was prepared at: no earlier one has it
	notAfter uint64 // the end of its time
	action   string // what it is, if it is not what the payment is for
}

// prepare simulates a payment. It returns either what to send, or what to restore before. notAfter is the end of its time, 0 for one that begins
// now.
func (p *Payer) prepare(ctx context.Context, pay *Payment, notAfter uint64) (next ready, restore *ready, err error) {
	net, err := p.c.Relay.Network(ctx)
	if err != nil {
		return ready{}, nil, err
	}
	if err := lasts(pay, net.Latest); err != nil {
		return ready{}, nil, err
	}
	if pay.Signed != nil {
		next, err = p.prepareSigned(ctx, pay)
		next.began = net.Latest.CloseTime
		return next, nil, err
	}
	if err := stellar.CheckTree(pay.Tree, pay.source(), pay.Auth); err != nil {
		return ready{}, nil, err
	}
	sequence, err := p.sequence(ctx, pay.source())
	if err != nil {
		return ready{}, nil, err
	}
	if notAfter == 0 {
		notAfter = net.Latest.CloseTime + uint64(Life.Seconds())
	}
	e := stellar.Envelope{Source: pay.source(), Sequence: sequence, NotAfter: notAfter, InclusionFee: net.InclusionFee}
	bare := func(e stellar.Envelope) (stellar.Transaction, error) {
		if pay.Operation != nil {
			return pay.Operation(e)
		}
		return stellar.Invoke(e, pay.Tree.Call)
	}
	tx, err := bare(e)
	if err != nil {
		return ready{}, nil, err
	}
	if len(pay.Auth) > 0 { // they are tried as they are, with their signatures
		if tx, err = tx.Assemble(xdr.SorobanTransactionData{}, 0, pay.Auth); err != nil {
			return ready{}, nil, err
		}
	}
	sim, err := p.simulate(ctx, tx)
	if err != nil {
		return ready{}, nil, err
	}
	next = ready{tree: pay.Tree, sequence: sequence, began: net.Latest.CloseTime, notAfter: e.NotAfter}
	if sim.Restore != nil {
		data, err := decodeData(sim.Restore.TransactionData)
		return ready{}, &ready{sequence: sequence, began: next.began, notAfter: e.NotAfter, action: "restore", build: func(sequence int64) (stellar.Transaction, error) {
			e.Sequence = sequence
			return stellar.Restore(e, data, sim.Restore.MinResourceFee)
		}}, err
	}
	if len(pay.Auth) == 0 {
		if err := nothingAsked(pay, sim); err != nil {
			return ready{}, nil, err
		}
	}
	data, err := decodeData(sim.TransactionData)
	next.build = func(sequence int64) (stellar.Transaction, error) {
		e.Sequence = sequence
		tx, err := bare(e)
		if err != nil {
			return stellar.Transaction{}, err
		}
		return tx.Assemble(data, sim.MinResourceFee, pay.Auth)
	}
	return next, nil, err
}

// lasts refuses authorisations that end so soon that the transaction may be included too late for them: it would fail, and be paid for.
func lasts(pay *Payment, latest relay.Ledger) error {
	auth := pay.Auth
	if pay.Signed != nil {
		auth = pay.Signed.Auth()
	}
	for _, entry := range auth {
		if last, ok := stellar.AuthExpiry(entry); ok && uint64(last) < uint64(latest.Sequence)+minSigned {
			return &FailedError{Failure: relay.Failure{Kind: relay.FailedByAuth, Detail: fmt.Sprintf(
				"the authorisation counts until ledger %d, and %d is the newest: have one signed for %d ledgers more", last, latest.Sequence, minSigned)}}
		}
	}
	return nil
}

// prepareSigned looks whether what somebody else has signed would succeed now. Its fee and footprint are as they were signed.
func (p *Payer) prepareSigned(ctx context.Context, pay *Payment) (ready, error) {
	tx := *pay.Signed
	if err := stellar.CheckTree(pay.Tree, tx.Source(), tx.Auth()); err != nil {
		return ready{}, err
	}
	// A simulation does not look at the account, and what no node would take should take nothing from the day.
	account, err := p.c.Relay.Account(ctx, tx.Source().String())
	switch {
	case err != nil:
		return ready{}, err
	case !account.Exists:
		return ready{}, &RejectedError{Hash: tx.Hash(p.c.Network).String(), Code: "tx_no_account", Detail: "the account that sends it does not exist"}
	case account.Sequence+1 != tx.Sequence():
		return ready{}, &RejectedError{Hash: tx.Hash(p.c.Network).String(), Code: "tx_bad_seq", Detail: fmt.Sprintf("its sequence number is %d, the next one of %s is %d", tx.Sequence(), tx.Source(), account.Sequence+1)}
	}
	sim, err := p.simulate(ctx, tx)
	if err != nil {
		return ready{}, err
	}
	if sim.Restore != nil || len(tx.Auth()) == 0 && len(sim.Auth) > 0 {
		return ready{}, &FailedError{Failure: relay.Failure{Kind: relay.FailedByAuth, Detail: "it asks for more than was signed: simulate it again"}}
	}
	return ready{
		build: func(int64) (stellar.Transaction, error) { return tx, nil },
		tree:  pay.Tree, sequence: tx.Sequence() - 1, notAfter: tx.NotAfter(),
	}, nil
}

// simulate returns a simulation that did not fail.
func (p *Payer) simulate(ctx context.Context, tx stellar.Transaction) (relay.Simulation, error) {
	text, err := tx.Base64()
	if err != nil {
		return relay.Simulation{}, err
	}
	sim, err := p.c.Relay.Simulate(ctx, text)
	if err == nil && sim.Failure != nil {
		err = &FailedError{Failure: *sim.Failure}
	}
	return sim, err
}

// nothingAsked refuses a call that nobody should authorise and that asks for an authorisation when it is simulated: a token in it may want the
// signature of whoever sends it (docs/contract-attacks.md E1).
func nothingAsked(pay *Payment, sim relay.Simulation) error {
	asked := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i, text := range sim.Auth {
		if err := stellar.Decode("authorisation", text, &asked[i]); err != nil {
			return err
		}
	}
	return stellar.CheckTree(pay.Tree, pay.source(), asked)
}

func decodeData(text string) (data xdr.SorobanTransactionData, err error) {
	err = stellar.Decode("transaction data", text, &data)
	return data, err
}

// sequence is the last sequence number that the source has used, as the node or an earlier payment knows it: the higher one is true.
func (p *Payer) sequence(ctx context.Context, source stellar.Address) (int64, error) {
	account, err := p.c.Relay.Account(ctx, source.String())
	if err != nil {
		return 0, err
	}
	if !account.Exists {
		return 0, fmt.Errorf("account %s: %w", source, ErrNoAccount)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(account.Sequence, p.used[source]), nil
}
