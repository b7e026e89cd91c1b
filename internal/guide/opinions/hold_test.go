package opinions

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// said are clauses of which an audit has said this.
func said(t *testing.T, verdicts map[string]guide.Result) []guide.Clause {
	t.Helper()
	var all []guide.Control
	for id, r := range verdicts {
		all = append(all, guide.Control{ID: id, Clause: id, Question: "?", Silent: "nothing runs", Modes: []guide.Mode{{Name: "wrong", What: "it is wrong"}}, Tree: func(context.Context, *facts.Tree) guide.Result { return r }})
	}
	g, err := guide.New(all...)
	if err != nil {
		t.Fatal(err)
	}
	return guide.Audit(t.Context(), g.Controls(), guide.Asked{Tree: facts.Open(fstest.MapFS{}), Within: time.Minute, Now: time.Now}).Clauses
}

// How a tool stands to each verdict, and what that comes to.
func TestHowAToolStands(t *testing.T) {
	pass, fail := guide.Pass(guide.Subject{Name: "a pod"}), guide.Fail(guide.Finding{Mode: "wrong", Subject: "a pod"})
	objects := check{rule: "CKV_K8S_16", subject: "a pod", says: "it is privileged"}
	likes := check{rule: "CKV_K8S_16", subject: "another pod", passed: true}
	const explained = "explained: [{tool: checkov, rule: CKV_K8S_16, subjects: [a pod], reason: it has to be as it is}]\n"
	for name, c := range map[string]struct {
		verdict guide.Result
		checks  []check
		reasons string
		stand   guide.Stand
		err     error
	}{
		"both like it":                    {pass, []check{likes}, "", guide.Concurs, nil},
		"it alone dislikes it":            {pass, []check{likes, objects}, "", guide.Objects, guide.ErrOpinions},
		"it alone, for a known reason":    {pass, []check{likes, objects}, explained, guide.Explained, nil},
		"it, of a replacement":            {guide.Defect("otherwise", pass), []check{objects}, "", guide.Objects, guide.ErrOpinions},
		"it, of what is not here":         {guide.NotHere("there is none"), []check{objects}, "", guide.Objects, guide.ErrOpinions},
		"both dislike it":                 {fail, []check{objects}, "", guide.Concurs, nil},
		"we alone dislike it":             {fail, []check{likes}, "", guide.Blind, nil},
		"we do not know":                  {guide.NoEvidence("who knows"), []check{likes}, "", guide.Aside, nil},
		"we do not know, and it dislikes": {guide.NoEvidence("who knows"), []check{objects}, "", guide.Objects, guide.ErrOpinions},
		"one more than is explained":      {pass, []check{objects, {rule: "CKV_K8S_16", subject: "a third pod"}}, explained, guide.Objects, guide.ErrOpinions},
		"another rule than is explained":  {pass, []check{objects, {rule: "CKV_K8S_20", subject: "a pod"}}, explained, guide.Objects, guide.ErrOpinions},
		"explained, and nobody objects":   {pass, []check{likes}, explained, guide.Concurs, guide.ErrOpinions},
		"explained of a version, this":    {pass, []check{objects}, strings.Replace(explained, "rule:", `version: "3.3", rule:`, 1), guide.Explained, nil},
		"explained of a version, another": {pass, []check{objects}, strings.Replace(explained, "rule:", `version: "2", rule:`, 1), guide.Objects, guide.ErrOpinions},
		"another version need not say it": {pass, []check{likes}, strings.Replace(explained, "rule:", `version: "2", rule:`, 1), guide.Concurs, nil},
		"another tool is explained":       {pass, []check{likes}, strings.Replace(explained, "checkov", "hadolint", 1), guide.Concurs, nil}, // it was not asked
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Read([]byte(c.reasons))
			if err != nil {
				t.Fatal(err)
			}
			o := hold(said(t, map[string]guide.Result{"P1": c.verdict}), []answer{{guide.Tool{Name: "checkov", Version: "3.3.30"}, c.checks}}, e)
			if len(o.Said) != 1 || o.Said[0].Stand != c.stand || o.Said[0].Checks != len(c.checks) {
				t.Errorf("%+v, want %s", o.Said, c.stand)
			}
			if got := o.Err(); (got == nil) != (c.err == nil) || c.err != nil && !errors.Is(got, c.err) {
				t.Errorf("%v, want %v; %q", got, c.err, o.Strange)
			}
		})
	}
}

