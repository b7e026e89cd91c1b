package localnet_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
)

// schemaErrs are the places where the published schema is not what the real server answers, which is what the SDKs read and what is
// answered here: the path in the schema's result, and what is true instead. A place that no call shows any more fails the test.
var schemaErrs = map[string]string{
	"sendTransaction latestLedgerCloseTime": "a string (go-stellar-sdk, protocols/rpc: `json:\"latestLedgerCloseTime,string\"`)",
}

// unnamed are fields that the real server has and the schema does not name.
var unnamed = map[string]string{
	"getLedgerEntries entries.extXdr": "go-stellar-sdk, protocols/rpc: LedgerEntryResult.ExtensionXDR",
}

type openRPC struct {
	Info    struct{ Version string }
	Methods []struct {
		Name   string
		Params []struct {
			Name     string
			Required bool
			Schema   json.RawMessage
		}
		Result   struct{ Schema json.RawMessage }
		Examples []struct {
			Name   string
			Params []struct {
				Name  string
				Value any
			}
		}
	}
}

func readOpenRPC(t *testing.T) openRPC {
	t.Helper()
	raw, err := os.ReadFile("testdata/openrpc/stellar-rpc.openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	var spec openRPC
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

func compileSchema(t *testing.T, name string, raw json.RawMessage) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///"+name, doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	s, err := c.Compile("mem:///" + name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// fields are the paths of a JSON value, list indices left out.
func fields(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			path := strings.TrimPrefix(at+"."+name, ".")
			into[path] = true
			fields(e, path, into)
		}
	case []any:
		for _, e := range v {
			fields(e, at, into)
		}
	}
}

