package clauses

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const root = "../../.."

func whole(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := Guide()
	if err != nil {
		t.Fatal(err)
	}
	return g
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

// Nothing of our own tree fails, and what could be looked at was.
func TestOurTreeHolds(t *testing.T) {
	r := guide.Audit(t.Context(), whole(t).Controls(), guide.Asked{Tree: facts.Open(os.DirFS(root)), Within: time.Minute, Now: time.Now})
	for _, c := range r.Clauses {
		v := c.Tree.Verdict()
		if v == guide.Failed || v == guide.NotEvidenced && !strings.Contains(c.Tree.Reason(), "git repository") { // an unpacked archive has none
			t.Errorf("%s is %s: %s %v", c.Control.ID, v, c.Tree.Reason(), c.Tree.Findings())
		}
	}
}

// Every way to fail that the tree can show is brought about, and found by exactly its name.
func TestEveryBreakIsFound(t *testing.T) {
	g := whole(t)
	p, err := g.Prove(t.Context(), g.Controls(), os.DirFS(root), guide.Asked{Within: time.Minute, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	t.Logf("%d breaks", len(p.Tried))
}
