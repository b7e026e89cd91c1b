package api

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOpenAPIDocument holds the committed document against the served one; go generate (doc.go) runs it with -update.
func TestOpenAPIDocument(t *testing.T) {
	c := newClient(t, newModelNet())
	w := c.call(http.MethodGet, "/openapi.yaml", nil)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	const file = "openapi.yaml"
	if *update {
		if err := os.WriteFile(file, w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), w.Body.String()); diff != "" {
		t.Errorf("%s is stale: run go generate ./internal/api (-committed +served)\n%s", file, diff)
	}
}

func TestOpenAPISaysWhatRoutesDo(t *testing.T) {
	c := newClient(t, newModelNet())
	doc := want[struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			ID         string `json:"operationId"`
			Summary    string `json:"summary"`
			Permission string `json:"x-permission"`
			Parameters []struct {
				Name string `json:"name"`
			} `json:"parameters"`
			Responses map[string]struct {
				Description string `json:"description"`
				Content     map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}](c, http.StatusOK, http.MethodGet, "/openapi.json", nil)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 12 {
		t.Fatalf("version %s, %d paths", doc.OpenAPI, len(doc.Paths))
	}
	text := string(must(json.Marshal(doc)))
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.ID == "" || op.Summary == "" || op.Permission != string(public) {
				t.Errorf("%s %s: id %q, summary %q, permission %q", method, path, op.ID, op.Summary, op.Permission)
			}
			for _, p := range op.Parameters {
				if p.Name == "min_ledger" && !strings.Contains(op.Responses["504"].Description, kindBehind.Code) {
					t.Errorf("%s %s takes min_ledger and does not say what if it is not reached: %q", method, path, op.Responses["504"].Description)
				}
			}
			for status, r := range op.Responses {
				_, isProblem := r.Content["application/problem+json"]
				if isProblem == strings.HasPrefix(status, "2") {
					t.Errorf("%s %s: %s is documented as %v", method, path, status, r.Content)
				}
				for _, content := range r.Content {
					name := strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")
					if _, ok := doc.Components.Schemas[name]; !ok {
						t.Errorf("%s %s: %s refers to %q, which is not there", method, path, status, content.Schema.Ref)
					}
				}
			}
		}
	}
	if strings.Contains(text, "ErrorModel") {
		t.Error("huma's own error model is documented")
	}
	var names []string
	for _, r := range actionTable() {
		names = append(names, r.name)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 15 {
		t.Errorf("actions: %v", names)
	}
}
