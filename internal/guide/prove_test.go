package guide

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// holding is a control about one file: it fails as each word of the file says.
func holding(id, file string, mutations ...Mutation) Control {
	return Control{
		ID: id, Clause: "the file says nothing", Question: "What does the file say?", Silent: "a file is a file", Mutations: mutations,
		Modes: []Mode{{Name: "wrong", What: "it says wrong"}, {Name: "odd", What: "it says odd"}},
		Tree: func(_ context.Context, t *facts.Tree) Result {
			text, err := facts.Read(t, file, func(f fs.FS) ([]byte, error) { return fs.ReadFile(f, file) })
			if err != nil {
				return NoEvidence("%v", err)
			}
			var all []Finding
			for _, word := range strings.Fields(string(text)) {
				all = append(all, Finding{Mode: word, Subject: file})
			}
			return Judge([]Subject{{Name: file}}, all)
		},
	}
}

func write(mode, file, text string, also ...string) Mutation {
	return Mutation{Mode: mode, What: text, Change: func(d *Draft) error { return d.Append(file, text) }, Also: also}
}

func TestProve(t *testing.T) {
	odd := write("odd", "a", "odd")
	for _, c := range []struct {
		name     string
		files    fstest.MapFS
		controls []Control
		want     string // in the error; none for none
	}{
		{"each is found by its name", nil, []Control{holding("N1", "a", write("wrong", "a", "wrong"), odd)}, ""},
		{"a way that nothing breaks", nil, []Control{holding("N1", "a", odd)}, "N1/wrong: no mutation breaks it"},
		{"a break that is not seen", nil, []Control{holding("N1", "a", write("wrong", "b", "wrong"), odd)}, "N1/wrong: wrong: N1 is PASS [], want FAIL [wrong]"},
		{"found by another name", nil, []Control{holding("N1", "a", write("wrong", "a", "odd"), odd)}, "N1 is FAIL [odd], want FAIL [wrong]"},
		{"found by two names", nil, []Control{holding("N1", "a", write("wrong", "a", "odd wrong"), odd)}, "N1 is FAIL [odd wrong], want FAIL [wrong]"},
		{"another clause falls with it", nil, []Control{holding("N1", "a", write("wrong", "a", "wrong"), odd), holding("N2", "a", write("wrong", "b", "x"), write("odd", "b", "x"))},
			"N1/wrong: wrong: N2 is FAIL [wrong], want PASS []"},
		{"another clause must fall with it", nil, []Control{holding("N1", "a", write("wrong", "a", "wrong", "C7/wrong"), write("odd", "a", "odd", "C7/odd")),
			holding("C7", "a", write("wrong", "a", "wrong", "N1/wrong"), write("odd", "a", "odd", "N1/odd"))}, ""},
		{"it was broken before", fstest.MapFS{"a": {Data: []byte("odd ")}}, []Control{holding("N1", "a", write("wrong", "a", "wrong"), odd)}, "N1/odd was found before anything was broken"},
		{"broken before in another way", fstest.MapFS{"a": {Data: []byte("odd ")}}, []Control{holding("N1", "a", write("wrong", "a", "wrong"))}, "N1/odd: no mutation breaks it"},
		{"it cannot be made", nil, []Control{holding("N1", "a", Mutation{Mode: "wrong", What: "gone", Change: func(d *Draft) error { return d.Remove("none") }}, odd)}, "it cannot be made"},
		{"nobody can look after it", nil, []Control{holding("N1", "a", Mutation{Mode: "wrong", What: "gone", Change: func(d *Draft) error { return d.Remove("a") }}, odd)}, "N1 is NOT EVIDENCED []"},
		{"nothing to break", nil, nil, "nothing to break"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"a": {}, "b": {}}
			for name, f := range c.files {
				files[name] = f
			}
			g, err := New(c.controls...)
			if err != nil {
				t.Fatal(err)
			}
			p, err := g.Prove(t.Context(), g.Controls(), files, Asked{Within: time.Minute, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Err(); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %q", err, c.want)
			}
		})
	}
}

func TestDraft(t *testing.T) {
	d := NewDraft(fstest.MapFS{"a": {Data: []byte("one two two")}})
	for name, err := range map[string]error{
		"a text that is not there":   d.Replace("a", "three", "four"),
		"a text that is there twice": d.Replace("a", "two", "four"),
		"a file that is not there":   d.Replace("b", "one", "four"),
		"the same text":              d.Write("a", []byte("one two two")),
		"gone already":               d.Remove("b"),
	} {
		if err == nil {
			t.Errorf("%s: it was changed", name)
		}
	}
	if len(d.Changed()) > 0 {
		t.Errorf("changed: %v", d.Changed())
	}
	if err := d.Replace("a", "one", "1"); err != nil || string(d.Changed()["a"]) != "1 two two" {
		t.Errorf("%q, %v", d.Changed()["a"], err)
	}
	if err := d.Remove("a"); err != nil || d.Changed()["a"] != nil {
		t.Errorf("%q, %v", d.Changed()["a"], err)
	}
	if _, err := d.Read("a"); err == nil {
		t.Error("a file that is gone is read")
	}
}
