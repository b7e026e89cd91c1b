package guide

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// world is a running system that says words; each control fails as the words about it say.
type world map[string]string

func (w world) control(id string, breaks ...Break) Control {
	return Control{
		ID: id, Clause: "it says nothing", Question: "What does it say?", Silent: "no file speaks", Breaks: breaks,
		Modes: []Mode{{Name: "wrong", What: "it says wrong", Running: true}, {Name: "odd", What: "it says odd", Running: true}},
		Running: func(ctx context.Context, s *facts.System) Result {
			said, err := facts.Look(ctx, s, "world: "+id, func(context.Context) (string, error) { return w[id], nil })
			if err != nil {
				return NoEvidence("%v", err)
			}
			var all []Finding
			for _, word := range strings.Fields(said) {
				all = append(all, Finding{Mode: word, Subject: id})
			}
			return Judge([]Subject{{Name: id}}, all)
		},
	}
}

// says breaks it: what is in words is said of each control, and taken back by undo.
func (w world) says(mode string, words map[string]string, undo error, also ...string) Break {
	return Break{Mode: mode, What: "words", Of: []string{"world"}, Also: also, Do: func(context.Context, *facts.System) (func(context.Context) error, error) {
		for id, said := range words {
			w[id] = said
		}
		return func(context.Context) error {
			if undo == nil {
				clear(w)
			}
			return undo
		}, nil
	}}
}

func TestProveRunning(t *testing.T) {
	w := world{}
	for _, c := range []struct {
		name   string
		breaks []Break
		want   string // in what is wrong with the trial; none for none
	}{
		{"each is found by its name", []Break{w.says("wrong", map[string]string{"N1": "wrong"}, nil), w.says("odd", map[string]string{"N1": "odd"}, nil)}, ""},
		{"it is not seen", []Break{w.says("wrong", nil, nil)}, "N1 is PASS [], want FAIL [wrong]"},
		{"it is found by another name", []Break{w.says("wrong", map[string]string{"N1": "odd"}, nil)}, "N1 is FAIL [odd], want FAIL [wrong]"},
		{"another clause falls with it", []Break{w.says("wrong", map[string]string{"N1": "wrong", "N2": "odd"}, nil)}, "N2 is FAIL [odd], want PASS []"},
		{"another clause must fall with it", []Break{w.says("wrong", map[string]string{"N1": "wrong", "N2": "odd"}, nil, "N2/odd")}, ""},
		{"it cannot be made", []Break{{Mode: "wrong", What: "nothing", Of: []string{"world"}, Do: func(context.Context, *facts.System) (func(context.Context) error, error) {
			return nil, errors.New("no")
		}}}, "it cannot be made: no"},
		{"half of it was made", []Break{{Mode: "wrong", What: "half", Of: []string{"world"}, Do: func(context.Context, *facts.System) (func(context.Context) error, error) {
			w["N2"] = "odd"
			return func(context.Context) error { clear(w); return nil }, errors.New("no")
		}}}, "it cannot be made: no"},
		{"it is not what it was", []Break{{Mode: "wrong", What: "for ever", Of: []string{"world"}, Do: func(context.Context, *facts.System) (func(context.Context) error, error) {
			w["N1"] = "wrong"
			return func(context.Context) error { return nil }, nil
		}}}, "put back, it is not what it was: N1 is FAIL [wrong], want PASS []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(w)
			g, err := New(w.control("N1", c.breaks...), w.control("N2"))
			if err != nil {
				t.Fatal(err)
			}
			waits := 0
			p, err := g.ProveRunning(t.Context(), g.Controls(), Asked{Running: facts.Running(facts.Targets{}), Within: time.Minute, Now: time.Now}, func(context.Context, time.Duration) error { waits++; return nil })
			if err != nil || len(p.Tried) != len(c.breaks) {
				t.Fatalf("%d tried: %v", len(p.Tried), err)
			}
			if wrong := p.Tried[0].Wrong; (wrong != "") != (c.want != "") || !strings.Contains(wrong, c.want) {
				t.Errorf("%q, want %q", wrong, c.want)
			}
			// Once after the break and once after it was put back; or until it is given up.
			if most := 2 * len(c.breaks); (waits > most) != strings.Contains(c.want, "want") {
				t.Errorf("it was waited for %d times, %d would do", waits, most)
			}
		})
	}
}

// What is not put back ends it all, and says so; whoever ends the program does not keep it from being put back.
func TestWhatIsBrokenIsPutBack(t *testing.T) {
	w := world{}
	g, err := New(w.control("N1", w.says("wrong", map[string]string{"N1": "wrong"}, errors.New("no way back")), w.says("odd", map[string]string{"N1": "odd"}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	still := func(context.Context, time.Duration) error { return nil }
	p, err := g.ProveRunning(t.Context(), g.Controls(), Asked{Running: facts.Running(facts.Targets{}), Within: time.Minute, Now: time.Now}, still)
	if !errors.Is(err, ErrNotPutBack) || !strings.Contains(err.Error(), "no way back") || len(p.Tried) != 0 {
		t.Errorf("%v, %d tried", err, len(p.Tried))
	}
	clear(w)
	ctx, end := context.WithCancel(t.Context())
	interrupted := w.says("wrong", map[string]string{"N1": "wrong"}, nil)
	do := interrupted.Do
	interrupted.Do = func(c context.Context, s *facts.System) (func(context.Context) error, error) {
		defer end() // while it is broken
		return do(c, s)
	}
	if g, err = New(w.control("N1", interrupted)); err != nil {
		t.Fatal(err)
	}
	_, err = g.ProveRunning(ctx, g.Controls(), Asked{Running: facts.Running(facts.Targets{}), Within: time.Minute, Now: time.Now}, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
	if !errors.Is(err, context.Canceled) || len(w) != 0 {
		t.Errorf("%v, still broken: %v", err, w)
	}
}

func TestAgreement(t *testing.T) {
	for _, c := range []struct {
		name                 string
		tree, running, agree *Result
		want                 Agreement
		verdict              Verdict
	}{
		{"both hold", &pass, &pass, nil, Agrees, Passed},
		{"neither holds", &fail, &fail, nil, Agrees, Failed},
		{"one holds", &pass, &fail, nil, Differs, Failed},
		{"a defect holds", &defect, &pass, nil, Agrees, GuideDefect},
		{"one could not be looked at", &pass, &open, nil, NotCompared, NotEvidenced},
		{"one has nothing to say", &pass, nil, nil, NotCompared, Passed},
		{"object by object they differ", &pass, &pass, &fail, Differs, Failed},
		{"object by object they agree", &pass, &fail, &pass, Agrees, Failed},
		{"they could not be compared", &pass, &pass, &open, NotCompared, NotEvidenced},
	} {
		control := says("N1", c.tree, c.running)
		if c.agree != nil {
			control.Agree = func(context.Context, *facts.Tree, *facts.System) Result { return *c.agree }
		}
		g, err := New(control)
		if err != nil {
			t.Fatal(err)
		}
		got := Audit(t.Context(), g.Controls(), Asked{Tree: facts.Open(fstest.MapFS{}), Running: facts.Running(facts.Targets{}), Within: time.Minute, Now: time.Now}).Clauses[0]
		if got.Agreement() != c.want || got.Verdict != c.verdict {
			t.Errorf("%s: %s and %s, want %s and %s", c.name, got.Agreement(), got.Verdict, c.want, c.verdict)
		}
	}
}
