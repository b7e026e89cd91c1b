package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"
)

const (
	committed = "../../../contract/wasm/stellar_escrow.wasm"
	rulebook  = "../../../contract/wasm/stellar_escrow_rulebook.wasm"
	generated = "../binding/contract_gen.go"
)

func contracts(t *testing.T) iface {
	t.Helper()
	it, err := readBoth(committed, rulebook)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// generateOf is what generate makes of a wasm that stands alone.
func generateOf(wasm []byte) ([]byte, error) {
	it, err := readInterface(wasm)
	if err != nil {
		return nil, err
	}
	return generate(it, "x")
}

// The bindings in the tree must be those of the contract in the tree.
func TestBindingsAreFresh(t *testing.T) {
	want, err := generate(contracts(t), "binding")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: the contract's interface has changed since; run go generate ./internal/stellar/binding\n%s",
			generated, cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")))
	}
}

// So must the interface be that stands beside the two contracts, whole.
func TestTheInterfaceIsFresh(t *testing.T) {
	want, err := contracts(t).spec()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../contract/wasm/interface.xdr")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("contract/wasm/interface.xdr is stale: run go generate ./internal/stellar/binding")
	}
}

// The page that people read and the interface in the wasm must say the same.
func TestPageAndWasmAgree(t *testing.T) {
	if diff := cmp.Diff(lines(documented(t)), lines(contracts(t))); diff != "" {
		t.Errorf("docs/contract.md (-) and the contract's interface (+) differ:\n%s", diff)
	}
}

// lines is an interface as sorted lines of text, without the prose.
func lines(it iface) []string {
	var out []string
	for _, s := range it.structs {
		for _, f := range s.Fields {
			out = append(out, fmt.Sprintf("struct %s: %s %s", s.Name, f.Name, typeName(f.Type)))
		}
	}
	for _, f := range it.functions {
		var inputs []string
		for _, in := range f.Inputs {
			inputs = append(inputs, in.Name+": "+typeName(in.Type))
		}
		result := "nothing"
		if len(f.Outputs) > 0 {
			out := f.Outputs[0]
			if out.Result != nil { // every function can fail; the page has a table of how
				out = out.Result.OkType
			}
			if name := typeName(out); name != "()" && out.Type != xdr.ScSpecTypeScSpecTypeVoid {
				result = name
			}
		}
		out = append(out, fmt.Sprintf("function %s(%s): %s", f.Name, strings.Join(inputs, ", "), result))
	}
	for _, e := range it.errors {
		for _, c := range e.Cases {
			out = append(out, fmt.Sprintf("error %d %s", c.Value, c.Name))
		}
	}
	for _, e := range it.events {
		line := fmt.Sprintf("event %s:", e.PrefixTopics[0])
		for _, p := range e.Params {
			line += fmt.Sprintf(" %s %s", p.Name, typeName(p.Type))
			if p.Location == xdr.ScSpecEventParamLocationV0ScSpecEventParamLocationTopicList {
				line += " (topic)"
			}
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// module wraps entries into a wasm that has nothing else.
func module(t *testing.T, sections ...[]xdr.ScSpecEntry) []byte {
	t.Helper()
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, entries := range sections {
		var spec bytes.Buffer
		for _, e := range entries {
			if _, err := xdr.Marshal(&spec, e); err != nil {
				t.Fatal(err)
			}
		}
		body := append(append([]byte{byte(len(specSection))}, specSection...), spec.Bytes()...)
		out = append(binary.AppendUvarint(append(out, 0), uint64(len(body))), body...)
	}
	return out
}

func function(name string, in xdr.ScSpecTypeDef) xdr.ScSpecEntry {
	return xdr.ScSpecEntry{Kind: xdr.ScSpecEntryKindScSpecEntryFunctionV0, FunctionV0: &xdr.ScSpecFunctionV0{
		Name: xdr.ScSymbol(name), Inputs: []xdr.ScSpecFunctionInputV0{{Name: "x", Type: in}},
	}}
}

var u32 = xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeU32}

func TestSectionsOfOneNameAreJoined(t *testing.T) {
	source, err := generateOf(module(t, []xdr.ScSpecEntry{function("b", u32)}, []xdr.ScSpecEntry{function("a", u32)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"type ACall struct", "type BCall struct", "DO NOT EDIT"} {
		if !strings.Contains(string(source), want) {
			t.Errorf("%q is not in what was generated:\n%s", want, source)
		}
	}
}

func TestRefusals(t *testing.T) {
	bytes16 := xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeBytesN, BytesN: &xdr.ScSpecTypeBytesN{N: 16}}
	stranger := xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeUdt, Udt: &xdr.ScSpecTypeUdt{Name: "Elsewhere"}}
	triple := xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeTuple, Tuple: &xdr.ScSpecTypeTuple{ValueTypes: []xdr.ScSpecTypeDef{u32, u32, u32}}}
	whole := module(t, []xdr.ScSpecEntry{function("f", u32)})
	for _, c := range []struct {
		name string
		wasm []byte
		says string
	}{
		{"no wasm", []byte("#!/bin/sh"), "not a WebAssembly module"},
		{"empty", nil, "not a WebAssembly module"},
		{"without an interface", []byte("\x00asm\x01\x00\x00\x00"), "no custom section"},
		{"an empty interface", module(t, nil), "names no function"},
		{"cut short in a section", whole[:len(whole)-3], "it ends too early"},
		{"garbage behind", append(slices.Clone(whole), 0xff), "it ends too early"},
		{"an unknown type", module(t, []xdr.ScSpecEntry{function("f", xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeTimepoint})}), "f(x): a type"},
		{"bytes of another length", module(t, []xdr.ScSpecEntry{function("f", bytes16)}), "f(x): a type"},
		{"a tuple of three", module(t, []xdr.ScSpecEntry{function("f", triple)}), "f(x): a type"},
		{"a struct that is not there", module(t, []xdr.ScSpecEntry{function("f", stranger)}), "f(x): a type"},
		{"an enum of numbers", module(t, []xdr.ScSpecEntry{{
			Kind: xdr.ScSpecEntryKindScSpecEntryUdtEnumV0, UdtEnumV0: &xdr.ScSpecUdtEnumV0{Name: "E"},
		}}), "does not know"},
		{"an event as a map", module(t, []xdr.ScSpecEntry{function("f", u32), {
			Kind: xdr.ScSpecEntryKindScSpecEntryEventV0,
			EventV0: &xdr.ScSpecEventV0{
				Name: "E", PrefixTopics: []xdr.ScSymbol{"e"}, DataFormat: xdr.ScSpecEventDataFormatScSpecEventDataFormatMap,
			},
		}}), "event E"},
	} {
		if _, err := generateOf(c.wasm); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.says)
		}
	}
}

