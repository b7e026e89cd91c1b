package api

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TestEveryRefusalOfTheContractIsExplained holds our table against the page and the model.
func TestEveryRefusalOfTheContractIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| ([A-Z]\w+) \|`).FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1]+" "+row[2])
	}
	var ours []string
	codes := map[string]bool{}
	for _, r := range refusals() {
		ours = append(ours, fmt.Sprintf("%d %s", r.Code, r.Name))
		if r.Title == "" || r.Next == "" || escrow.Code(r.Code).String() != r.Name {
			t.Errorf("%d %s: no words, or another name in the model (%s)", r.Code, r.Name, escrow.Code(r.Code))
		}
		codes[r.kind().Code] = true
	}
	if len(listed) == 0 || strings.Join(listed, ", ") != strings.Join(ours, ", ") {
		t.Errorf("docs/contract.md lists\n%s\nthis package\n%s", strings.Join(listed, ", "), strings.Join(ours, ", "))
	}
	if len(escrow.Codes()) != len(ours) {
		t.Errorf("the model has %d codes, this package %d", len(escrow.Codes()), len(ours))
	}
	for _, k := range kinds() {
		if codes[k.Code] {
			t.Errorf("%s is the code of two problems", k.Code)
		}
		codes[k.Code] = true
	}
}

func TestProblemsCanBeLookedUp(t *testing.T) {
	c := newClient(t, newModelNet())
	all := want[ProblemsOut](c, http.StatusOK, http.MethodGet, "/v1/problems", nil).Problems
	if len(all) != len(kinds())+len(refusals()) {
		t.Errorf("%d problems are listed", len(all))
	}
	p := c.problem(http.StatusNotFound, http.MethodGet, "/v1/trades/"+strings.Repeat("00", 32), nil)
	if k := want[ProblemKind](c, http.StatusOK, http.MethodGet, p.Type, nil); k.Code != p.Code || k.Status != p.Status {
		t.Errorf("%s explains %+v", p.Type, k)
	}
}
