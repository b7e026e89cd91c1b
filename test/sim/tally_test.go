package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tally counts what happened in many worlds, to be said in the end: worlds without faults would prove nothing.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func newTally() *tally { return &tally{counts: map[string]int{}} }

func (y *tally) add(what string, n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.counts[what] += n
}

// String lists the counts by name.
func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	var all []string
	for _, what := range slices.Sorted(maps.Keys(y.counts)) {
		all = append(all, fmt.Sprintf("%s %d", what, y.counts[what]))
	}
	return strings.Join(all, ", ")
}

// missing fails the test if one of these never happened.
func (y *tally) missing(t *testing.T, all ...string) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, what := range all {
		if y.counts[what] == 0 {
			t.Errorf("in no world there was: %s", what)
		}
	}
}