func TestGoNames(t *testing.T) {
	for name, want := range map[string]string{"terms_hash": "TermsHash", "id": "ID", "__constructor": "Constructor", "accept_offer": "AcceptOffer"} {
		if got := exported(name); got != want {
			t.Errorf("%s becomes %s, not %s", name, got, want)
		}
	}
}

// What the escrow hands on unread has the rulebook's name for it, or none is found.
func TestJoin(t *testing.T) {
	val := xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeVal}
	of := func(name string, in, out xdr.ScSpecTypeDef) iface {
		f := *function(name, in).FunctionV0
		f.Outputs = []xdr.ScSpecTypeDef{out}
		return iface{functions: []xdr.ScSpecFunctionV0{f}}
	}
	option := xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeOption, Option: &xdr.ScSpecTypeOption{ValueType: val}}
	it, err := join(of("f", val, option), of("f", u32, u32))
	if err != nil {
		t.Fatal(err)
	}
	if f := it.functions[0]; f.Inputs[0].Type != u32 || f.Outputs[0].Option.ValueType != u32 || option.Option.ValueType != val {
		t.Errorf("joined: %+v", f)
	}
	for _, c := range []struct {
		name             string
		escrow, rulebook iface
		says             string
	}{
		{"an argument of another function", of("f", val, u32), of("g", u32, u32), "f(x): a Val"},
		{"an answer of another function", of("f", u32, val), of("g", u32, u32), "f answers a Val"},
		{"a struct of its own", iface{structs: []xdr.ScSpecUdtStructV0{{Name: "S"}}}, iface{}, "struct S"},
		{"an event in both", iface{events: []xdr.ScSpecEventV0{{Name: "E"}}}, iface{}, "events and errors stand in the escrow's interface"},
	} {
		if _, err := join(c.escrow, c.rulebook); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.says)
		}
	}
}

// A wasm comes from outside: whatever it holds, the answer is a file or an error.
func FuzzGenerate(f *testing.F) {
	wasm, err := os.ReadFile(committed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wasm)
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x00\x05\x0econtractspecv0"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		source, err := generateOf(wasm)
		if (err == nil) == (len(source) == 0) {
			t.Errorf("%d bytes of source and error %v", len(source), err)
		}
	})
}
