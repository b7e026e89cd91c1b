package door

import (
	"os"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

const root = "../../.."

// Every way to fail of the front door that files show is brought about in our own tree, and found by its name; package clauses does it once more, among all clauses.
func TestEveryBreakIsFound(t *testing.T) {
	g, err := guide.New(Controls()...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Prove(t.Context(), g.Controls(), os.DirFS(root), guide.Asked{Within: time.Minute, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	t.Logf("%d breaks", len(p.Tried))
}
