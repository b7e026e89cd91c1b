package binding

import (
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Event is one of the contract's events: a pointer to one of the …Event structs of contract_gen.go.
type Event interface {
	// Name is the event's first topic.
	Name() string
	// Encode is the event as the contract publishes it.
	Encode() (topics xdr.ScVec, data xdr.ScVal)

	fill(topics []xdr.ScVal, data xdr.ScVal) error
}

// ErrUnknownEvent is returned for a first topic that is not in the interface.
var ErrUnknownEvent = errors.New("not an event of the contract")

// DecodeEvent reads an event from its topics and data. It refuses an unknown name (ErrUnknownEvent) and, naming the field (*FieldError),
// anything that is not exactly as the interface says.
func DecodeEvent(topics []xdr.ScVal, data xdr.ScVal) (Event, error) {
	if len(topics) == 0 {
		return nil, fmt.Errorf("an event without topics: %w", ErrUnknownEvent)
	}
	if topics[0].Type != xdr.ScValTypeScvSymbol || topics[0].Sym == nil {
		return nil, fmt.Errorf("first topic: %w: %w", wrongType(topics[0], "a symbol"), ErrUnknownEvent)
	}
	name := string(*topics[0].Sym)
	event := NewEvent(name)
	if event == nil {
		return nil, fmt.Errorf("event %q: %w", name, ErrUnknownEvent)
	}
	if err := event.fill(topics[1:], data); err != nil {
		return nil, fmt.Errorf("event %s: %w", name, err)
	}
	return event, nil
}
