package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

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

// TestAStoreThatIsInterrupted: when a request is cut off, some stores end with an error of their own.
func TestAStoreThatIsInterrupted(t *testing.T) {
	n := newModelNet()
	c := newClient(t, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	c.h = New(Deps{Trades: interrupted{n}, Relay: n, Network: n.network, Contract: n.self, Now: time.Now, Rand: &counting{}, Log: c.h.(*edge).log})
	c.h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/trades", nil))
	if w.Code != kindTimedOut.Status || c.log.Len() > 0 {
		t.Errorf("%d %s; logged %s", w.Code, w.Body, c.log)
	}
}

type interrupted struct{ Trades }

func (interrupted) Head(ctx context.Context) (Ledger, error) {
	if ctx.Err() != nil {
		return Ledger{}, errInterrupted
	}
	return Ledger{Sequence: 100}, nil
}

var errInterrupted = json.Unmarshal([]byte("interrupted"), new(any)) // an error that nobody knows
