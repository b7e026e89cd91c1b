package lockstep

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
)

// maxStory is how many steps the story of a difference may have: more, and nobody reads it.
const maxStory = 10

// TestFindsWhatDiffers breaks the model on purpose, and looks for a short story of each break in the worlds from the first on.
func TestFindsWhatDiffers(t *testing.T) {
	for name, f := range map[string]flaw{
		"a clock that is a second late": {late: 1}, "a payout that is never parked": {alwaysPaid: true}, "no events": {seesNothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, ctx: t.Context(), seed: 1 << 40}
			defer func() {
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}()
			for at := uint64(1); at <= 10; at++ {
				w, err := s.draw(newPlan(at, worldSteps), f, newTally())
				if err == nil {
					continue
				}
				if !isDifference(err) {
					t.Fatal(err)
				}
				small, err := s.smaller(w, f)
				if err != nil {
					t.Fatal(err)
				}
				text, err := small.story()
				if err != nil {
					t.Fatal(err)
				}
				if len(small.told) > maxStory {
					t.Errorf("%d steps:\n%s", len(small.told), text)
				}
				// With the network's own asset or a lying token in it, it says more than the format can.
				plain := !strings.Contains(text, `"`+coin) && !strings.Contains(text, `"mode"`)
				if _, err := vectors.Parse(fmt.Sprintf("lockstep/seed-%d", at), []byte(text)); plain && err != nil {
					t.Errorf("no story of the format: %v\n%s", err, text)
				}
				t.Logf("%s", text)
				return
			}
			t.Error("10 worlds, and nothing differed")
		})
	}
}
