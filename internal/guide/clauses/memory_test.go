package clauses

import (
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// stride is which of the breaks are tried: each of this number, which has no divisor, so that they are of all sections.
const stride = 43

// unhurried are the clauses that look through the whole history, which takes as long as the history is.
var unhurried = []string{"S10", "V6"}

// What is judged with all that was read, made and said before is what is judged with nothing of it: to the last finding and subject.
func TestNothingIsKeptThatABreakChanges(t *testing.T) {
	controls := slices.DeleteFunc(whole(t).Controls(), func(c guide.Control) bool { return slices.Contains(unhurried, c.ID) })
	files := os.DirFS(root)
	kept := guide.Asked{Tree: facts.Open(files), Known: &guide.Judgements{}, Within: time.Minute, Now: time.Now}
	unbroken, n, tried := kept.Tree, 0, 0
	guide.Audit(t.Context(), controls, kept)
	for _, c := range controls {
		for _, m := range c.Mutations {
			if n++; n%stride != 0 {
				continue
			}
			draft := guide.NewDraft(files)
			if err := m.Change(draft); err != nil {
				t.Fatal(err)
			}
			kept.Tree = unbroken.With(draft.Changed())
			fresh := guide.Asked{Tree: facts.Open(facts.Overlay(files, draft.Changed())), Within: time.Minute, Now: time.Now}
			got, want := guide.Audit(t.Context(), controls, kept).Clauses, guide.Audit(t.Context(), controls, fresh).Clauses
			for i := range want {
				if got, want := got[i].Tree, want[i].Tree; !reflect.DeepEqual(got, want) {
					t.Errorf("%s/%s, %s: %s is\n%+v\nwith nothing kept it is\n%+v", c.ID, m.Mode, m.What, controls[i].ID, got, want)
				}
			}
			tried++
		}
	}
	if tried < 12 {
		t.Errorf("%d breaks were tried", tried)
	}
}
