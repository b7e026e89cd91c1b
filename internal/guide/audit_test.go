package guide

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// says is a control whose columns say what they are told; nil for one that has nothing to say.
func says(id string, tree, running *Result) Control {
	c := Control{ID: id, Clause: "it holds", Question: "Does it hold?", Modes: []Mode{{Name: "wrong", What: "it is wrong"}, {Name: "odd", What: "it is odd"}}}
	if tree != nil {
		c.Tree = func(context.Context, *facts.Tree) Result { return *tree }
	}
	if running != nil {
		c.Running = func(context.Context, *facts.System) Result { return *running }
	}
	if tree == nil || running == nil {
		c.Silent = "one of the two is enough"
	}
	return c
}

var (
	aSubject = Subject{Name: "a subject"}
	pass     = Pass(aSubject)
	fail     = Fail(Finding{Mode: "wrong", Subject: "a subject"})
	open     = NoEvidence("nobody could look")
	none     = NotHere("there is none")
	defect   = Defect("something better is done", Pass(aSubject))
)

// audit judges one control over an empty tree and, if asked for, a running system.
func audit(t *testing.T, running bool, all ...Control) Report {
	t.Helper()
	g, err := New(all...)
	if err != nil {
		t.Fatal(err)
	}
	a := Asked{Tree: facts.Open(fstest.MapFS{}), Within: time.Minute, Now: time.Now}
	if running {
		a.Running = facts.Running(facts.Targets{})
	}
	return Audit(t.Context(), g.Controls(), a)
}

func TestAClauseHasTheWorseOfItsColumns(t *testing.T) {
	for _, c := range []struct {
		name          string
		tree, running *Result
		asked         bool // for the running system
		only          bool // which alone can show it
		want          Verdict
		exit          int
	}{
		{"holds in the files, nobody asked for more", &pass, &fail, false, false, Passed, 0},
		{"holds", &pass, &pass, true, false, Passed, 0},
		{"fails where it runs", &pass, &fail, true, false, Failed, 1},
		{"fails in the files", &fail, &pass, true, false, Failed, 1},
		{"a failure is worse than not having looked", &fail, &open, true, false, Failed, 1},
		{"nobody could look where it runs", &pass, &open, true, false, NotEvidenced, 2},
		{"only the running system can show it, and was not asked", &pass, &pass, false, true, NotEvidenced, 2},
		{"only the running system can show it, and does", &pass, &pass, true, true, Passed, 0},
		{"the files alone say that it fails", &fail, &pass, false, true, Failed, 1},
		{"the files have nothing to say", nil, &pass, true, false, Passed, 0},
		{"the files have nothing to say, and nobody asked the other", nil, &pass, false, false, NotApplicable, 0},
		{"it does not apply", &none, &none, true, false, NotApplicable, 0},
		{"the guide is wrong, what is done instead holds", &defect, &pass, true, false, GuideDefect, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			control := says("N1", c.tree, c.running)
			control.OnlyRunning = c.only
			r := audit(t, c.asked, control)
			if got := r.Clauses[0]; got.Verdict != c.want || r.Exit() != c.exit {
				t.Errorf("%s and %s make %s and exit code %d, want %s and %d", got.Tree.Verdict(), got.Running.Verdict(), got.Verdict, r.Exit(), c.want, c.exit)
			}
		})
	}
}

func TestNothingLookedAtIsNoPass(t *testing.T) {
	for name, r := range map[string]Result{
		"a pass without subjects":         Pass(),
		"no findings and no subjects":     Judge(nil, nil),
		"a defect whose replacement is":   Defect("something else", Pass()),
		"a zero result is not asked":      {},
		"a defect whose replacement fail": Defect("something else", fail),
	} {
		if v := r.Verdict(); v == Passed || v == GuideDefect {
			t.Errorf("%s is %s", name, v)
		}
	}
	if err := (Report{}).Err(); !errors.Is(err, ErrNotEvidenced) {
		t.Errorf("an audit of no clause: %v", err)
	}
}

