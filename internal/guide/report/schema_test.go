package report

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/network"
)

const (
	root        = "../../.."
	sarifSchema = "testdata/schema/sarif-schema-2.1.0.json" // of OASIS
	ourSchema   = root + "/docs/audit.schema.json"
)

func schema(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ours is the audit of this tree. What looks through the whole history is left out: reports say of it what they say of the rest.
func ours(t *testing.T) guide.Report {
	t.Helper()
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	controls := slices.DeleteFunc(g.Controls(), func(c guide.Control) bool { return c.Section() == "V" || c.ID == "S10" })
	tree := facts.Open(os.DirFS(root))
	r := guide.Audit(t.Context(), controls, guide.Asked{Tree: tree, Within: time.Minute, Now: time.Now})
	if r.Matrix, err = network.Matrix(tree); err != nil {
		t.Fatal(err)
	}
	return r
}

// What is written is what the schemas say: of every verdict, of this tree, of a baseline, and of nothing.
func TestReportsAreAsTheirSchemas(t *testing.T) {
	accepted := sample(t)
	accepted.Held = &guide.Baseline{Accepted: []guide.Accepted{
		{Clause: "N8", Verdict: guide.Failed, Modes: []string{"wrong", "odd"}, Reason: "it is on its way", Until: "2027-01-31"},
		{Clause: "N11", Verdict: guide.NotEvidenced, Reason: "nothing runs", Until: "2027-01-31"},
	}}
	for name, r := range map[string]guide.Report{"every verdict": sample(t), "this tree": ours(t), "as a baseline says": accepted, "nothing": {At: time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)}} {
		for path, write := range map[string]func(io.Writer, guide.Report) error{sarifSchema: SARIF, ourSchema: JSON} {
			var text bytes.Buffer
			if err := write(&text, r); err != nil {
				t.Fatal(err)
			}
			document, err := jsonschema.UnmarshalJSON(&text)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema(t, path).Validate(document); err != nil {
				t.Errorf("%s is not as %s says: %v", name, path, err)
			}
		}
	}
}

// A schema that took anything would show nothing.
func TestOurSchemaRefuses(t *testing.T) {
	s := schema(t, ourSchema)
	var text bytes.Buffer
	if err := JSON(&text, sample(t)); err != nil {
		t.Fatal(err)
	}
	whole := text.String()
	for name, change := range map[string][2]string{
		"a verdict of its own":      {`"verdict": "PASS"`, `"verdict": "FINE"`},
		"a pass of nothing":         {`"verdict": "GUIDE DEFECT"`, `"verdict": "FAIL"`},
		"an exit that is none":      {`"exit": 1`, `"exit": 3`},
		"a field that is not known": {`"exit": 1`, `"exit": 1, "score": 100`},
		"a clause without an id":    {`"id": "S1",`, ``},
		"a line before the first":   {`"line": 12`, `"line": 0`},
		"a day that is none":        {`"at": "2026-11-26T04:00:00Z"`, `"at": "today"`},
		"a state of its own":        {`"state": "itself"`, `"state": "fine"`},
		"a stand of its own":        {`"stand": "agrees"`, `"stand": "shrugs"`},
		"a tool that says nothing":  {`"version": "3.3.30",`, ``},
	} {
		broken := strings.Replace(whole, change[0], change[1], 1)
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(broken))
		if err != nil || broken == whole {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Validate(document) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
