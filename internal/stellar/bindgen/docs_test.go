package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// page is the contract's reference, which people read; its tables are an interface too.
const page = "../../../docs/contract.md"

// documented reads the interface out of the tables and code blocks of docs/contract.md.
func documented(t *testing.T) iface {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var (
		it         iface
		text       = string(raw)
		structLine = regexp.MustCompile(`(?ms)^(\w+) +\{ (.*?) \}`)
		call       = regexp.MustCompile("`(\\w+)\\(([^`]*)\\)(?: -> ([^`]+))?`")
		errorRow   = regexp.MustCompile(`(?m)^\| (\d+) \| (\w+) \|`)
		eventRow   = regexp.MustCompile(`(?m)^\| (\w+) \| (.+?) \| .*? ?\|$`)
	)
	// One struct stands in the prose below its table: Owed.
	structs := section(t, text, "## Types") + "\n" + section(t, text, "## Views") + "\nOwed { fees: i128, total: i128 }"
	for _, m := range structLine.FindAllStringSubmatch(structs, -1) {
		s := xdr.ScSpecUdtStructV0{Name: m[1]}
		for _, p := range parameters(t, m[2]) {
			s.Fields = append(s.Fields, xdr.ScSpecUdtStructFieldV0{Name: p.name, Type: p.typ})
		}
		it.structs = append(it.structs, s)
	}
	for line := range strings.Lines(section(t, text, "## Functions")) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, m := range call.FindAllStringSubmatch(cells[1], -1) {
			f := xdr.ScSpecFunctionV0{Name: xdr.ScSymbol(m[1])}
			for _, p := range parameters(t, m[2]) {
				f.Inputs = append(f.Inputs, xdr.ScSpecFunctionInputV0{Name: p.name, Type: p.typ})
			}
			if m[3] != "" {
				f.Outputs = append(f.Outputs, parseType(t, m[3]))
			}
			it.functions = append(it.functions, f)
		}
	}
	enum := xdr.ScSpecUdtErrorEnumV0{Name: "Error"}
	for _, m := range errorRow.FindAllStringSubmatch(section(t, text, "## Errors"), -1) {
		n, _ := strconv.Atoi(m[1])
		enum.Cases = append(enum.Cases, xdr.ScSpecUdtErrorEnumCaseV0{Name: m[2], Value: xdr.Uint32(n)})
	}
	it.errors = append(it.errors, enum)
	// From `fee_proposed` on, the events are the platform's: they have no topic but their name.
	platform := false
	for _, m := range eventRow.FindAllStringSubmatch(section(t, text, "## Events"), -1) {
		if !strings.Contains(m[2], ":") {
			continue // the table's head
		}
		platform = platform || m[1] == "fee_proposed"
		e := xdr.ScSpecEventV0{
			Name: xdr.ScSymbol(m[1]), PrefixTopics: []xdr.ScSymbol{xdr.ScSymbol(m[1])},
			DataFormat: xdr.ScSpecEventDataFormatScSpecEventDataFormatVec,
		}
		topic := param{"trade", parseType(t, "BytesN<32>")}
		if m[1] == "collected" {
			topic = param{"asset", parseType(t, "Address")}
		}
		if !platform {
			e.Params = append(e.Params, xdr.ScSpecEventParamV0{
				Name: topic.name, Type: topic.typ, Location: xdr.ScSpecEventParamLocationV0ScSpecEventParamLocationTopicList,
			})
		}
		for _, p := range parameters(t, m[2]) {
			e.Params = append(e.Params, xdr.ScSpecEventParamV0{Name: p.name, Type: p.typ})
		}
		it.events = append(it.events, e)
	}
	if len(it.structs) < 10 || len(it.functions) < 20 || len(enum.Cases) < 40 || len(it.events) < 20 {
		t.Fatalf("%s: %d structs, %d functions, %d errors, %d events read: its form has changed, this reader must follow",
			page, len(it.structs), len(it.functions), len(enum.Cases), len(it.events))
	}
	return it
}

// section is the text from a heading to the next one of its level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", page, heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

type param struct {
	name string
	typ  xdr.ScSpecTypeDef
}

