package stellar_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// released is an event as a ledger holds it.
func released(t testing.TB) xdr.ContractEvent {
	t.Helper()
	id := escrow.ID{5}
	event, err := stellar.EncodeEvent(contract, stellar.Event{
		Trade: &id, Event: escrow.Released{Milestone: 1, Amount: amount.Int(400), Left: amount.Int(600), Fee: amount.Int(2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestEventsAreReadStrictly(t *testing.T) {
	number := func(n uint32) xdr.ScVal { v := xdr.Uint32(n); return xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &v} }
	name := func(s string) xdr.ScVal {
		v := xdr.ScSymbol(s)
		return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
	}
	for _, c := range []struct {
		what  string
		spoil func(*xdr.ContractEvent)
		kind  error
		says  string
	}{
		{"another contract's", func(e *xdr.ContractEvent) { e.ContractId = &xdr.ContractId{9} }, stellar.ErrOtherContract, ""},
		{"nobody's", func(e *xdr.ContractEvent) { e.ContractId = nil }, stellar.ErrOtherContract, ""},
		{"a diagnostic event of ours", func(e *xdr.ContractEvent) { e.Type = xdr.ContractEventTypeDiagnostic }, stellar.ErrOtherContract, ""},
		{"no topics", func(e *xdr.ContractEvent) { e.Body.V0.Topics = nil }, binding.ErrUnknownEvent, "without topics"},
		{"a name that is no symbol", func(e *xdr.ContractEvent) { e.Body.V0.Topics[0] = number(1) }, binding.ErrUnknownEvent, "is u32, not a symbol"},
		{"a name of tomorrow", func(e *xdr.ContractEvent) { e.Body.V0.Topics[0] = name("melted") }, binding.ErrUnknownEvent, `"melted"`},
		{"no trade", func(e *xdr.ContractEvent) { e.Body.V0.Topics = e.Body.V0.Topics[:1] }, nil, "topics: 0 values, not 1"},
		{"a topic too many", func(e *xdr.ContractEvent) { e.Body.V0.Topics = append(e.Body.V0.Topics, number(1)) }, nil, "topics: 2 values, not 1"},
		{"a trade that is a number", func(e *xdr.ContractEvent) { e.Body.V0.Topics[1] = number(1) }, nil, "trade: is u32, not 32 bytes"},
		{"another event's fields", func(e *xdr.ContractEvent) { e.Body.V0.Topics[0] = name("refunded") }, nil, "event refunded: 5 values, not 4"},
		{"data as a number", func(e *xdr.ContractEvent) { e.Body.V0.Data = number(1) }, nil, "is u32, not a vec"},
		{"a field too few", func(e *xdr.ContractEvent) { **e.Body.V0.Data.Vec = (**e.Body.V0.Data.Vec)[:4] }, nil, "4 values, not 5"},
		{"an amount as u32", func(e *xdr.ContractEvent) { (**e.Body.V0.Data.Vec)[1] = number(400) }, nil, "amount: is u32, not i128"},
		{"a body of tomorrow", func(e *xdr.ContractEvent) { e.Body = xdr.ContractEventBody{V: 1} }, nil, "version 1"},
	} {
		event := released(t)
		c.spoil(&event)
		_, err := stellar.DecodeEvent(contract, event)
		if err == nil || !strings.Contains(err.Error(), c.says) || (c.kind != nil && !errors.Is(err, c.kind)) {
			t.Errorf("%s: %v, want %v with %q", c.what, err, c.kind, c.says)
		}
	}
}

func TestEventsAboutTheWrongThing(t *testing.T) {
	id, asset := escrow.ID{1}, escrow.Address(contract.String())
	for _, e := range []stellar.Event{
		{Event: escrow.Accepted{}},
		{Trade: &id, Event: escrow.Paused{}},
		{Trade: &id, Event: escrow.Collected{To: asset}},
		{Asset: &asset, Event: escrow.Accepted{}},
		{Trade: &id, Event: escrow.Silent{Roles: []escrow.Role{3, 2}}},
		{Trade: &id, Event: escrow.Silent{Roles: []escrow.Role{2, 2}}},
		{Trade: &id, Event: escrow.Silent{Roles: []escrow.Role{32}}},
	} {
		if _, err := stellar.EncodeEvent(contract, e); err == nil {
			t.Errorf("%+v can be encoded", e)
		}
	}
}

// Events come from a node that may lie: what is read is exactly what the contract would have written.
func FuzzEvent(f *testing.F) {
	raw, err := released(f).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(bytes.Replace(raw, []byte("released"), []byte("refunded"), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e xdr.ContractEvent
		if len(raw) > stellar.MaxXDR || xdr.SafeUnmarshal(raw, &e) != nil {
			return
		}
		event, err := stellar.DecodeEvent(contract, e)
		if err != nil {
			return
		}
		again, err := stellar.EncodeEvent(contract, event)
		if err != nil {
			t.Fatalf("a decoded event cannot be encoded: %v", err)
		}
		back, err := again.MarshalBinary()
		if err != nil || !bytes.Equal(raw, back) {
			t.Errorf("%x\nbecame %x, %v", raw, back, err)
		}
	})
}
