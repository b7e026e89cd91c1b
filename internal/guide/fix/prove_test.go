package fix

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const root = "../../.."

var update = flag.Bool("update", false, "write the golden files anew")

func whole(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var asked = guide.Asked{Within: time.Minute, Now: time.Now}

// Whatever a mutation of --prove breaks and a remedy mends is whole again: nothing is found that the unbroken tree does not have. The golden file says which are mended,
// and of the others why not.
func TestWhatIsBrokenIsMended(t *testing.T) {
	g := whole(t)
	files := os.DirFS(root)
	unbroken := facts.Open(files)
	a := asked
	a.Tree, a.Known = unbroken, &guide.Judgements{}
	before := count(guide.Audit(t.Context(), g.Controls(), a))
	ways := map[string]bool{}
	var table strings.Builder
	for _, c := range g.Controls() {
		for _, m := range c.Mutations {
			if !Has(c.ID, m.Mode) {
				continue
			}
			draft := guide.NewDraft(files)
			if err := m.Change(draft); err != nil {
				t.Fatal(err)
			}
			a.Tree = unbroken.With(draft.Changed())
			out, err := Mend(t.Context(), g, g.Controls(), facts.Overlay(files, draft.Changed()), a)
			if err != nil {
				t.Fatal(err)
			}
			left := map[string]string{}
			for _, l := range out.Left {
				left[l.Clause+"/"+l.Finding.Mode] = l.Why
			}
			for _, way := range append([]string{c.ID + "/" + m.Mode}, m.Also...) {
				ways[way] = ways[way] || left[way] == ""
			}
			if why := left[c.ID+"/"+m.Mode]; why != "" {
				fmt.Fprintf(&table, "%s/%s, %s: left, %s\n", c.ID, m.Mode, m.What, oneLine(why))
				continue
			}
			fmt.Fprintf(&table, "%s/%s, %s: mended\n", c.ID, m.Mode, m.What)
			for k, n := range count(out.After) {
				if n > before[k] {
					t.Errorf("%s/%s, %s: mended, and yet found: %+v\n%s", c.ID, m.Mode, m.What, k, out.Patch())
				}
			}
		}
	}
	const golden = "testdata/mended.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != table.String() {
		t.Errorf("%s is otherwise (%v):\n%s", golden, err, table.String())
	}
	mended := 0
	for _, m := range ways {
		if m {
			mended++
		}
	}
	if mended < 15 {
		t.Errorf("%d ways to fail are mended", mended)
	}
	for _, r := range Remedies() {
		// A clause that asks another again has no mutations of its own.
		if !ways[r.Way] && !slices.ContainsFunc(g.Controls(), func(c guide.Control) bool { return c.As != "" && strings.HasPrefix(r.Way, c.ID+"/") }) {
			t.Errorf("nothing shows that the remedy of %s mends anything", r.Way)
		}
	}
}

// Each remedy is of a way to fail that the guide has, and there is one.
func TestRemediesAreOfTheGuide(t *testing.T) {
	controls := whole(t).Controls()
	seen := map[string]bool{}
	for _, r := range Remedies() {
		clause, mode, _ := strings.Cut(r.Way, "/")
		i := slices.IndexFunc(controls, func(c guide.Control) bool { return c.ID == clause })
		if i < 0 || !slices.ContainsFunc(controls[i].Modes, func(m guide.Mode) bool { return m.Name == mode && !m.Running }) || r.What == "" || seen[r.Way] {
			t.Errorf("%s is no way to fail of the guide, is there twice, or says nothing", r.Way)
		}
		seen[r.Way] = true
	}
}