// named are the paths that a schema names.
func named(schema map[string]any, at string, into map[string]bool) {
	for _, all := range []string{"anyOf", "oneOf", "allOf"} {
		list, _ := schema[all].([]any)
		for _, e := range list {
			if m, ok := e.(map[string]any); ok {
				named(m, at, into)
			}
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		named(items, at, into)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, e := range properties {
		path := strings.TrimPrefix(at+"."+name, ".")
		into[path] = true
		if m, ok := e.(map[string]any); ok {
			named(m, path, into)
		}
	}
}

// Each of the twelve methods takes what the published schema says and answers what it says, in every way a call can end; a field that
// the schema does not name has its source above, and each that it names is in an answer.
func TestPublishedSchema(t *testing.T) {
	spec := readOpenRPC(t)
	n := open(t, localnet.Options{Settings: shortLives})
	s := newStranger(t, n)
	calls := schemaCalls(t, n, s)
	wrong, strange := map[string]bool{}, map[string]bool{}
	for _, m := range spec.Methods {
		t.Run(m.Name, func(t *testing.T) {
			result := compileSchema(t, m.Name, m.Result.Schema)
			var tree map[string]any
			if err := json.Unmarshal(m.Result.Schema, &tree); err != nil {
				t.Fatal(err)
			}
			known, seen := map[string]bool{}, map[string]bool{}
			named(tree, "", known)
			params := map[string]*jsonschema.Schema{}
			for _, p := range m.Params {
				params[p.Name] = compileSchema(t, m.Name+"."+p.Name, p.Schema)
			}
			if len(calls[m.Name]) == 0 {
				t.Fatal("no call of it is made")
			}
			for i, c := range calls[m.Name] {
				for _, p := range m.Params {
					if _, ok := c[p.Name]; p.Required && !ok {
						t.Errorf("call %d lacks %s", i, p.Name)
					}
				}
				asked, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				var plain map[string]any
				if err := json.Unmarshal(asked, &plain); err != nil {
					t.Fatal(err)
				}
				for name, v := range plain {
					if params[name] == nil {
						t.Errorf("call %d: the schema knows no parameter %s", i, name)
					} else if err := params[name].Validate(v); err != nil {
						t.Errorf("call %d: parameter %s: %v", i, name, err)
					}
				}
				body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": m.Name, "params": c})
				if err != nil {
					t.Fatal(err)
				}
				_, answer := s.post(body)
				var res struct{ Result, Error json.RawMessage }
				if err := json.Unmarshal(answer, &res); err != nil || res.Error != nil {
					t.Fatalf("call %d %s: %s %v", i, asked, answer, err)
				}
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(res.Result))
				if err != nil {
					t.Fatal(err)
				}
				fields(doc, "", seen)
				for _, at := range failures(result.Validate(doc)) {
					key := m.Name + " " + at.path
					if schemaErrs[key] == "" {
						t.Errorf("call %d %s: %s: %s\n%.400s", i, asked, at.path, at.why, res.Result)
					}
					wrong[key] = true
				}
			}
			for _, path := range slices.Sorted(maps.Keys(seen)) {
				if key := m.Name + " " + path; !known[path] {
					if unnamed[key] == "" {
						t.Errorf("answers have %s, which the schema does not name", path)
					}
					strange[key] = true
				}
			}
			for _, path := range slices.Sorted(maps.Keys(known)) {
				if !seen[path] {
					t.Errorf("no answer has %s, which the schema names", path)
				}
			}
		})
	}
	if len(spec.Methods) != 12 {
		t.Errorf("the schema has %d methods, want the twelve", len(spec.Methods))
	}
	for key := range schemaErrs {
		if !wrong[key] {
			t.Errorf("the schema is said to be wrong about %s, and no call shows it", key)
		}
	}
	for key := range unnamed {
		if !strange[key] {
			t.Errorf("the schema is said not to name %s, and no answer has it", key)
		}
	}
}

// Each published example of a request is understood: its answer is a result of the schema's form, or says what this network has not, never
// that the request is no request.
func TestPublishedExamples(t *testing.T) {
	s := newStranger(t, open(t, localnet.Options{}))
	const invalidParams, unknownMethod, parse = -32602, -32601, -32700
	asked := 0
	for _, m := range readOpenRPC(t).Methods {
		result := compileSchema(t, m.Name, m.Result.Schema)
		for _, e := range m.Examples {
			t.Run(m.Name+"/"+e.Name, func(t *testing.T) {
				asked++
				q := params{}
				for _, p := range e.Params {
					q[p.Name] = p.Value
				}
				body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": m.Name, "params": q})
				if err != nil {
					t.Fatal(err)
				}
				_, answer := s.post(body)
				var res struct {
					Result json.RawMessage
					Error  *struct {
						Code    int
						Message string
					}
				}
				if err := json.Unmarshal(answer, &res); err != nil {
					t.Fatalf("%s: %v", answer, err)
				}
				if res.Error != nil {
					if c := res.Error.Code; c == invalidParams || c == unknownMethod || c == parse {
						t.Errorf("%s: %d %s", body, c, res.Error.Message)
					}
					return
				}
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(res.Result))
				if err != nil {
					t.Fatal(err)
				}
				for _, at := range failures(result.Validate(doc)) {
					if schemaErrs[m.Name+" "+at.path] == "" {
						t.Errorf("%s: %s", at.path, at.why)
					}
				}
			})
		}
	}
	if asked < 12 {
		t.Errorf("the schema has %d examples of requests, want one of each method at least", asked)
	}
}

type failure struct{ path, why string }

// failures lists where a value is not what a schema wants, list indices left out.
func failures(err error) (list []failure) {
	if err == nil {
		return nil
	}
	v, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []failure{{"?", err.Error()}}
	}
	if len(v.Causes) == 0 {
		var path []string
		for _, p := range v.InstanceLocation {
			if strings.Trim(p, "0123456789") != "" {
				path = append(path, p)
			}
		}
		return []failure{{strings.Join(path, "."), v.Error()}}
	}
	for _, c := range v.Causes {
		list = append(list, failures(c)...)
	}
	return list
}
