package indexer

import (
	"crypto/sha256"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
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

	// What follows from the event alone is worked out while another page is being stored; without it, when it is needed.
	said  feed.Note  // what the feed says of it if it has its effect
	terms *escrow.ID // of the terms that it opens a trade with
}

// facts reads events, and lets go of each as it does. What a contract of ours says and we do not understand is kept as it is; an error is one of the source.
func facts(network stellar.Network, events []rpc.Event) ([]fact, error) {
	out := make([]fact, len(events))
	var contract stellar.Address
	var id string
	for i, e := range events {
		if id == "" || e.Contract != contract { // nearly always the same, so that one text serves for all
			contract, id = e.Contract, e.Contract.String()
		}
		raw, err := normalise(e, id)
		if err != nil {
			return nil, fmt.Errorf("event %.60q: %w: %w", e.ID, rpc.ErrAnswer, err)
		}
		f := fact{raw: raw, contract: e.Contract}
		if f.event, f.unread = stellar.DecodeEvent(e.Contract, e.Event); f.unread == nil && f.event.Trade != nil {
			f.raw.Trade = (*store.Hash)(f.event.Trade)
		}
		f.prepare(network)
		out[i] = f
		events[i].Event, events[i].Raw = xdr.ContractEvent{}, nil // ten times its bytes, and no longer needed
	}
	return out, nil
}

// prepare works out what needs nothing but the event.
func (f *fact) prepare(network stellar.Network) {
	if f.unread != nil {
		return
	}
	if said, err := f.note(nil); err == nil {
		f.said = said
	}
	f.identify(network)
}

// identify works out which trade the event's terms are of, if it opens one.
func (f *fact) identify(network stellar.Network) {
	if _, ok := f.event.Event.(escrow.Opened); !ok {
		return
	}
	if id, err := termsIn(network, f.contract, f.raw.Body); err == nil {
		f.terms = &id
	}
}

// termsIn is the id of the trade with the terms that an opened event carries. It is stellar.TermsID of what was decoded of them, without encoding
// that again: what is decoded differs from what is encoded of it in no byte (package binding).
func termsIn(network stellar.Network, contract stellar.Address, opened xdr.ContractEventView) (escrow.ID, error) {
	terms, err := xdr.Try(func() []byte {
		fields, _ := opened.MustBody().MustV0().MustData().MustVec().MustUnwrap() // by, terms
		return fields.MustAt(1).MustRaw()
	})
	if err != nil {
		return escrow.ID{}, err
	}
	name, passphrase := xdr.ScSymbol("trade1"), network.ID()
	id, void := xdr.ScBytes(passphrase[:]), xdr.ScVal{Type: xdr.ScValTypeScvVoid}
	tuple := &xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &name}, {Type: xdr.ScValTypeScvBytes, Bytes: &id}, contract.ScVal(), void}
	text, err := xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &tuple}.MarshalBinary()
	if err != nil {
		return escrow.ID{}, err
	}
	const voidBytes = 4 // in whose place are the terms
	return sha256.Sum256(append(text[:len(text)-voidBytes], terms...)), nil
}

// termsID is the id of the trade with the terms that the event opens one with.
func (f *fact) termsID(network stellar.Network, opened escrow.Opened) (escrow.ID, error) {
	if f.terms != nil {
		return *f.terms, nil
	}
	return stellar.TermsID(network, f.contract, opened.Terms)
}

// normalise is the event as every source stores it: same id, same bytes. contract is the text of its contract.
func normalise(e rpc.Event, contract string) (store.Event, error) {
	id, err := store.ParseEventID(e.ID)
	if err != nil {
		return store.Event{}, err
	}
	body := e.Raw
	if body == nil {
		if body, err = e.Event.MarshalBinary(); err != nil {
			return store.Event{}, fmt.Errorf("encode: %w", err)
		}
	}
	return store.Event{ID: id, Contract: contract, ClosedAt: e.Ledger.CloseTime, Tx: e.Tx, Kind: kind(e), Body: body}, nil
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
