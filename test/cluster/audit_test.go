//go:build linux

package cluster_test

import (
	"context"
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// asked is given by make stack-kube, which has built the server.
var asked = flag.Bool("stack", false, "start an API server and break what it has: two minutes on a machine with nothing else to do")

// ofACluster are the clauses that a cluster answers.
func ofACluster() []string {
	return []string{"N1", "N2", "N3", "N4", "N5", "N6", "N7", "S1", "S2", "S3", "S4", "S11", "P1", "P2", "P3", "C1", "C4"}
}

func TestTheGuideOfACluster(t *testing.T) {
	if !*asked {
		t.Skip("an API server and what it takes to break it take minutes: make stack-kube")
	}
	w := start(t)
	began := time.Now()
	got := w.audit(t, ofACluster()...)
	t.Logf("the audit took %s", time.Since(began).Round(time.Millisecond))
	for _, id := range ofACluster() {
		c := got[id]
		want := guide.Passed
		if id == "N3" || id == "N7" {
			want = guide.GuideDefect
		}
		if c.Running.Verdict() != want || c.Agreement() != guide.Agrees {
			t.Errorf("%s is %s, want %s; they %s: %s %s", id, c.Running.Verdict(), want, c.Agreement(), c.Running.Reason(), c.Agree.Reason())
			for _, f := range slices.Concat(c.Running.Findings(), c.Agree.Findings()) {
				t.Logf("%s %s: %s: %s (%s)", id, f.Mode, f.Subject, f.Detail, f.At)
			}
		}
	}
	g := whole(t)
	chosen, err := g.Choose(ofACluster())
	if err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	p, err := g.ProveRunning(t.Context(), chosen, guide.Asked{Tree: w.tree, Running: facts.Running(w.targets), Within: time.Minute, Now: time.Now, Tried: func(tried guide.Trial) {
		t.Logf("%s %s/%s: %s %s", time.Since(began).Round(time.Millisecond), tried.Clause, tried.Mutation.Mode, tried.Mutation.What, tried.Wrong)
	}}, soon)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d breaks took %s", len(p.Tried), time.Since(began).Round(time.Millisecond))
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if len(p.Tried) < 40 {
		t.Errorf("%d breaks were tried", len(p.Tried))
	}
}

// soon waits less than an operator would: this server has nothing else to do.
func soon(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d / 4):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
