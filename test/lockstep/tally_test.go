package lockstep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// tally counts what happened in all worlds of a run: a run in which something never did has shown nothing of it.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func newTally() *tally { return &tally{of: map[string]int{}} }

func (t *tally) happened(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[what]++
}

// count is for a call.
func (w *pair) count(c *vectors.Call, a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of["answer "+a.code]++
	if a.code != vectors.OK {
		return
	}
	w.of[c.Name]++
	if terms, ok := w.Terms[c.Trade]; ok && isContract(c.As) {
		switch role, _ := terms.RoleOf(w.Address[c.As]); {
		case role.IsParty():
			w.of["by a contract as "+map[escrow.Role]string{escrow.Buyer: "buyer", escrow.Seller: "seller"}[role]]++
		default:
			w.of["by a contract as arbitrator"]++
		}
	}
	for _, e := range a.events {
		w.of["event "+e[0].(string)]++
	}
}

// missing are those that never happened.
func (t *tally) missing(all ...string) (none []string) {
	for _, what := range all {
		if t.of[what] == 0 {
			none = append(none, what)
		}
	}
	return none
}

func (t *tally) String() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(t.of)) {
		all = append(all, fmt.Sprintf("%s %d", what, t.of[what]))
	}
	return strings.Join(all, ", ")
}
