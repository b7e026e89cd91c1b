package stellar

import (
	"fmt"
	"reflect"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// An Event is one of the contract's, with what its topics say it is about: a trade, an asset, or the platform (neither).
type Event struct {
	Trade *escrow.ID
	Asset *escrow.Address
	escrow.Event
}

// DecodeEvent reads an event of the contract as a ledger holds it. It refuses one of another contract (ErrOtherContract), an unknown
// name (binding.ErrUnknownEvent) and, naming the field (*FieldError), whatever the contract would not have written.
func DecodeEvent(contract Address, e xdr.ContractEvent) (Event, error) {
	if e.Type != xdr.ContractEventTypeContract || e.ContractId == nil || !contract.Contract || *e.ContractId != xdr.ContractId(contract.Key) {
		return Event{}, fmt.Errorf("event: %w", ErrOtherContract)
	}
	if e.Body.V0 == nil {
		return Event{}, fmt.Errorf("event: a body of version %d", e.Body.V)
	}
	return DecodeEventParts(e.Body.V0.Topics, e.Body.V0.Data)
}

// DecodeEventParts is DecodeEvent for an event whose contract is known: from the node's getEvents.
func DecodeEventParts(topics []xdr.ScVal, data xdr.ScVal) (Event, error) {
	wire, err := binding.DecodeEvent(topics, data)
	if err != nil {
		return Event{}, err
	}
	into, ok := ruleEvents[wire.Name()]
	if !ok {
		return Event{}, fmt.Errorf("event %q: %w", wire.Name(), binding.ErrUnknownEvent)
	}
	from, event := reflect.ValueOf(wire).Elem(), reflect.New(into).Elem()
	if err := assign(event, from); err != nil {
		return Event{}, fmt.Errorf("event %s: %w", wire.Name(), err)
	}
	out := Event{Event: event.Interface().(escrow.Event)}
	if topic := from.FieldByName("Trade"); topic.IsValid() {
		id := escrow.ID(topic.Interface().([32]byte))
		out.Trade = &id
	} else if topic := from.FieldByName("Asset"); topic.IsValid() {
		asset := escrow.Address(topic.Interface().(binding.Address).String())
		out.Asset = &asset
	}
	return out, nil
}

// EncodeEvent is the event as the contract publishes it. It refuses (*FieldError) what DecodeEvent cannot have read.
func EncodeEvent(contract Address, e Event) (xdr.ContractEvent, error) {
	wire := binding.NewEvent(e.EventName())
	if wire == nil {
		return xdr.ContractEvent{}, fmt.Errorf("event %q: %w", e.EventName(), binding.ErrUnknownEvent)
	}
	to := reflect.ValueOf(wire).Elem()
	if err := assign(to, reflect.ValueOf(e.Event)); err != nil {
		return xdr.ContractEvent{}, fmt.Errorf("event %s: %w", e.EventName(), err)
	}
	trade, asset := to.FieldByName("Trade"), to.FieldByName("Asset")
	if trade.IsValid() != (e.Trade != nil) || asset.IsValid() != (e.Asset != nil) {
		return xdr.ContractEvent{}, fmt.Errorf("event %s: it is not about what it names", e.EventName())
	}
	if trade.IsValid() {
		trade.Set(reflect.ValueOf([32]byte(*e.Trade)))
	}
	if asset.IsValid() {
		if err := assign(asset, reflect.ValueOf(*e.Asset)); err != nil {
			return xdr.ContractEvent{}, fmt.Errorf("event %s: %w", e.EventName(), inside("asset", err))
		}
	}
	topics, data := wire.Encode()
	id := xdr.ContractId(contract.Key)
	return xdr.ContractEvent{
		Type: xdr.ContractEventTypeContract, ContractId: &id,
		Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Topics: topics, Data: data}},
	}, nil
}

var ruleEvents = byName[escrow.Event](escrow.Event.EventName,
	escrow.Opened{}, escrow.Accepted{}, escrow.Funded{}, escrow.Cancelled{}, escrow.Delivered{}, escrow.Released{}, escrow.Refunded{},
	escrow.Disputed{}, escrow.Offered{}, escrow.Split{}, escrow.Evidence{}, escrow.Voted{}, escrow.Ruled{}, escrow.Appealed{},
	escrow.Settled{}, escrow.Silent{}, escrow.Costs{}, escrow.Ended{}, escrow.Parked{}, escrow.Claimed{}, escrow.Collected{},
	escrow.FeeProposed{}, escrow.FeeCancelled{}, escrow.Paused{}, escrow.AdminProposed{}, escrow.AdminChanged{}, escrow.AnchorSet{},
	escrow.Anchored{})
