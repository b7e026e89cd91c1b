package api

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

type assembleIn struct {
	Body AssembleIn
}

func (s *server) assembleTransaction(ctx context.Context, in *assembleIn) (*Answer[PreparedOut], error) {
	tx, err := stellar.ParseTransaction(in.Body.Transaction)
	if err != nil {
		return nil, badTransaction(inTransaction, "%v", err)
	}
	if tx.Signatures() > 0 {
		return nil, badTransaction(inTransaction, "it is signed: authorisations come first, they change what is signed")
	}
	contract, call, err := s.ours(ctx, tx)
	if err != nil {
		return nil, err
	}
	if call == nil {
		return nil, badTransaction(inTransaction, "it only restores entries: nobody authorises that")
	}
	o, err := s.orderOf(ctx, contract, call)
	if err != nil {
		return nil, err
	}
	preview, err := s.preview(o)
	if err != nil {
		return nil, s.refused(o, err)
	}
	want, err := stellar.ExpectedTree(contract, call, stellar.State{Trade: &o.trade.State, Config: &o.config})
	if err != nil {
		return nil, fmt.Errorf("assemble %s: %w", call.Function(), err)
	}
	if tx, err = s.withAuthorisations(tx, in.Body.Authorisations, want); err != nil {
		return nil, err
	}
	net, err := s.network(ctx)
	if err != nil {
		return nil, err
	}
	if tx.NotAfter() < net.Latest.CloseTime {
		return nil, badTransaction(inTransaction, "it expired at %s: prepare it again", Time(tx.NotAfter()))
	}
	sim, err := s.simulate(ctx, tx)
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, s.failed(ctx, o, want, *sim.Failure, true)
	}
	if sim.Restore != nil {
		return answer(s.restore(ctx, o, tx, stellar.Envelope{
			Source: tx.Source(), Sequence: tx.Sequence() - 1, NotAfter: tx.NotAfter(), InclusionFee: tx.InclusionFee(),
		}, sim, net.Latest.CloseTime))
	}
	data, err := decodeLike("transaction data", sim.TransactionData, tx.Data())
	if err != nil {
		return nil, err
	}
	if tx, err = tx.Assemble(data, sim.MinResourceFee, tx.Auth()); err != nil {
		return nil, fmt.Errorf("assemble %s: %w", call.Function(), err)
	}
	return answer(s.prepared(ctx, o, tx, sim, preview, net.Latest.CloseTime, 0))
}

func answer(out *PreparedOut, err error) (*Answer[PreparedOut], error) {
	if err != nil {
		return nil, err
	}
	return &Answer[PreparedOut]{*out}, nil
}

// orderOf is all that is known about the trade of a call that somebody has had prepared, on the network's newest ledger.
func (s *server) orderOf(ctx context.Context, contract stellar.Address, call escrow.Call) (order, error) {
	terms, ok := escrow.TermsOf(call)
	if !ok {
		return order{}, badTransaction(inTransaction, "nobody has to authorise %s: sign the transaction itself", call.Function())
	}
	id, err := stellar.TermsID(s.Network, contract, terms)
	if err != nil {
		return order{}, badTransaction(inTransaction, "its terms cannot be read: %v", err)
	}
	o := order{contract: contract, call: call, by: escrow.Nobody, trade: &Trade{ID: id, Contract: escrow.Address(contract.String()), Terms: terms}}
	if o.u, err = s.unit(ctx, terms.Asset, inTrade); err != nil && !(o.u.blind() && withoutAmounts(call.Function())) {
		return o, err
	}
	if o.config, o.at, err = s.config(ctx, contract); err != nil {
		return o, err
	}
	if _, opens := call.(escrow.CallOpen); opens {
		return o, nil
	}
	state, at, err := s.state(ctx, contract, id)
	if err != nil {
		return o, err
	}
	if state == nil {
		return o, problemf(kindNoTrade, "the terms in the transaction are those of trade %s, which the contract does not have", id)
	}
	o.trade.State, o.at = *state, at
	return o, nil
}
