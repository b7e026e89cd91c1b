package explore

import (
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// TestNoDeadEnd is the proof; with -v it prints what was explored.
func TestNoDeadEnd(t *testing.T) {
	for _, s := range Setups() {
		t.Run(s.name(), func(t *testing.T) {
			r, err := Explore(s)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("\n%s", r)
			if r.DeadEnds > 0 {
				t.Errorf("%d states have no way out", r.DeadEnds)
			}
			if r.States == 0 || r.Transitions < r.States || r.Calls < len(s.Amounts) || r.Wait == 0 {
				t.Errorf("too little was explored")
			}
			t.Logf("proved: %d states explored, each with a way out: %s", r.States, &s)
		})
	}
}

// name is the setup in a word.
func (s *Setup) name() string {
	return strings.NewReplacer(" ", "", "+", "_", ",", "_").Replace(s.String())
}

// TestPlantedDeadEnds nails doors shut and expects the walk to find what is stuck behind them, and how to get there.
func TestPlantedDeadEnds(t *testing.T) {
	setup := Setup{Amounts: []int64{1, 2}, Panel: 1, Appeal: 1, Bond: 1, Fee: 1, FallbackPpm: 500_000}
	settled := func(call escrow.Call) bool { return call.Function() == "settle" }
	for _, tc := range []struct {
		name   string
		nailed func(escrow.Call, escrow.Standing) bool
		story  []string // of the nearest dead end; nil: there is none
	}{
		{"settle after an appeal that nobody heard", func(c escrow.Call, s escrow.Standing) bool {
			return settled(c) && s.Outcome == escrow.OutcomeFirstRuling
		}, []string{
			"the seller opens the trade",
			"the buyer funds it",
			"the buyer disputes milestone 0",
			"time passes: milestone 0 is no longer offers but hearing",
			"arbitrator 2 rules 0 ppm of milestone 0 to the seller",
			"everyone is gone",
			"time passes: milestone 0 is no longer ruled but due",
			"nobody can end milestone 0",
		}},
		{"settle of what was never delivered", func(c escrow.Call, s escrow.Standing) bool {
			return settled(c) && s.Phase == escrow.PhaseDueToBuyer
		}, []string{
			"the seller opens the trade",
			"the buyer funds it",
			"everyone is gone",
			"time passes: milestone 0 is no longer funded but due to the buyer",
			"nobody can end milestone 0",
			"time passes: milestone 1 is no longer funded but due to the buyer",
			"nobody can end milestone 1",
		}},
		{"settle of what nobody objected to", func(c escrow.Call, s escrow.Standing) bool {
			return settled(c) && s.Phase == escrow.PhaseDueToSeller
		}, []string{
			"the seller opens the trade",
			"the buyer funds it",
			"the seller delivers milestone 0",
			"everyone is gone",
			"time passes: milestone 0 is no longer delivered but due to the seller",
			"nobody can end milestone 0",
		}},
		{"settle of a fallback", func(c escrow.Call, s escrow.Standing) bool {
			return settled(c) && s.Outcome == escrow.OutcomeFallback
		}, []string{
			"the seller opens the trade",
			"the buyer funds it",
			"the buyer disputes milestone 0",
			"everyone is gone",
			"time passes: milestone 0 is no longer offers but hearing",
			"time passes: milestone 0 is no longer hearing but appeal hearing",
			"time passes: milestone 0 is no longer appeal hearing but due",
			"nobody can end milestone 0",
		}},
		{"cancel by anyone", func(c escrow.Call, _ escrow.Standing) bool {
			cancel, ok := c.(escrow.CallCancel)
			return ok && cancel.By == nil
		}, []string{
			"the buyer opens the trade",
			"the trade is open, and nobody can end it",
		}},
		{"release, which needs the buyer anyway", func(c escrow.Call, _ escrow.Standing) bool { return c.Function() == "release" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := setup
			s.Nailed = tc.nailed
			r, err := Explore(s)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("\n%s", r)
			if (r.DeadEnds > 0) != (tc.story != nil) || !slices.Equal(r.Story, tc.story) {
				t.Errorf("%d dead ends, the nearest one:\n%s\nwant\n%s", r.DeadEnds, strings.Join(r.Story, "\n"), strings.Join(tc.story, "\n"))
			}
			for _, line := range tc.story {
				if !strings.Contains(r.String(), line) {
					t.Errorf("the report does not say %q", line)
				}
			}
		})
	}
}

func TestExploreRefusesASingleMilestone(t *testing.T) {
	if r, err := Explore(Setup{Amounts: []int64{1}}); err == nil {
		t.Errorf("explored %s", r)
	}
}
