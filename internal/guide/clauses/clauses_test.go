package clauses

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const root = "../../.."

var update = flag.Bool("update", false, "write docs/clauses.md anew")

func whole(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := Guide()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// checkout is our own tree, as git reads it.
func checkout(t testing.TB) fs.FS {
	t.Helper()
	files, err := facts.OpenCheckout(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	return files
}

// audited is what the whole guide says of our own tree. Looking through its history takes longer than all else, so it is done once.
func audited(t *testing.T) guide.Report {
	t.Helper()
	asked.once.Do(func() {
		asked.report = guide.Audit(t.Context(), whole(t).Controls(), guide.Asked{Tree: facts.Open(checkout(t)), Within: time.Minute, Now: time.Now})
	})
	r := asked.report
	r.Clauses = slices.Clone(r.Clauses)
	return r
}

var asked struct {
	once   sync.Once
	report guide.Report
}

// Each control's clause is the guide's, as docs/guide.md has it.
func TestControlsSayWhatTheGuideSays(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+[a-z]?) \| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		page[row[1]] = row[2]
	}
	for _, c := range whole(t).Controls() {
		if page[c.ID] != c.Clause {
			t.Errorf("%s says\n%s\nthe page says\n%s", c.ID, c.Clause, page[c.ID])
		}
	}
}

// Our own tree is as its baseline says: what does not hold yet is named there, and nothing else fails.
func TestOurTreeIsAsItsBaselineSays(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/audit-baseline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := guide.ReadBaseline(text)
	if err != nil {
		t.Fatal(err)
	}
	r := audited(t)
	r.Clauses = slices.DeleteFunc(r.Clauses, func(c guide.Clause) bool {
		return c.Control.ID == "S10" && strings.Contains(c.Tree.Reason(), "no git repository") // an unpacked archive has none
	})
	if err := errors.Join(accepted.Of(whole(t)), accepted.Check(r)); err != nil {
		t.Error(err)
	}
}

// The guide has a control for every clause.
func TestEveryClauseHasAControl(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	all := whole(t).Controls()
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+[a-z]?) \|`).FindAllStringSubmatch(string(text), -1) {
		if !slices.ContainsFunc(all, func(c guide.Control) bool { return c.ID == row[1] }) {
			t.Errorf("%s has no control", row[1])
		}
	}
}

// Every way to fail that the tree can show is brought about, and found by exactly its name.
func TestEveryBreakIsFound(t *testing.T) {
	g := whole(t)
	p, err := g.Prove(t.Context(), g.Controls(), checkout(t), guide.Asked{Within: time.Minute, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if got, want := page(g, p), root+"/docs/clauses.md"; *update {
		if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text, err := os.ReadFile(want); err != nil || string(text) != got {
		t.Errorf("docs/clauses.md is not what came out (%v): go test ./internal/guide/clauses -update", err)
	}
}

// page is docs/clauses.md: every clause, its ways to fail, and what was broken to show that each is found.
func page(g *guide.Guide, p guide.Proof) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Every clause, every way to fail, and how each is brought about

Made by `+"`go test ./internal/guide/clauses -update`"+`, from what `+"`escrowctl audit --prove`"+` does: it breaks the tree in memory, once for each line, and the clause must find exactly that way to fail while
every other clause says what it said before. %d breaks. What begins with "running:" is done to a running system that its operator has named to be broken, and put back
(`+"`--live targets.yaml --prove --break-running NAME`"+`); tests do it to a real API server. Other ways that only a running system shows are brought about by tests: of the front door test/nginx, of the
rest beside the clauses.

| clause | way to fail | broken by |
| --- | --- | --- |
`, len(p.Tried))
	cell := func(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
	for _, c := range g.Controls() {
		for _, m := range c.Modes {
			switch {
			case c.Pending:
				fmt.Fprintf(&b, "| %s | %s: %s | not judged yet: it never passes |\n", c.ID, m.Name, cell(m.What))
				continue
			case c.As != "":
				fmt.Fprintf(&b, "| %s | %s: %s | as %s |\n", c.ID, m.Name, cell(m.What), c.As)
				continue
			case m.Running && !slices.ContainsFunc(c.Breaks, func(b guide.Break) bool { return b.Mode == m.Name }):
				fmt.Fprintf(&b, "| %s | %s: %s | on a running system |\n", c.ID, m.Name, cell(m.What))
				continue
			}
			for _, t := range p.Tried {
				if t.Clause == c.ID && t.Mutation.Mode == m.Name {
					fmt.Fprintf(&b, "| %s | %s: %s | %s |\n", c.ID, m.Name, cell(m.What), cell(t.Mutation.What))
				}
			}
			for _, on := range c.Breaks {
				if on.Mode == m.Name {
					fmt.Fprintf(&b, "| %s | %s: %s | running: %s |\n", c.ID, m.Name, cell(m.What), cell(on.What))
				}
			}
		}
	}
	return anchored(b.String())
}

// anchored puts a place that links lead to into the first row of each clause.
func anchored(page string) string {
	seen := map[string]bool{}
	return regexp.MustCompile(`(?m)^\| [A-Z][0-9]+[a-z]? \|`).ReplaceAllStringFunc(page, func(row string) string {
		id := strings.Trim(row, "| ")
		if seen[id] {
			return row
		}
		seen[id] = true
		return fmt.Sprintf(`| <a id="%s"></a>%s |`, strings.ToLower(id), id)
	})
}

// The page of what departs from the guide has the clauses that the controls call defects, and no others.
func TestDivergencesAreThoseOfTheControls(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/guide-divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"N14": true} // of which only a certificate that runs tells (test/nginx)
	for _, c := range audited(t).Clauses {
		if c.Tree.Verdict() == guide.GuideDefect {
			listed[c.Control.ID] = true
		}
	}
	found := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+[a-z]?) \|`).FindAllStringSubmatch(string(text), -1) {
		found[row[1]] = true
	}
	if !maps.Equal(listed, found) {
		t.Errorf("the page has %v, the controls %v", found, listed)
	}
}
