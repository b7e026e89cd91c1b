package rpc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

var followed = stellar.Address{Contract: true, Key: [32]byte{7}}

// endOf is the cursor after everything of a ledger.
func endOf(ledger int64) string {
	return fmt.Sprintf("%019d-%010d", ledger<<32|math.MaxUint32, uint32(math.MaxUint32))
}

func TestEventPages(t *testing.T) {
	number := xdr.Uint32(5)
	value, err := stellar.Encode(xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &number})
	if err != nil {
		t.Fatal(err)
	}
	event := map[string]any{
		"type": "contract", "ledger": 8, "ledgerClosedAt": "2026-01-01T00:00:05Z", "contractId": followed.String(),
		"id": "0000000034359742464-0000000000", "operationIndex": 0, "transactionIndex": 1, "txHash": strings.Repeat("ab", 32),
		"topic": []string{value}, "value": value,
	}
	var asked []string
	page := func(params json.RawMessage) any {
		asked = append(asked, string(params))
		var q struct {
			StartLedger uint32
			Pagination  struct{ Cursor string }
		}
		if err := json.Unmarshal(params, &q); err != nil {
			return refusal{-32602, err.Error()}
		}
		// As the real node: the number of the ledger decides, however far into it a cursor is.
		if q.StartLedger == 5 || q.StartLedger == 4 || q.StartLedger == 12 || q.Pagination.Cursor == endOf(5) || q.Pagination.Cursor == endOf(4) {
			return refusal{-32600, "startLedger must be within the ledger range: 6 - 9"}
		}
		return map[string]any{
			"events": []any{event}, "cursor": endOf(9), "latestLedger": 9, "oldestLedger": 6,
			"latestLedgerCloseTime": "1009", "oldestLedgerCloseTime": "1006",
		}
	}
	c := client(t, &node{answers: map[string]func(json.RawMessage) any{"getEvents": page, "getHealth": health(6, 9)}}, nil)
	kept := rpc.Range{Oldest: rpc.Ledger{Sequence: 6, CloseTime: 1006}, Latest: rpc.Ledger{Sequence: 9, CloseTime: 1009}}
	contracts := []stellar.Address{followed}

	for name, from := range map[string]rpc.From{
		"from a ledger": {Ledger: 6}, "from a cursor": {Cursor: endOf(7)}, "from the end of the ledger before the oldest": {Cursor: endOf(5)},
	} {
		p, err := c.Events(t.Context(), from, contracts, 100)
		if err != nil || len(p.Events) != 1 || p.Cursor != endOf(9) || p.Kept != kept {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		e := p.Events[0]
		if e.ID != event["id"] || e.Ledger != (rpc.Ledger{Sequence: 8, CloseTime: 1_767_225_605}) || e.Contract != followed || e.TxIndex != 1 ||
			e.Tx.String() != event["txHash"] || len(e.Event.Body.V0.Topics) != 1 || *e.Event.Body.V0.Data.U32 != 5 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for name, from := range map[string]rpc.From{"a ledger": {Ledger: 4}, "a ledger just gone": {Ledger: 5}, "a cursor": {Cursor: endOf(4)}} {
		var gap *rpc.GapError
		if p, err := c.Events(t.Context(), from, contracts, 100); !errors.As(err, &gap) || gap.Kept != kept || gap.Asked > 5 {
			t.Errorf("%s that is no longer kept: %+v, %v", name, p, err)
		}
	}
	if p, err := c.Events(t.Context(), rpc.From{Ledger: 12}, contracts, 100); err != nil || len(p.Events) != 0 || p.Cursor != "" || p.Kept != kept {
		t.Errorf("the future: %+v, %v", p, err)
	}

	// Twenty-five contracts are five filters of five; one more is refused here, as the node would.
	many := make([]stellar.Address, rpc.MaxContracts)
	for i := range many {
		many[i] = stellar.Address{Contract: true, Key: [32]byte{byte(i)}}
	}
	if _, err := c.Events(t.Context(), rpc.From{Ledger: 6}, many, 1); err != nil {
		t.Error(err)
	}
	if last := asked[len(asked)-1]; strings.Count(last, `"contractIds"`) != 5 || strings.Count(last, `"C`) != 25 || strings.Count(last, `"type":"contract"`) != 5 {
		t.Errorf("asked %s", last)
	}
	before := len(asked)
	for name, ask := range map[string]func() (rpc.EventPage, error){
		"too many contracts": func() (rpc.EventPage, error) {
			return c.Events(t.Context(), rpc.From{Ledger: 6}, append(many, followed), 1)
		},
		"no contract":      func() (rpc.EventPage, error) { return c.Events(t.Context(), rpc.From{Ledger: 6}, nil, 1) },
		"pages of nothing": func() (rpc.EventPage, error) { return c.Events(t.Context(), rpc.From{Ledger: 6}, contracts, 0) },
		"no cursor": func() (rpc.EventPage, error) {
			return c.Events(t.Context(), rpc.From{Cursor: "tomorrow"}, contracts, 1)
		},
	} {
		if p, err := ask(); !errors.Is(err, rpc.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if len(asked) != before {
		t.Error("the node was asked what it cannot answer")
	}
}
