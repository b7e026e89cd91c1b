package indexer

import (
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// fact is an event as it is stored, and what it says.
type fact struct {
	raw      store.Event
	contract stellar.Address
	event    stellar.Event
	unread   error // why it cannot be read; event is then empty
}

// facts reads events. What a contract of ours says and we do not understand is kept as it is; an error is one of the source.
func facts(events []rpc.Event) ([]fact, error) {
	out := make([]fact, len(events))
	for i, e := range events {
		raw, err := normalise(e)
		if err != nil {
			return nil, fmt.Errorf("event %.60q: %w: %w", e.ID, rpc.ErrAnswer, err)
		}
		f := fact{raw: raw, contract: e.Contract}
		if f.event, f.unread = stellar.DecodeEvent(e.Contract, e.Event); f.unread == nil && f.event.Trade != nil {
			f.raw.Trade = (*store.Hash)(f.event.Trade)
		}
		out[i] = f
	}
	return out, nil
}

// normalise is the event as every source stores it: same id, same bytes.
func normalise(e rpc.Event) (store.Event, error) {
	id, err := store.ParseEventID(e.ID)
	if err != nil {
		return store.Event{}, err
	}
	body, err := e.Event.MarshalBinary()
	if err != nil {
		return store.Event{}, fmt.Errorf("encode: %w", err)
	}
	return store.Event{ID: id, Contract: e.Contract.String(), ClosedAt: e.Ledger.CloseTime, Tx: e.Tx, Kind: kind(e), Body: body}, nil
}

// kind is the event's first topic, cut to what a name may have; "?" if it is none.
func kind(e rpc.Event) string {
	const longest = 32 // a symbol's
	if v0 := e.Event.Body.V0; v0 != nil && len(v0.Topics) > 0 {
		if sym, ok := v0.Topics[0].GetSym(); ok && len(sym) > 0 && len(sym) <= longest {
			return string(sym)
		}
	}
	return "?"
}

// Decode is a stored event in the words of the rules, for readers of the store. It fails for an event whose kind this program does not
// know; such an event is Unread.
func Decode(e store.Event) (stellar.Event, error) {
	contract, err := stellar.ParseAddress(e.Contract)
	if err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	var body xdr.ContractEvent
	if err := xdr.SafeUnmarshal(e.Body, &body); err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	event, err := stellar.DecodeEvent(contract, body)
	if err != nil {
		return stellar.Event{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return event, nil
}
