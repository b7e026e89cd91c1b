package lockstep

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// read says of the contract's answer what the model says of its own.
func (w *pair) read(c *vectors.Call, got ending) (answer, error) {
	if got.failure != nil {
		return answer{code: codeOf(got.failure)}, nil
	}
	out := answer{code: vectors.OK}
	var err error
	if out.returns, err = onchain.Returned(w.Names, c, got.value); err != nil {
		return out, err
	}
	// The asset's contract says what it moves, too.
	ours := slices.DeleteFunc(slices.Clone(got.events), func(e xdr.ContractEvent) bool { return e.ContractId == nil || *e.ContractId != w.site.contract.Key })
	out.events, err = onchain.Events(w.Names, w.site.contract, c, ours)
	return out, err
}

// codeOf is what a story calls a refusal, and where it has no name for it, what happened.
func codeOf(e *xdr.ScError) string {
	if code, ok := onchain.Code(*e); ok {
		return code
	}
	switch e.Type {
	case xdr.ScErrorTypeSceBudget:
		return exhausted
	case xdr.ScErrorTypeSceWasmVm:
		return trapped
	}
	return e.Type.String()
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
