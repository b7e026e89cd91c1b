package lockstep

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	actions = flag.Int("actions", 3000, "how many calls and acts of the world, at least")
	seed    = flag.Uint64("seed", 1, "the first world's seed; the others follow")
	brief   = flag.Bool("brief", false, "say of what differs in which world and step only, and make no story of it")
)

const (
	worldSteps = 100 // drawn in each world, besides those that end it
	workers    = 2   // worlds at a time
	// maxMemoryBytes bounds a run of whatever length: two networks, each thrown away after sitesEach worlds, and two contract hosts for each.
	maxMemoryBytes = 1 << 30
	// collectAbove is what is collected whatever it takes: a contract that burns its budget leaves buffers of forty megabytes behind at each growth.
	collectAbove = maxMemoryBytes * 3 / 4
)

// TestLockstep plays worlds until there were enough actions. What differs is printed as a story; `go test ./test/lockstep -seed=N -actions=1` plays that world again.
func TestLockstep(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(collectAbove))
	all := newTally()
	began := time.Now()
	var next, done atomic.Int64
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			s := &stage{t: t, ctx: t.Context(), seed: *seed<<8 + uint64(i)<<7}
			for done.Load() < int64(*actions) && !t.Failed() {
				at := *seed + uint64(next.Add(1)-1)
				w, err := s.draw(newPlan(at, worldSteps), flaw{}, all)
				if w != nil {
					done.Add(int64(len(w.told)))
				}
				switch {
				case err != nil && *brief:
					t.Errorf("seed %d: %v", at, err)
				case err != nil:
					t.Error(s.explain(at, w, flaw{}, err))
				}
			}
			if err := s.close(); err != nil {
				t.Errorf("close a network: %v", err)
			}
		})
	}
	wait.Wait()
	took := time.Since(began)
	t.Logf("%s", all)
	if t.Failed() {
		return
	}
	for least, what := range map[int][]string{3000: common, 10_000: rare} {
		if none := all.missing(what...); len(none) > 0 && *actions >= least {
			t.Errorf("it never came to: %s", strings.Join(none, ", "))
		}
	}
	used, known := peakMemory(t)
	if known && used > maxMemoryBytes {
		t.Errorf("it used %d MB of memory at its peak, at most %d were allowed: what is kept of worlds that are over?", used>>20, maxMemoryBytes>>20)
	}
	t.Logf("proved: %d actions in %d worlds alike in the model and the contract, seeds from %d on, %d calls accepted (%.0f actions a second, %d MB)",
		done.Load(), next.Load(), *seed, all.of["answer ok"], float64(done.Load())/took.Seconds(), used>>20)
}

// peakMemory is the most bytes that this process has had in memory so far, where the system tells: Linux does.
func peakMemory(t *testing.T) (bytes int64, known bool) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if kilobytes, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if _, err := fmt.Sscanf(kilobytes, "%d kB", &bytes); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			return bytes << 10, true
		}
	}
	return 0, false
}

// common and rare are what a run has to have come to, or it has shown nothing about it: any run, and a long one.
var (
	common = []string{
		"open", "accept", "fund", "cancel", "deliver", "release", "refund", "settle", "dispute", "offer", "rule", "claim", "extend", "event costs", "event silent",
		"event parked", "event ruled", "event ended", "answer unauthorized", "answer DepositNotReceived", "answer TransferFailed", "answer WrongStage", "answer NotDue",
		"act block", "act freeze", "act tax", "act seize", "act coin-freeze", "act coin-line", "restored",
		"by a contract as buyer", "by a contract as seller", "by a contract as arbitrator",
	}
	rare = []string{
		"accept_offer", "evidence", "appeal", "collect", "pause", "unpause", "propose_fee", "cancel_fee", "propose_admin", "accept_admin", "set_anchor", "anchor",
		"answer NoOffer", "answer AlreadyVoted", "answer NotArbitrator", "answer PartInDispute", "answer LeftChanged", "answer Paused", "answer Shortage",
		"ruled by an even number", "answer exhausted", "answer trapped", "act mint", "act coin-take", "act coin-issue", "act modeOddAnswer", "act modeMoveNothing", "act modeLyingBalance",
		"act modeReenter", "act modeAskSignature", "act modePanic", "act modeBurnBudget",
	}
)

// explain says what differs in a world, by its smallest story.
func (s *stage) explain(seed uint64, w *pair, f flaw, err error) string {
	if w == nil || !isDifference(err) {
		return fmt.Sprintf("seed %d: %v", seed, err)
	}
	steps := len(w.told)
	small, stuck := s.smaller(w, f)
	text, unwritten := small.story()
	out := fmt.Sprintf("seed %d: %v\nmade smaller, from %d steps to %d:\n%s", seed, err, steps, len(small.told), text)
	for _, e := range []error{stuck, unwritten} {
		if e != nil {
			out += fmt.Sprintf("\nand then: %v", e)
		}
	}
	return out
}
