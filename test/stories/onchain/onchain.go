// Package onchain reads what the built contract answers in the words of the stories: for the tests that run it, in stories and side by side with the model.
package onchain

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
)

// Code is what a story calls a refusal; false for an error that no story can name.
func Code(e xdr.ScError) (string, bool) {
	switch {
	case e.Type == xdr.ScErrorTypeSceContract && e.ContractCode != nil:
		return escrow.Code(*e.ContractCode).String(), true
	case e.Type == xdr.ScErrorTypeSceAuth:
		return vectors.Unauthorized, true
	}
	return "", false
}

// Returned is what a call returned, in the form that a story compares. It refuses a value of another type than the function's.
func Returned(n *stories.Names, c *vectors.Call, v *xdr.ScVal) (any, error) {
	switch c.Name {
	case "open":
		id, ok := v.GetBytes()
		if !ok || len(id) != 32 {
			return nil, fmt.Errorf("open returned %s, not 32 bytes", v.Type)
		}
		return n.Value(escrow.ID(id)), nil
	case "collect":
		parts, ok := v.GetI128()
		if !ok {
			return nil, fmt.Errorf("collect returned %s, not an amount", v.Type)
		}
		return Int128(parts), nil
	default:
		if v.Type != xdr.ScValTypeScvVoid {
			return nil, fmt.Errorf("%s returned %s, not nothing", c.Name, v.Type)
		}
		return nil, nil
	}
}

// Int128 is the number that stands in two parts.
func Int128(p xdr.Int128Parts) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(int64(p.Hi)), 64)
	return x.Add(x, new(big.Int).SetUint64(uint64(p.Lo)))
}

// Events are the contract's events of a call as a story writes them, once their topics have been found to name the trade of the call, its asset, or nothing.
// It refuses an event of another contract.
func Events(n *stories.Names, contract stellar.Address, c *vectors.Call, list []xdr.ContractEvent) ([][]any, error) {
	var out [][]any
	for _, raw := range list {
		e, err := stellar.DecodeEvent(contract, raw)
		if err != nil {
			return nil, err
		}
		switch {
		case e.Trade != nil:
			if n.Trade[*e.Trade] != c.Trade || c.Trade == "" {
				return nil, fmt.Errorf("event %s is about trade %x, not %q", e.EventName(), *e.Trade, c.Trade)
			}
		case e.Asset != nil:
			if c.Name != "collect" || *e.Asset != n.Address[c.Args.Asset] {
				return nil, fmt.Errorf("event %s of %s is about asset %s", e.EventName(), c.Name, *e.Asset)
			}
		case c.Trade != "":
			return nil, fmt.Errorf("event %s names no trade", e.EventName())
		}
		out = append(out, Event(n, e.Event))
	}
	return out, nil
}

// Event is an event as a story writes it: its name, then its data.
func Event(n *stories.Names, e escrow.Event) []any {
	out := []any{e.EventName()}
	for _, f := range escrow.Fields(e) {
		out = append(out, n.Value(f.Value))
	}
	return out
}

// Variant is a value of a Rust enum: its name, then its fields. The fixture token's modes are such.
func Variant(name string, fields ...xdr.ScVal) xdr.ScVal {
	symbol := xdr.ScSymbol(name)
	list := &xdr.ScVec{}
	*list = slices.Concat([]xdr.ScVal{{Type: xdr.ScValTypeScvSymbol, Sym: &symbol}}, fields)
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &list}
}
