package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Events are the contracts' events in the order of the chain, with the ids that Stellar RPC gives them (stellar-rpc:
// cmd/stellar-rpc/internal/db/event.go): the transaction counts from 1 and the operation from 0, events from 0 in their operation. Those that
// are of no operation come where they happened: before all transactions (transaction 0), after one (the highest operation), after all (the
// highest transaction), and count by themselves.
//
// An operation of a failed transaction has no events; taking its fee has, and they are here. Events that the hashes of a ledger do not cover
// (see Verify) are those of payments and fees: it is an error (rpc.ErrAnswer) if one of another contract than the asset's is among them.
func (m *Meta) Events(network stellar.Network, contracts map[xdr.ContractId]bool) ([]rpc.Event, error) {
	r := eventReader{ledger: rpc.Ledger{Sequence: m.Sequence, CloseTime: m.CloseTime}, network: network, contracts: contracts}
	for i, t := range m.results {
		var err error
		if broken := xdr.TryVoid(func() { err = r.read(t, uint32(i+1)) }); broken != nil {
			err = broken
		}
		if err != nil {
			return nil, fmt.Errorf("ledger %d: transaction %x: %w: %w", m.Sequence, t.hash, rpc.ErrAnswer, err)
		}
	}
	return append(append(r.before, r.during...), r.after...), nil
}

// eventReader goes through a ledger's transactions.
type eventReader struct {
	ledger                rpc.Ledger
	network               stellar.Network
	contracts             map[xdr.ContractId]bool
	before, during, after []rpc.Event
	beforeAll, afterAll   uint32 // how many there were of all contracts
}

func (r *eventReader) read(t transaction, index uint32) error {
	if t.ok && t.called != nil {
		// A transaction that calls contracts has one operation.
		if err := r.events(t.called, t, protocol.Cursor{Tx: index}); err != nil {
			return err
		}
	}
	if t.ok && t.ops != nil {
		at := protocol.Cursor{Tx: index}
		err := each(t.ops, func(rest []byte) (int, error) {
			if at.Op == toid.OperationMask {
				return 0, fmt.Errorf("more than %d operations", at.Op)
			}
			f := must(xdr.OperationMetaV2View(rest).Fields())
			found := len(r.during)
			err := r.events(f.Events, t, at)
			if err == nil && len(r.during) > found {
				err = r.ofCall(t, r.during[found:])
			}
			at.Op++
			return len(f.View), err
		})
		if err != nil {
			return err
		}
	}
	if t.staged != nil {
		return r.transaction(t, index)
	}
	return nil
}

// events reads those of an operation.
func (r *eventReader) events(array []byte, t transaction, at protocol.Cursor) error {
	return each(array, func(rest []byte) (int, error) {
		f := must(xdr.ContractEventView(rest).Fields())
		err := r.add(&r.during, t, at, f)
		at.Event++
		return len(f.View), err
	})
}

// transaction reads the events that are of no operation.
func (r *eventReader) transaction(t transaction, index uint32) error {
	afterOne := uint32(0)
	return each(t.staged, func(rest []byte) (int, error) {
		f := must(xdr.TransactionEventView(rest).Fields())
		var into *[]rpc.Event
		var at protocol.Cursor
		switch stage := f.Stage.MustValue(); stage {
		case xdr.TransactionEventStageTransactionEventStageBeforeAllTxs:
			into, at = &r.before, protocol.Cursor{Event: r.beforeAll}
			r.beforeAll++
		case xdr.TransactionEventStageTransactionEventStageAfterTx:
			into, at = &r.during, protocol.Cursor{Tx: index, Op: toid.OperationMask, Event: afterOne}
			afterOne++
		case xdr.TransactionEventStageTransactionEventStageAfterAllTxs:
			into, at = &r.after, protocol.Cursor{Tx: toid.TransactionMask, Event: r.afterAll}
			r.afterAll++
		default:
			return 0, fmt.Errorf("an event of stage %d: %w", stage, errNoEvent)
		}
		found := len(*into)
		err := r.add(into, t, at, must(f.Event.Fields()))
		if err == nil && len(*into) > found {
			// Fees are paid in lumens.
			err = r.ofContract((*into)[found], xdr.MustNewNativeAsset())
		}
		return len(f.View), err
	})
}

// ofCall refuses the events of an operation that is no contract call, unless they are of the contract of the asset that they name at last
// (CAP-67).
func (r *eventReader) ofCall(t transaction, events []rpc.Event) error {
	if _, called, err := t.call(); called || err != nil {
		return err
	}
	for _, e := range events {
		topics := e.Event.Body.V0.Topics
		if len(topics) == 0 {
			return fmt.Errorf("event %s of %s is outside of a contract call and names no asset: %w", e.ID, e.Contract, errNoEvent)
		}
		name, _ := topics[len(topics)-1].GetStr()
		asset := xdr.MustNewNativeAsset()
		if code, issuer, ok := strings.Cut(string(name), ":"); ok {
			var err error
			if asset, err = xdr.NewCreditAsset(code, issuer); err != nil {
				return fmt.Errorf("event %s of %s: asset %.60q: %w: %w", e.ID, e.Contract, name, errNoEvent, err)
			}
		}
		if err := r.ofContract(e, asset); err != nil {
			return err
		}
	}
	return nil
}

func (r *eventReader) ofContract(e rpc.Event, asset xdr.Asset) error {
	id, err := asset.ContractID(r.network.Passphrase())
	if err != nil {
		return fmt.Errorf("event %s of %s: %w", e.ID, e.Contract, err)
	}
	if e.Contract.Key != id {
		return fmt.Errorf("event %s of %s is outside of a contract call and not of the contract of %s: %w", e.ID, e.Contract, asset.StringCanonical(), errNoEvent)
	}
	return nil
}

// add keeps an event if it is of one of the contracts.
func (r *eventReader) add(to *[]rpc.Event, t transaction, at protocol.Cursor, f xdr.ContractEventFields) error {
	idView, ok := f.ContractId.MustUnwrap()
	if !ok || f.Type.MustValue() != xdr.ContractEventTypeContract {
		return nil
	}
	id := idView.MustValue()
	if !r.contracts[id] {
		return nil
	}
	at.Ledger = r.ledger.Sequence
	event := rpc.Event{
		ID: at.String(), Ledger: r.ledger, Tx: stellar.Hash(t.hash), TxIndex: at.Tx, OpIndex: at.Op, Contract: stellar.Address{Contract: true, Key: id},
		Raw: slices.Clone(f.View), // which would keep the whole ledger, and those of its file
	}
	if err := xdr.SafeUnmarshal(f.View, &event.Event); err != nil {
		return fmt.Errorf("event %s: %w", event.ID, err)
	}
	*to = append(*to, event)
	return nil
}

// errNoEvent is about events that no ledger holds.
var errNoEvent = errors.New("no contract event")
