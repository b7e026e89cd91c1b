package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/toid"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// MaxContracts is how many contracts one Events call can follow: five filters of five.
const MaxContracts = protocol.MaxFiltersLimit * protocol.MaxContractIDsLimit

// MaxEvents is the most that one page of events holds.
const MaxEvents = 10_000

// Event is a contract event and its place on the chain.
type Event struct {
	ID       string // 19 digits of ledger, transaction and operation, a dash, 10 digits of the event in the operation
	Ledger   Ledger
	Tx       stellar.Hash
	TxIndex  uint32 // in its ledger, from 1
	OpIndex  uint32 // in its transaction, from 0
	Contract stellar.Address
	Event    xdr.ContractEvent
	Raw      []byte // Event in XDR as it stands in the ledger's meta; nil where it does not come from one
}

// From is where to read on: after a cursor that an earlier page gave, or, with an empty one, from the beginning of a ledger.
type From struct {
	Cursor string
	Ledger uint32
}

// EventPage is a part of the events, in the order of the chain.
type EventPage struct {
	Events []Event
	// Cursor is where the next page begins. It moves on even when the page is empty. It is empty only if the start lies in the future.
	Cursor string
	Kept   Range
}

// GapError is returned when the events or ledgers asked for are older than all that the node keeps. What lies between is not to be had
// here; skipping it silently would lose it.
type GapError struct {
	Asked uint32 // the ledger to begin with
	Kept  Range
}

func (e *GapError) Error() string {
	return fmt.Sprintf("ledger %d is older than all that the node keeps (%d to %d)", e.Asked, e.Kept.Oldest.Sequence, e.Kept.Latest.Sequence)
}

// Events asks for at most limit events of the contracts, in successful transactions only. A start that the node no longer keeps is a
// *GapError; one after the latest ledger gives an empty page.
func (c *Client) Events(ctx context.Context, from From, contracts []stellar.Address, limit uint) (EventPage, error) {
	if len(contracts) == 0 || len(contracts) > MaxContracts || limit == 0 || limit > MaxEvents {
		return EventPage{}, fmt.Errorf("events of %d contracts, %d a page: not 1 to %d, 1 to %d: %w", len(contracts), limit, MaxContracts, MaxEvents, ErrRefused)
	}
	request := protocol.GetEventsRequest{Pagination: &protocol.PaginationOptions{Limit: limit}}
	asked, whole := from.Ledger, false // whole: the cursor is after all of the ledger before
	if from.Cursor == "" {
		request.StartLedger = from.Ledger
	} else {
		cursor, err := protocol.ParseCursor(from.Cursor)
		if err != nil {
			return EventPage{}, fmt.Errorf("event cursor %.60q: %w: %w", from.Cursor, ErrRefused, err)
		}
		request.Pagination.Cursor, asked = &cursor, cursor.Ledger
		if whole = atEnd(cursor); whole {
			asked++
		}
	}
	page, err := c.events(ctx, request, asked, contracts)
	if page.Cursor == "" {
		page.Cursor = from.Cursor
	}
	if whole && asked == page.Kept.Oldest.Sequence && (errors.Is(err, ErrRefused) || err == nil && len(page.Events) == 0) {
		// Nothing is missing: the cursor is at the very end of the ledger before the oldest one. The node looks at its number only, and refuses,
		// or answers as some do to a cursor that has expired: with an empty page, though it has events after the cursor.
		return c.Events(ctx, From{Ledger: asked}, contracts, limit)
	}
	return page, err
}

// atEnd tells a cursor after the last event that its ledger can have.
func atEnd(c protocol.Cursor) bool {
	return c.Tx == toid.TransactionMask && c.Op == toid.OperationMask && c.Event == math.MaxUint32
}

func (c *Client) events(ctx context.Context, request protocol.GetEventsRequest, asked uint32, contracts []stellar.Address) (EventPage, error) {
	for len(contracts) > 0 {
		n := min(len(contracts), protocol.MaxContractIDsLimit)
		filter := protocol.EventFilter{EventType: protocol.EventTypeSet{protocol.EventTypeContract: nil}}
		for _, a := range contracts[:n] {
			filter.ContractIDs = append(filter.ContractIDs, a.String())
		}
		request.Filters, contracts = append(request.Filters, filter), contracts[n:]
	}
	answer, err := call(ctx, c, protocol.GetEventsMethodName,
		func(ctx context.Context, r *rpcclient.Client) (protocol.GetEventsResponse, error) {
			return r.GetEvents(ctx, request)
		})
	if err != nil {
		kept, none, err := c.outside(ctx, asked, err)
		if none {
			return EventPage{Kept: kept}, nil
		}
		return EventPage{Kept: kept}, err
	}
	page := EventPage{Cursor: answer.Cursor, Kept: Range{
		Ledger{answer.OldestLedger, seconds(answer.OldestLedgerCloseTime)}, Ledger{answer.LatestLedger, seconds(answer.LatestLedgerCloseTime)},
	}}
	for _, e := range answer.Events {
		event, err := readEvent(e)
		if err != nil {
			return EventPage{}, fmt.Errorf("%s: event %.60q: %w: %w", protocol.GetEventsMethodName, e.ID, ErrAnswer, err)
		}
		page.Events = append(page.Events, event)
	}
	return page, nil
}

// outside finds out whether the node refused a question because its start lies outside of what it keeps. none means: there is nothing
// yet, the start is in the future.
func (c *Client) outside(ctx context.Context, asked uint32, refusal error) (kept Range, none bool, err error) {
	if !errors.Is(refusal, ErrRefused) {
		return Range{}, false, refusal
	}
	kept, err = c.Range(ctx)
	switch {
	case err != nil:
		return kept, false, errors.Join(refusal, err)
	case asked < kept.Oldest.Sequence:
		return kept, false, &GapError{asked, kept}
	case asked >= kept.Latest.Sequence: // the newest one may have closed between the two questions
		return kept, true, nil
	}
	return kept, false, refusal
}

func readEvent(e protocol.EventInfo) (Event, error) {
	tx, err := stellar.ParseHash(e.TransactionHash)
	if err != nil {
		return Event{}, err
	}
	contract, err := stellar.ParseAddress(e.ContractID)
	if err != nil {
		return Event{}, err
	}
	closed, err := time.Parse(time.RFC3339, e.LedgerClosedAt)
	if err != nil {
		return Event{}, err
	}
	id := xdr.ContractId(contract.Key)
	body := &xdr.ContractEventV0{Topics: make([]xdr.ScVal, len(e.TopicXDR))}
	for i, topic := range e.TopicXDR {
		if err := xdr.SafeUnmarshalBase64(topic, &body.Topics[i]); err != nil {
			return Event{}, fmt.Errorf("topic %d: %w", i, err)
		}
	}
	if err := xdr.SafeUnmarshalBase64(e.ValueXDR, &body.Data); err != nil {
		return Event{}, fmt.Errorf("data: %w", err)
	}
	if e.Ledger < 0 {
		return Event{}, fmt.Errorf("ledger %d", e.Ledger)
	}
	return Event{
		ID: e.ID, Ledger: Ledger{uint32(e.Ledger), seconds(closed.Unix())}, Tx: tx, TxIndex: e.TxIndex, OpIndex: e.OpIndex, Contract: contract,
		Event: xdr.ContractEvent{Type: xdr.ContractEventTypeContract, ContractId: &id, Body: xdr.ContractEventBody{V0: body}},
	}, nil
}
