package lockstep

import "testing"

// TestReplays plays worlds of each kind again from what was told of them: step by step the same must come of it, at the same seconds, or nothing that differs could
// be made smaller.
func TestReplays(t *testing.T) {
	s := &stage{t: t, ctx: t.Context(), seed: 1 << 41}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	for at := uint64(1); at <= 3; at++ {
		w, err := s.draw(newPlan(at, 40), flaw{}, newTally())
		if err != nil {
			t.Fatal(err)
		}
		p := *w.plan
		p.steps = stepsOf(w)
		again, err := s.replay(&p, flaw{}, newTally())
		if err != nil {
			t.Fatal(err)
		}
		if len(again.told) != len(w.told) {
			t.Fatalf("seed %d: %d steps, again %d", at, len(w.told), len(again.told))
		}
		for i, a := range w.told {
			if b := again.told[i]; a.at != b.at || a.want.code != b.want.code || !same(a.after, b.after) {
				t.Fatalf("seed %d, step %d: %d %s, again %d %s", at, i, a.at, a.want.code, b.at, b.want.code)
			}
		}
	}
}
