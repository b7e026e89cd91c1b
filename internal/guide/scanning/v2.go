package scanning

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// silent is why the running system says nothing of what is scanned.
const silent = "what stops a change is the workflow of the repository; what the scans found of what is deployed is C2's and C3's question"

func v2() guide.Control {
	return guide.Control{
		ID:       "V2",
		Clause:   "npm audit of the Node packages, fail on critical",
		Question: "Is each package.json of the tree audited by npm, development packages too, and does the job fail on what is critical?",
		Modes:    append(shared("a package.json"), guide.Mode{Name: "threshold", What: "something critical does not make it fail"}),
		Mutations: append(weakened("npm-audit", "      - name: npm audit", "npm audit --audit-level=critical", "C2/no-gate"),
			gone("npm-audit", notScanned, "the job is gone", "C2/no-gate"),
			in("npm-audit", neverFails, "it only reports", "--audit-level=critical", "--audit-level=none", "C2/no-gate"),
			in("npm-audit", leftOut, "packages for development are left out", "--audit-level=critical", "--audit-level=critical --omit=dev", "C2/no-gate"),
			guide.Mutation{Mode: leftOut, What: "npm's own settings leave them out", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error { return d.Append("test/js/.npmrc", "omit=dev\n") }},
			in("npm-audit", "threshold", "a level that npm does not have", "--audit-level=critical", "--audit-level=fatal", "C2/no-gate"),
			guide.Mutation{Mode: notScanned, What: "a second package.json", Also: []string{"C2/no-gate", "V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("client/package.json", []byte("{\"name\": \"client\"}\n"))
			}},
			guide.Mutation{Mode: notScanned, What: "a lock file without its package.json", Also: []string{"C2/no-gate", "V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("web/package-lock.json", []byte("{\"lockfileVersion\": 3}\n"))
			}},
			in("npm-audit", neverFails, "what its shell does is not known", "        run: npm audit --audit-level=critical\n", "        shell: bash {0}\n        run: npm audit --audit-level=critical\n", "C2/no-gate"),
			guide.Mutation{Mode: unjudged, What: "a variable of the whole workflow", Change: func(d *guide.Draft) error {
				return d.Replace(file, "\ndefaults:\n", "\nenv: {LD_PRELOAD: ./quiet.so}\n\ndefaults:\n")
			}, Also: []string{"V3/" + unjudged, "V3g/" + unjudged, "V4/" + unjudged, "V5/" + unjudged, "V6/" + unjudged, "V7/" + unjudged, "C2/no-gate", "C3/no-gate"}},
			in("npm-audit", nothingThere, "a folder more, which is not in the tree", "          - test/js\n", "          - test/js\n          - test/ts\n"),
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			attempts, err := s.npm(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judge(s.packages(), attempts)
		},
		Silent: silent,
	}
}

func (s scans) packages() []subject {
	return append(paths(s.tree.Packages, "add its folder to the npm audit job"), paths(s.tree.Unnamed(), "commit the package.json that it is of, and add its folder to the npm audit job")...)
}

// npm are the audits of Node packages. npm needs a package-lock.json beside the package.json, and fails loudly without one.
func (s scans) npm(t *facts.Tree) (all []attempt, err error) {
	s.each(func(p place) {
		for i, c := range p.step().Commands {
			a := parse(c.Args[1:], "prefix", "C", "audit-level", "omit", "include", "only", "registry", "workspace", "w")
			if c.Args[0] != "npm" || !slices.Equal(a.rest, []string{"audit"}) {
				continue
			}
			problems := p.stops(&p.step().Commands[i])
			switch level := a.last("low", "audit-level"); {
			case level == "none":
				problems = append(problems, problem{neverFails, "with --audit-level=none it succeeds whatever it finds"})
			case !slices.Contains([]string{"info", "low", "moderate", "high", "critical"}, level):
				problems = append(problems, problem{"threshold", "npm has no level " + level + ": write critical"})
			}
			if o := a.has("omit", "only", "production", "prod", "workspace", "w", "registry", "dry-run"); o != "" {
				problems = append(problems, problem{leftOut, "take --" + o + " away"})
			}
			dir := path.Join(c.Dir, a.last("", "prefix", "C"))
			more, e := facts.Read(t, path.Join(dir, npmrc), func(files fs.FS) ([]problem, error) { return npmSettings(files, path.Join(dir, npmrc)) })
			err = errors.Join(err, e)
			all = append(all, attempt{subject: path.Join(dir, "package.json"), place: p, evidence: line(c), problems: append(problems, more...)})
		}
	})
	return judged(all), err
}

// npmrc is npm's own settings, read beside the package.json.
const npmrc = ".npmrc"

var lessSeen = regexp.MustCompile(`(?m)^\s*(omit|only|production|include|registry|audit|offline|workspaces?|dry-run|@[^=\s]*:registry)(\[\])?\s*=`)

// npmSettings are the problems of a file of npm's settings: those of its lines that make an audit see less, or ask somebody else.
func npmSettings(files fs.FS, name string) (all []problem, err error) {
	text, err := facts.File(files, name)
	if facts.NotThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, l := range lessSeen.FindAllSubmatch(text, -1) {
		all = append(all, problem{leftOut, "take " + string(l[1]) + " out of " + name})
	}
	return all, nil
}
