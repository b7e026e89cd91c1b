package main

import (
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// join is the interface of the escrow together with what the rulebook's wasm says of it. Each byte of the escrow's is paid for in every call, so
// what its callers are told beside the functions stands in the other: its events, its errors by name, and the types of what the escrow hands on
// without reading it, which is `Val` in its own.
func join(escrow, rulebook iface) (iface, error) {
	if len(escrow.events) > 0 || len(escrow.errors) > 0 {
		return iface{}, fmt.Errorf("events and errors stand in the escrow's interface, where each call pays for them, and not in the rulebook's alone")
	}
	out := iface{functions: slices.Clone(escrow.functions), structs: rulebook.structs, errors: rulebook.errors, events: rulebook.events}
	for _, s := range escrow.structs {
		there := slices.ContainsFunc(rulebook.structs, func(r xdr.ScSpecUdtStructV0) bool { return r.Name == s.Name })
		if !there {
			return iface{}, fmt.Errorf("struct %s of the escrow is none of the rulebook", s.Name)
		}
	}
	for i, f := range out.functions {
		read, ok := rulebook.function(string(f.Name))
		var err error
		out.functions[i].Inputs = slices.Clone(f.Inputs)
		for j, in := range f.Inputs {
			if in.Type.Type != xdr.ScSpecTypeScSpecTypeVal {
				continue
			}
			k := slices.IndexFunc(read.Inputs, func(r xdr.ScSpecFunctionInputV0) bool { return r.Name == in.Name })
			if !ok || k < 0 {
				err = fmt.Errorf("%s(%s): a Val, which the rulebook does not name", f.Name, in.Name)
				break
			}
			out.functions[i].Inputs[j].Type = read.Inputs[k].Type
		}
		if err == nil && len(f.Outputs) > 0 {
			out.functions[i].Outputs = slices.Clone(f.Outputs)
			err = named(&out.functions[i].Outputs[0], read, string(f.Name))
		}
		if err != nil {
			return iface{}, err
		}
	}
	return out, nil
}

// named replaces a Val, or the Val of an option, by what the rulebook's function answers.
func named(t *xdr.ScSpecTypeDef, read xdr.ScSpecFunctionV0, name string) error {
	if t.Type == xdr.ScSpecTypeScSpecTypeOption {
		inner := *t.Option
		t.Option = &inner
		return named(&inner.ValueType, read, name)
	}
	if t.Type != xdr.ScSpecTypeScSpecTypeVal {
		return nil
	}
	if len(read.Outputs) == 0 {
		return fmt.Errorf("%s answers a Val, which the rulebook does not name", name)
	}
	*t = read.Outputs[0]
	if t.Result != nil {
		*t = t.Result.OkType
	}
	return nil
}

// function is the one of that name; of the constructor the one that is asked for it.
func (it iface) function(name string) (xdr.ScSpecFunctionV0, bool) {
	if name == "__constructor" {
		name = "construct"
	}
	for _, f := range it.functions {
		if string(f.Name) == name {
			return f, true
		}
	}
	return xdr.ScSpecFunctionV0{}, false
}
