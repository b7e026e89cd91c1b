package monitoring

import (
	"os"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const root = "../../.."

func ours(t *testing.T) *guide.Guide {
	t.Helper()
	g, err := guide.New(Controls()...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The clauses hold of our own files, of both deployments each. How each way to fail is brought about, package clauses shows.
func TestOurTree(t *testing.T) {
	r := guide.Audit(t.Context(), ours(t).Controls(), guide.Asked{Tree: facts.Open(os.DirFS(root)), Within: time.Minute, Now: time.Now})
	subjects := map[string]int{"A2": 4, "C6": 3, "M11": 10} // A2: two programs of two deployments; C6: a developer's stack tells Grafana more; M11: two that send, and four severities of two that route
	for _, c := range r.Clauses {
		if c.Tree.Verdict() != guide.Passed || len(c.Tree.Subjects()) != subjects[c.Control.ID] {
			t.Errorf("%s: %s %s %v\n%v", c.Control.ID, c.Tree.Verdict(), c.Tree.Reason(), c.Tree.Findings(), c.Tree.Subjects())
		}
	}
}
