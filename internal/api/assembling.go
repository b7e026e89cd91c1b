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
	if tx, err = withAuthorisations(tx, in.Body.Authorisations, want); err != nil {
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
		return answer(s.restore(ctx, o, stellar.Envelope{
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

// withAuthorisations puts signed authorisations in, if they are exactly what the call needs.
func withAuthorisations(tx stellar.Transaction, in []AuthorisationIn, want stellar.Tree) (stellar.Transaction, error) {
	texts := make([]string, len(in))
	for i, one := range in {
		texts[i] = one.Entry
	}
	entries, err := decodeAll("authorisation", texts, tx.Auth())
	if err != nil {
		return tx, badTransaction("body.authorisations", "%v", err)
	}
	if err := stellar.CheckTree(want, tx.Source(), entries); err != nil {
		return tx, &kindError{kind: kindTree, detail: err.Error(), err: err}
	}
	for i, one := range in {
		at := fmt.Sprintf("body.authorisations[%d]", i)
		if one.Signature != "" {
			signature, err := signatureOf(one.Signature)
			if err != nil {
				return tx, badTransaction(at+".signature", "%v", err)
			}
			if want.Signer == nil || want.Signer.Contract {
				return tx, badTransaction(at+".signature", "a contract's signature has a form of its own: put it into the entry")
			}
			if entries[i], err = stellar.AttachSignature(entries[i], *want.Signer, signature); err != nil {
				return tx, badTransaction(at+".signature", "%v", err)
			}
		}
		if !stellar.IsSigned(entries[i]) {
			return tx, badTransaction(at+".entry", "not signed: give a signature over its payload, or the signed entry")
		}
	}
	out, err := tx.Assemble(*tx.Data(), tx.ResourceFee(), entries)
	if err != nil {
		return tx, badTransaction(inTransaction, "%v", err)
	}
	return out, nil
}

// orderOf is all that is known about the trade of a call that somebody has had prepared, on the network's newest ledger.
func (s *server) orderOf(ctx context.Context, contract stellar.Address, call escrow.Call) (order, error) {
	terms, ok := termsOf(call)
	if !ok {
		return order{}, badTransaction(inTransaction, "nobody has to authorise %s: sign the transaction itself", call.Function())
	}
	id, err := stellar.TermsID(s.Network, contract, terms)
	if err != nil {
		return order{}, badTransaction(inTransaction, "its terms cannot be read: %v", err)
	}
	o := order{contract: contract, call: call, by: escrow.Nobody, trade: &Trade{ID: id, Contract: escrow.Address(contract.String()), Terms: terms}}
	if o.u, err = s.unit(ctx, terms.Asset, inTrade); err != nil {
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

// termsOf are the terms that a call carries.
func termsOf(call escrow.Call) (escrow.Terms, bool) {
	switch c := call.(type) {
	case escrow.CallOpen:
		return c.Terms, true
	case escrow.CallAccept:
		return c.Terms, true
	case escrow.CallFund:
		return c.Terms, true
	case escrow.CallCancel:
		return c.Terms, true
	case escrow.CallDeliver:
		return c.Terms, true
	case escrow.CallRelease:
		return c.Terms, true
	case escrow.CallRefund:
		return c.Terms, true
	case escrow.CallSettle:
		return c.Terms, true
	case escrow.CallDispute:
		return c.Terms, true
	case escrow.CallOffer:
		return c.Terms, true
	case escrow.CallAcceptOffer:
		return c.Terms, true
	case escrow.CallEvidence:
		return c.Terms, true
	case escrow.CallRule:
		return c.Terms, true
	case escrow.CallAppeal:
		return c.Terms, true
	case escrow.CallClaim:
		return c.Terms, true
	}
	return escrow.Terms{}, false
}