// What no clause asks, and what nobody has thought about, needs its reason too.
func TestWhatNoClauseAsks(t *testing.T) {
	clauses := said(t, map[string]guide.Result{"P1": guide.Pass(guide.Subject{Name: "a pod"})})
	answers := []answer{{guide.Tool{Name: "checkov"}, []check{
		{rule: "CKV_K8S_15", subject: "a pod"}, {rule: "CKV_K8S_15", subject: "another pod", passed: true}, {rule: "CKV_K8S_11", subject: "a pod", passed: true},
		{rule: "CKV_NEW_1", subject: "a pod", says: "it is new"}, {rule: "CKV_NEW_2", subject: "a pod", passed: true},
	}}}
	o := hold(clauses, answers, Explanations{})
	if len(o.Said) != 0 || len(o.Beside) != 1 || o.Beside[0].Stand != guide.Objects || !slices.Equal(o.Beside[0].Rules, []string{"CKV_K8S_15", "CKV_NEW_1"}) {
		t.Fatalf("%+v", o)
	}
	if x := o.Beside[0].Objections; len(x) != 2 || !strings.Contains(x[1].Says, "nobody has thought about") || strings.Contains(x[0].Says, "nobody has thought") {
		t.Errorf("%+v", x)
	}
	// A part of the guide was asked: an explanation of another part is met all the same.
	e, err := Read([]byte("explained: [{tool: checkov, rule: CKV_K8S_35, subjects: [a pod], reason: it has to be as it is}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o := hold(clauses, []answer{{guide.Tool{Name: "checkov"}, []check{{rule: "CKV_K8S_35", subject: "a pod"}}}}, e); len(o.Said)+len(o.Beside)+len(o.Strange) != 0 {
		t.Errorf("%+v", o)
	}
}

func TestExplanationsThatExplainNothing(t *testing.T) {
	for text, want := range map[string]string{
		"explained: [{tool: checkov, rule: A, subjects: [a], reason: it has to be so}]": "",
		"": "",
		"explained: [{tool: lint, rule: A, subjects: [a], reason: it has to be so}]":           "no such tool",
		"explained: [{tool: checkov, subjects: [a], reason: it has to be so}]":                 "names no rule",
		"explained: [{tool: checkov, rule: A, reason: it has to be so}]":                       "no subject",
		"explained: [{tool: checkov, rule: A, subjects: [a, a], reason: it has to be so}]":     "explained twice",
		"explained: [{tool: checkov, rule: A, subjects: [''], reason: it has to be so}]":       "is empty",
		"explained: [{tool: checkov, rule: A, subjects: [a], reason: false positive}]":         "no reason",
		"explained: [{tool: checkov, rules: A}]":                                               "rules",
		"explained: [":                                                                         File,
		"explained: []\n---\nexplained: []":                                                    "second document",
		"explained: [{tool: x, rule: A, subjects: [a], reason: y}, {tool: hadolint, rule: B}]": "entry 2 (hadolint B)",
	} {
		if _, err := Read([]byte(text)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Each line of the table is of a tool that is asked, says why, and is met once.
func TestTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range table() {
		if key := r.tool + " " + r.rule; seen[key] || r.why == "" || !slices.Contains(Names(), r.tool) {
			t.Errorf("%+v is there twice, says nothing, or is of a tool that nobody asks", r)
		} else {
			seen[key] = true
		}
	}
	for name, want := range map[string]string{"CKV_K8S_16": "P1", "CKV_K8S_15": "", "CKV_AWS_19": "V7", "CKV2_AWS_57": "S6 V7", "CKV_K8S_155": "P3"} {
		if r, ok := ruleOf(table(), "checkov", name); !ok || strings.Join(r.clauses, " ") != want {
			t.Errorf("%s: %+v, %v, want %q", name, r, ok, want)
		}
	}
	if r, ok := ruleOf(table(), "checkov", "CKV_NEW_1"); ok {
		t.Errorf("%+v", r)
	}
}

// What our own tree explains can be read, and is of rules that the table has; whether tools say it, they are asked where they are installed.
func TestOurExplanations(t *testing.T) {
	text, err := os.ReadFile("../../../" + File)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Read(text)
	if err != nil || len(e.Explained) < 5 {
		t.Fatalf("%d entries, %v", len(e.Explained), err)
	}
	for _, x := range e.Explained {
		if _, ok := ruleOf(table(), x.Tool, x.Rule); !ok {
			t.Errorf("%s %s has no line in the table", x.Tool, x.Rule)
		}
	}
}