// Whatever a control does, the others are judged.
func TestOneControlHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, slow, nameless := says("N2", &pass, &pass), says("N3", &pass, &pass), says("N4", &pass, &pass)
		broken.Tree = func(context.Context, *facts.Tree) Result { panic("it broke") }
		slow.Tree = func(ctx context.Context, _ *facts.Tree) Result { <-ctx.Done(); time.Sleep(time.Second); return pass }
		nameless.Tree = func(context.Context, *facts.Tree) Result { return Fail(Finding{Mode: "unheard-of", Subject: "x"}) }
		defer time.Sleep(2 * time.Second) // until the slow one has ended
		r := audit(t, false, says("N1", &pass, &pass), broken, slow, nameless, says("N5", &fail, &pass))
		var got []string
		for _, c := range r.Clauses {
			got = append(got, c.Control.ID+" "+string(c.Verdict))
		}
		if want := "N1 PASS, N2 NOT EVIDENCED, N3 NOT EVIDENCED, N4 NOT EVIDENCED, N5 FAIL"; strings.Join(got, ", ") != want {
			t.Errorf("got %s\nwant %s", strings.Join(got, ", "), want)
		}
		for i, want := range []string{1: "it broke", 2: "1m0s", 3: "unheard-of"} {
			if reason := r.Clauses[i].Tree.Reason(); !strings.Contains(reason, want) {
				t.Errorf("%s: the reason %q does not say %q", r.Clauses[i].Control.ID, reason, want)
			}
		}
	})
}

func TestAControlThatIsNone(t *testing.T) {
	for name, change := range map[string]func(*Control){
		"no id":              func(c *Control) { c.ID = "" },
		"another form of id": func(c *Control) { c.ID = "network" },
		"no clause":          func(c *Control) { c.Clause = "" },
		"no way to fail":     func(c *Control) { c.Modes = nil },
		"a way twice":        func(c *Control) { c.Modes = append(c.Modes, c.Modes[0]) },
		"looks at nothing":   func(c *Control) { c.Tree, c.Running = nil, nil },
		"silent about why":   func(c *Control) { c.Tree = nil },
	} {
		c := says("N1", &pass, &pass)
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := New(says("N1", &pass, &pass), says("N1", &pass, &pass)); err == nil {
		t.Error("two controls of one clause were taken")
	}
}

func TestClausesAreChosenByNameAndSection(t *testing.T) {
	var all []Control
	for _, id := range []string{"C1", "N10", "N2", "S1", "V3g", "V3", "V10"} {
		all = append(all, says(id, &pass, &pass))
	}
	g, err := New(all...)
	if err != nil {
		t.Fatal(err)
	}
	for names, want := range map[string]string{"": "N2 N10 S1 V3 V3g V10 C1", "N": "N2 N10", "C V3g N2": "N2 V3g C1", "N99": "", "Z": "", "n2": ""} {
		chosen, err := g.Choose(strings.Fields(names))
		var ids []string
		for _, c := range chosen {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %s, %v, want %s", names, got, err, want)
		}
	}
}

// A control is asked again where a fact that it goes by is another, and nowhere else; one that was cut off is asked again in any case.
func TestJudgementsAreKept(t *testing.T) { synctest.Test(t, judgementsAreKept) }

func judgementsAreKept(t *testing.T) {
	asked := 0
	c := holding("N1", "a")
	judge := c.Tree
	c.Tree = func(ctx context.Context, t *facts.Tree) Result {
		asked++
		r := judge(ctx, t)
		if asked == 1 {
			<-ctx.Done()
		}
		return r
	}
	whole := facts.Open(fstest.MapFS{"a": {}, "b": {}})
	a := Asked{Known: &Judgements{}, Within: time.Minute, Now: time.Now}
	for _, step := range []struct {
		name, file, text string
		asked            int // by now
		want             Verdict
	}{
		{"cut off", "b", "", 1, NotEvidenced},
		{"whole", "b", "", 2, Passed},
		{"again", "b", "", 2, Passed},
		{"another file", "b", "odd", 2, Passed},
		{"its file", "a", "odd", 3, Failed},
		{"its file in another way", "a", "wrong", 4, Failed},
		{"as at first", "b", "more", 4, Passed},
	} {
		if a.Tree = whole; step.text != "" {
			a.Tree = whole.With(map[string][]byte{step.file: []byte(step.text)})
		}
		got := Audit(t.Context(), []Control{c}, a).Clauses[0].Verdict
		synctest.Wait() // what is left behind ends before it is asked again
		if got != step.want || asked != step.asked {
			t.Errorf("%s: %s after it was asked %d times, want %s after %d", step.name, got, asked, step.want, step.asked)
		}
	}
}
