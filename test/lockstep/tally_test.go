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

// settled counts the rulings that were carried out by what is seldom come to: how many votes they are of, and how far an appeal moved them.
func (w *pair) settled(c *vectors.Call, before *escrow.Trade, now uint64) {
	if c.Name != "settle" {
		return
	}
	terms := w.Terms[c.Trade]
	second := escrow.FirstSeat + escrow.Role(len(terms.Panel.Arbitrators))
	for _, i := range c.Args.Milestones {
		m := &before.Milestones[i]
		s := escrow.StandingOf(&terms, int(i), m, now)
		if s.Outcome != escrow.OutcomeFirstRuling && s.Outcome != escrow.OutcomeAppealRuling {
			continue
		}
		votes := 0
		for _, v := range m.Dispute.Votes {
			if (v.Role >= second) == (s.Outcome == escrow.OutcomeAppealRuling) {
				votes++
			}
		}
		if votes%2 == 0 {
			w.happened("ruled by an even number")
		}
		if m.Dispute.AppealBy == nil || terms.ArbitrationFee.Sign() == 0 {
			continue
		}
		moved := int64(s.SellerPpm) - int64(*s.FirstPpm)
		if *m.Dispute.AppealBy == escrow.Buyer {
			moved = -moved
		}
		switch moved {
		case aboutMargin:
			w.happened("appealed by the margin")
		case aboutMargin - 1:
			w.happened("appealed by less than the margin")
		}
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
