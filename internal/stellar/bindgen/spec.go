package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/wasmfile"
)

// specSection is the custom section that SEP-48 puts the interface in.
const specSection = "contractspecv0"

// An iface is a contract's interface, sorted by kind and name: the section has them in the order that the compiler happened to choose.
type iface struct {
	functions []xdr.ScSpecFunctionV0
	structs   []xdr.ScSpecUdtStructV0
	errors    []xdr.ScSpecUdtErrorEnumV0
	events    []xdr.ScSpecEventV0
}

// readInterface reads the interface of a contract from its wasm.
func readInterface(wasm []byte) (iface, error) {
	module, err := wasmfile.Parse(wasm)
	if err != nil {
		return iface{}, err
	}
	spec, ok := module.Custom(specSection)
	if !ok {
		return iface{}, fmt.Errorf("no custom section %q: not a Soroban contract, or stripped of its interface", specSection)
	}
	var it iface
	r := bytes.NewReader(spec)
	for r.Len() > 0 {
		at := len(spec) - r.Len()
		var entry xdr.ScSpecEntry
		if _, err := xdr.Unmarshal(r, &entry); err != nil {
			return iface{}, fmt.Errorf("section %s, byte %d: %w", specSection, at, err)
		}
		switch entry.Kind {
		case xdr.ScSpecEntryKindScSpecEntryFunctionV0:
			it.functions = append(it.functions, *entry.FunctionV0)
		case xdr.ScSpecEntryKindScSpecEntryUdtStructV0:
			it.structs = append(it.structs, *entry.UdtStructV0)
		case xdr.ScSpecEntryKindScSpecEntryUdtErrorEnumV0:
			it.errors = append(it.errors, *entry.UdtErrorEnumV0)
		case xdr.ScSpecEntryKindScSpecEntryEventV0:
			it.events = append(it.events, *entry.EventV0)
		default:
			return iface{}, fmt.Errorf("section %s, byte %d: an entry of kind %s, which bindgen does not know", specSection, at, entry.Kind)
		}
	}
	slices.SortFunc(it.functions, func(a, b xdr.ScSpecFunctionV0) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(it.structs, func(a, b xdr.ScSpecUdtStructV0) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(it.errors, func(a, b xdr.ScSpecUdtErrorEnumV0) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(it.events, func(a, b xdr.ScSpecEventV0) int { return cmp.Compare(a.Name, b.Name) })
	if len(it.functions) == 0 {
		return iface{}, fmt.Errorf("section %s names no function", specSection)
	}
	return it, nil
}

// spec is the interface as SEP-48 has it in a wasm: one entry after the other. It is for clients that read the interface of one contract, where
// ours stands in two.
func (it iface) spec() ([]byte, error) {
	var entries []xdr.ScSpecEntry
	for i := range it.functions {
		entries = append(entries, xdr.ScSpecEntry{Kind: xdr.ScSpecEntryKindScSpecEntryFunctionV0, FunctionV0: &it.functions[i]})
	}
	for i := range it.structs {
		entries = append(entries, xdr.ScSpecEntry{Kind: xdr.ScSpecEntryKindScSpecEntryUdtStructV0, UdtStructV0: &it.structs[i]})
	}
	for i := range it.errors {
		entries = append(entries, xdr.ScSpecEntry{Kind: xdr.ScSpecEntryKindScSpecEntryUdtErrorEnumV0, UdtErrorEnumV0: &it.errors[i]})
	}
	for i := range it.events {
		entries = append(entries, xdr.ScSpecEntry{Kind: xdr.ScSpecEntryKindScSpecEntryEventV0, EventV0: &it.events[i]})
	}
	var out bytes.Buffer
	for _, e := range entries {
		if _, err := xdr.Marshal(&out, e); err != nil {
			return nil, fmt.Errorf("write the interface: %w", err)
		}
	}
	return out.Bytes(), nil
}
