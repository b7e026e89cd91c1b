package lockstep

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// read says of the contract's answer what the model says of its own.
func (w *pair) read(c *vectors.Call, got ending) (answer, error) {
	if got.failure != nil {
		return answer{code: codeOf(got.failure)}, nil
	}
	out := answer{code: vectors.OK}
	var err error
	if out.returns, err = w.returned(c, got.value); err != nil {
		return out, err
	}
	for _, raw := range got.events {
		e, err := stellar.DecodeEvent(w.site.contract, raw)
		if errors.Is(err, stellar.ErrOtherContract) {
			continue // the asset's contract says what it moves, too
		}
		if err != nil {
			return out, err
		}
		if err := w.about(c, e); err != nil {
			return out, err
		}
		out.events = append(out.events, w.event(e.Event))
	}
	return out, nil
}

// codeOf is what a story calls a refusal, and where it has no name for it, what happened.
func codeOf(e *xdr.ScError) string {
	switch {
	case e.Type == xdr.ScErrorTypeSceContract && e.ContractCode != nil:
		return escrow.Code(*e.ContractCode).String()
	case e.Type == xdr.ScErrorTypeSceAuth:
		return vectors.Unauthorized
	case e.Type == xdr.ScErrorTypeSceBudget:
		return exhausted
	case e.Type == xdr.ScErrorTypeSceWasmVm:
		return trapped
	}
	return e.Type.String()
}

func (w *pair) returned(c *vectors.Call, v *xdr.ScVal) (any, error) {
	switch c.Name {
	case "open":
		id, ok := v.GetBytes()
		if !ok || len(id) != 32 {
			return nil, fmt.Errorf("it returned %s, not 32 bytes", v.Type)
		}
		return w.Value(escrow.ID(id)), nil
	case "collect":
		parts, ok := v.GetI128()
		if !ok {
			return nil, fmt.Errorf("it returned %s, not an amount", v.Type)
		}
		return w.Value(amount.FromParts(int64(parts.Hi), uint64(parts.Lo))), nil
	}
	if v.Type != xdr.ScValTypeScvVoid {
		return nil, fmt.Errorf("it returned %s, not nothing", v.Type)
	}
	return nil, nil
}

// about checks an event's topics: the trade of the call, its asset, or nothing.
func (w *pair) about(c *vectors.Call, e stellar.Event) error {
	switch {
	case e.Trade != nil:
		if c.Trade == "" || *e.Trade != w.ids[w.Terms[c.Trade].Salt] {
			return fmt.Errorf("event %s is about trade %s, not %q", e.EventName(), *e.Trade, c.Trade)
		}
	case e.Asset != nil:
		if c.Name != "collect" || *e.Asset != w.Address[c.Args.Asset] {
			return fmt.Errorf("event %s of %s is about asset %s", e.EventName(), c.Name, *e.Asset)
		}
	case c.Trade != "":
		return fmt.Errorf("event %s names no trade", e.EventName())
	}
	return nil
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
