package source

import (
	"errors"
	"fmt"
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
	switch v := t.meta.MustV(); v {
	case 0, 1, 2: // from before there were contracts
		return nil
	case 3:
		soroban, ok := t.meta.MustV3().MustSorobanMeta().MustUnwrap()
		if !ok || !t.ok {
			return nil
		}
		// A transaction that calls contracts has one operation.
		n := uint32(0)
		for e := range soroban.MustEvents().MustIter() {
			if err := r.add(&r.during, t, protocol.Cursor{Tx: index, Event: n}, e); err != nil {
				return err
			}
			n++
		}
		return nil
	case 4:
		f := must(t.meta.MustV4().Fields())
		if t.ok {
			if err := r.operations(t, index, f.Operations); err != nil {
				return err
			}
		}
		return r.transaction(t, index, f.Events)
	default:
		return fmt.Errorf("transaction meta of version %d: this program reads 0 to 4", v)
	}
}

func (r *eventReader) operations(t transaction, index uint32, list xdr.TransactionMetaV4OperationsView) error {
	op := uint32(0)
	for o := range list.MustIter() {
		if op == toid.OperationMask {
			return fmt.Errorf("more than %d operations", op)
		}
		n := uint32(0)
		for e := range must(o.Fields()).Events.MustIter() {
			found := len(r.during)
			if err := r.add(&r.during, t, protocol.Cursor{Tx: index, Op: op, Event: n}, e); err != nil {
				return err
			}
			if len(r.during) > found {
				if err := r.ofCall(t, r.during[found]); err != nil {
					return err
				}
			}
			n++
		}
		op++
	}
	return nil
}

// transaction reads the events that are of no operation.
func (r *eventReader) transaction(t transaction, index uint32, list xdr.TransactionMetaV4EventsView) error {
	afterOne := uint32(0)
	for v := range list.MustIter() {
		f := must(v.Fields())
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
			return fmt.Errorf("an event of stage %d: %w", stage, errNoEvent)
		}
		found := len(*into)
		if err := r.add(into, t, at, f.Event); err != nil {
			return err
		}
		if len(*into) > found {
			// Fees are paid in lumens.
			if err := r.ofContract((*into)[found], xdr.MustNewNativeAsset()); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofCall refuses the event of an operation that is no contract call, unless it is of the contract of the asset that it names at last (CAP-67).
func (r *eventReader) ofCall(t transaction, e rpc.Event) error {
	if _, called, err := t.call(); called || err != nil {
		return err
	}
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
	return r.ofContract(e, asset)
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
func (r *eventReader) add(to *[]rpc.Event, t transaction, at protocol.Cursor, e xdr.ContractEventView) error {
	f := must(e.Fields())
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
	}
	if err := xdr.SafeUnmarshal(f.View, &event.Event); err != nil {
		return fmt.Errorf("event %s: %w", event.ID, err)
	}
	*to = append(*to, event)
	return nil
}

// errNoEvent is about events that no ledger holds.
var errNoEvent = errors.New("no contract event")