// parameters reads "name: Type, name: Type"; some names stand without a type where the page has said it before.
func parameters(t *testing.T, list string) []param {
	t.Helper()
	var out []param
	for _, item := range split(list) {
		name, typ, typed := strings.Cut(item, ":")
		name = strings.TrimSpace(name)
		if !typed {
			typ = map[string]string{"terms": "Terms", "id": "BytesN<32>", "asset": "Address"}[name]
		}
		out = append(out, param{name, parseType(t, typ)})
	}
	return out
}

// split cuts at the commas that stand in no bracket.
func split(list string) []string {
	var out []string
	depth, from := 0, 0
	for i, c := range list {
		switch c {
		case '(', '<':
			depth++
		case ')', '>':
			depth--
		case ',':
			if depth == 0 {
				out, from = append(out, list[from:i]), i+1
			}
		}
	}
	if rest := strings.TrimSpace(list[from:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func parseType(t *testing.T, s string) xdr.ScSpecTypeDef {
	t.Helper()
	s = strings.TrimSpace(s)
	simple := map[string]xdr.ScSpecType{
		"bool": xdr.ScSpecTypeScSpecTypeBool, "u32": xdr.ScSpecTypeScSpecTypeU32, "u64": xdr.ScSpecTypeScSpecTypeU64,
		"i128": xdr.ScSpecTypeScSpecTypeI128, "Address": xdr.ScSpecTypeScSpecTypeAddress,
	}
	inside, generic := func() (string, bool) {
		_, rest, ok := strings.Cut(s, "<")
		return strings.TrimSuffix(rest, ">"), ok
	}()
	switch {
	case s == "":
		t.Fatalf("%s: a parameter without a type", page)
	case simple[s] != 0:
		return xdr.ScSpecTypeDef{Type: simple[s]}
	case s == "BytesN<32>":
		return xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeBytesN, BytesN: &xdr.ScSpecTypeBytesN{N: 32}}
	case generic && strings.HasPrefix(s, "Option<"):
		return xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeOption, Option: &xdr.ScSpecTypeOption{ValueType: parseType(t, inside)}}
	case generic && strings.HasPrefix(s, "Vec<"):
		return xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeVec, Vec: &xdr.ScSpecTypeVec{ElementType: parseType(t, inside)}}
	case s[0] == '(':
		tuple := xdr.ScSpecTypeTuple{}
		for _, item := range split(s[1 : len(s)-1]) {
			tuple.ValueTypes = append(tuple.ValueTypes, parseType(t, item))
		}
		return xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeTuple, Tuple: &tuple}
	case regexp.MustCompile(`^[A-Z]\w+$`).MatchString(s):
		return xdr.ScSpecTypeDef{Type: xdr.ScSpecTypeScSpecTypeUdt, Udt: &xdr.ScSpecTypeUdt{Name: s}}
	}
	t.Fatalf("%s: a type this reader does not know: %q", page, s)
	return xdr.ScSpecTypeDef{}
}

// typeName prints a type as the page writes it.
func typeName(d xdr.ScSpecTypeDef) string {
	switch d.Type {
	case xdr.ScSpecTypeScSpecTypeBool:
		return "bool"
	case xdr.ScSpecTypeScSpecTypeU32:
		return "u32"
	case xdr.ScSpecTypeScSpecTypeU64:
		return "u64"
	case xdr.ScSpecTypeScSpecTypeI128:
		return "i128"
	case xdr.ScSpecTypeScSpecTypeAddress:
		return "Address"
	case xdr.ScSpecTypeScSpecTypeBytesN:
		return fmt.Sprintf("BytesN<%d>", d.BytesN.N)
	case xdr.ScSpecTypeScSpecTypeOption:
		return "Option<" + typeName(d.Option.ValueType) + ">"
	case xdr.ScSpecTypeScSpecTypeVec:
		return "Vec<" + typeName(d.Vec.ElementType) + ">"
	case xdr.ScSpecTypeScSpecTypeTuple:
		var items []string
		for _, v := range d.Tuple.ValueTypes {
			items = append(items, typeName(v))
		}
		return "(" + strings.Join(items, ", ") + ")"
	case xdr.ScSpecTypeScSpecTypeUdt:
		return d.Udt.Name
	}
	return d.Type.String()
}
