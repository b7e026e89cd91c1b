package clauses

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// ofEachOverlay are the clauses that are asked of every overlay.
var ofEachOverlay = []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S2", "S3", "S4", "P1", "P2", "P3"}

// beside audits our tree with one more file, which makes a new overlay.
func beside(t *testing.T, name, text string) []guide.Clause {
	t.Helper()
	chosen, err := whole(t).Choose(ofEachOverlay)
	if err != nil {
		t.Fatal(err)
	}
	tree := facts.Open(os.DirFS(root)).With(map[string][]byte{name: []byte(text)})
	return guide.Audit(t.Context(), chosen, guide.Asked{Tree: tree, Within: time.Minute, Now: time.Now}).Clauses
}

// None of them holds where an overlay could not be looked at, wherever it is.
func TestAnOverlayThatCannotBeRendered(t *testing.T) {
	for _, dir := range []string{"k8s/overlays/broken", "k8s/regions/eu/broken"} {
		for _, c := range beside(t, dir+"/kustomization.yaml", "resources: [../nothing.yaml]\n") {
			if c.Verdict != guide.NotEvidenced || !strings.Contains(c.Tree.Reason(), dir) {
				t.Errorf("%s: %s, %s", c.Control.ID, c.Verdict, c.Tree.Reason())
			}
		}
	}
}

// An overlay that nobody has told the audit of is found, and judged by itself.
func TestANewOverlayIsJudged(t *testing.T) {
	const open = "resources: [../production]\npatches:\n  - target: {kind: NetworkPolicy, name: client}\n    patch: |-\n      - {op: add, path: /spec/egress/-, value: {}}\n"
	for _, c := range beside(t, "k8s/overlays/canary/kustomization.yaml", open) {
		var of []string
		for _, f := range c.Tree.Findings() {
			of = append(of, f.Subject)
		}
		if wrong := c.Control.ID == "N2"; wrong != (c.Verdict == guide.Failed) || slices.ContainsFunc(of, func(s string) bool { return !strings.HasPrefix(s, "canary: ") }) {
			t.Errorf("%s: %s %q", c.Control.ID, c.Verdict, of)
		}
	}
}
