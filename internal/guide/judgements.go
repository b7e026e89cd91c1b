package guide

import (
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Judgements are what the controls of one guide have said of trees that come of each other (facts.Tree.With), with the facts that each went by: where these are the same, the
// control is not asked again. They are safe for concurrent use.
type Judgements struct {
	mu sync.Mutex
	of map[string][]judgement // by the control's id
}

type judgement struct {
	result Result
	uses   *facts.Uses
}

// perControl is how many are kept of a control: the first, of the tree that the others come of, and the newest.
const perControl = 2

// known is what the control said of the same facts.
func (j *Judgements) known(id string, t *facts.Tree) (Result, bool) {
	if j == nil {
		return Result{}, false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, one := range j.of[id] {
		if t.Same(one.uses) {
			return one.result, true
		}
	}
	return Result{}, false
}

func (j *Judgements) keep(id string, r Result, uses *facts.Uses) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.of == nil {
		j.of = map[string][]judgement{}
	}
	if len(j.of[id]) == perControl {
		j.of[id] = j.of[id][:perControl-1]
	}
	j.of[id] = append(j.of[id], judgement{r, uses})
}
