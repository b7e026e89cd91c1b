package scanning

import (
	"context"
	"path"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

func v3g() guide.Control {
	const scan = `govulncheck -C "$MODULE" -test "$PACKAGES"`
	return guide.Control{
		ID:     "V3g",
		Clause: "govulncheck of the Go module, fail on any reachable vulnerability (the counterpart for this project's language)",
		Question: "Is each Go module of the tree checked, all its packages with their tests, and does the job fail on what can be reached? Of a module of tests alone that " + borneModules +
			" names with the reason, it is enough that what is found is uploaded.",
		Modes: append(shared("a go.mod"), guide.Mode{Name: badlyBorne, What: "a module is named whose holes are borne, and nothing says why, or it is not one of tests alone"}),
		Mutations: append(weakened("govulncheck", "      - name: govulncheck", scan, "C2/no-gate"),
			gone("govulncheck", notScanned, "the job is gone", "C2/no-gate"),
			in("govulncheck", notScanned, "one module is not listed", "          - {module: test/reach/cyclonus, packages: ./...}\n", "", "C2/no-gate"),
			guide.Mutation{Mode: notScanned, What: "a module more", Also: []string{"C2/no-gate", "V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("contract/vectors/go.mod", []byte("module example.com/vectors\n"))
			}},
			in("govulncheck", neverFails, "it writes JSON, and succeeds whatever it finds", scan, `govulncheck -C "$MODULE" -test -json "$PACKAGES"`, "C2/no-gate"),
			in("govulncheck", leftOut, "tests are not looked at", scan, `govulncheck -C "$MODULE" "$PACKAGES"`, "C2/no-gate"),
			in("govulncheck", leftOut, "only the programs of the module are looked at", "{module: ., packages: ./...}", "{module: ., packages: ./cmd/...}", "C2/no-gate"),
			guide.Mutation{Mode: leftOut, What: "a workspace takes other versions than the modules require", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error {
				return d.Write("go.work", []byte("go 1.26.0\n\nuse .\n\nreplace golang.org/x/net => golang.org/x/net v0.1.0\n"))
			}},
			in("govulncheck", leftOut, "another data base is asked", scan, scan+" -db https://vulnerabilities.example", "C2/no-gate"),
			gone("govulncheck-borne", notScanned, "of a module whose holes are borne nothing is found either"),
			guide.Mutation{Mode: neverFails, What: "nothing says that a module's holes are borne", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error { return d.Remove(borneModules) }},
			guide.Mutation{Mode: badlyBorne, What: "a module that there is not is among them", Change: func(d *guide.Draft) error {
				return d.Append(borneModules, "\"test/none\" = \"nobody has the time to look at them this year\"\n")
			}},
			guide.Mutation{Mode: badlyBorne, What: "a module that is deployed is among them", Change: func(d *guide.Draft) error {
				return d.Append(borneModules, "\".\" = \"nobody has the time to look at them this year\"\n")
			}},
			guide.Mutation{Mode: badlyBorne, What: "another one has no reason", Change: func(d *guide.Draft) error { return d.Append(borneModules, "\"test/tools\" = \"later\"\n") }},
			in("govulncheck", neverFails, "nothing waits for it", scan+"\n", scan+" &\n", "C2/no-gate"),
			in("govulncheck", nothingThere, "a module more, which is not in the tree", "{module: ., packages: ./...}\n", "{module: ., packages: ./...}\n          - {module: api, packages: ./...}\n"),
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return s.judgeBearings(judge(s.modules(), s.govulncheck()))
		},
		Silent: silent,
	}
}

func (s scans) modules() []subject {
	return paths(s.tree.Modules, "add its folder to the govulncheck job")
}

// deployable are the modules that are not of tests alone.
func (s scans) deployable() []subject {
	return slices.DeleteFunc(s.modules(), func(of subject) bool { return s.borne(of.name) != "" })
}

func (s scans) govulncheck() (all []attempt) {
	s.each(func(p place) {
		for i, c := range p.step().Commands {
			if c.Args[0] != "govulncheck" {
				continue
			}
			a := parse(c.Args[1:], "C", "db", "format", "mode", "scan", "show", "tags")
			module := path.Join(c.Dir, a.last("", "C"), "go.mod")
			problems := append(p.stops(&p.step().Commands[i]), s.work...)
			if f := a.last("text", "format"); (f != "text" || a.has("json") != "") && s.borne(module) == "" {
				problems = append(problems, problem{neverFails, "in a format for programs it succeeds whatever it finds: run it once more without"})
			}
			if a.has("test") == "" {
				problems = append(problems, problem{leftOut, "add -test: what only tests reach runs on developers' machines, with their rights"})
			}
			if o := a.has("db", "mode", "tags"); o != "" {
				problems = append(problems, problem{leftOut, "take -" + o + " away"})
			}
			want := "./..."
			if !s.tree.HasPackages(module) {
				want = "tool" // the programs that its go.mod names: it has nothing else
			}
			if !slices.Contains(a.rest, want) {
				problems = append(problems, problem{leftOut, "check " + want})
			}
			all = append(all, attempt{subject: module, place: p, evidence: line(c), problems: problems})
		}
	})
	return judged(all)
}
