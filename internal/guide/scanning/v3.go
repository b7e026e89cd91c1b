package scanning

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// borne is cargo audit's own settings, read where it runs.
const borne = ".cargo/audit.toml"

func v3() guide.Control {
	const scan = `cargo audit --deny warnings --file "$LOCK"`
	return guide.Control{
		ID:     "V3",
		Clause: "cargo audit of the Rust crates, fail on any advisory",
		Question: "Is each Cargo.lock of the tree audited, and does the job fail on any advisory, also of crates that are unsound, unmaintained or withdrawn, but those that " + borne +
			" names with a reason?",
		Modes: append(shared("a Cargo.lock"),
			guide.Mode{Name: "threshold", What: "an advisory does not make it fail"},
			guide.Mode{Name: "ignored-without-reason", What: "an advisory is ignored, and nothing says why"}),
		Mutations: append(weakened("cargo-audit", "      - name: cargo audit", scan, "C2/no-gate"),
			gone("cargo-audit", notScanned, "the job is gone", "C2/no-gate"),
			in("cargo-audit", notScanned, "one lock file is not listed", "          - internal/localnet/host/shim/Cargo.lock\n", "", "C2/no-gate"),
			in("cargo-audit", "threshold", "only vulnerabilities count", scan+"\n      - name: write", `cargo audit --file "$LOCK"`+"\n      - name: write", "C2/no-gate"),
			in("cargo-audit", "threshold", "of the warnings, only unsound crates count", scan+"\n      - name: write", `cargo audit --deny unsound --file "$LOCK"`+"\n      - name: write", "C2/no-gate"),
			in("cargo-audit", leftOut, "an advisory is ignored where no reason can stand", scan+"\n      - name: write", scan+" --ignore RUSTSEC-2021-0001\n      - name: write", "C2/no-gate"),
			in("cargo-audit", leftOut, "what is only for Windows counts", scan+"\n      - name: write", scan+" --target-os windows\n      - name: write", "C2/no-gate"),
			guide.Mutation{Mode: leftOut, What: "cargo's own settings have audit stand for something else", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error {
				return d.Write(".cargo/config.toml", []byte("[alias]\naudit = \"version\"\n"))
			}},
			in("cargo-audit", neverFails, "a pipe without an end that fails", "        run: "+scan+"\n      - name: write", "        shell: sh\n        run: "+scan+" | cat\n      - name: write", "C2/no-gate"),
			guide.Mutation{Mode: "ignored-without-reason", What: "an advisory more is ignored", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error {
				return d.Replace(borne, "ignore = [\n", "ignore = [\n  \"RUSTSEC-2021-0001\",\n")
			}},
			guide.Mutation{Mode: "threshold", What: "advisories below a score are ignored", Also: []string{"C2/no-gate"}, Change: func(d *guide.Draft) error {
				return d.Replace(borne, "[advisories]\n", "[advisories]\nseverity_threshold = \"high\"\n")
			}},
			guide.Mutation{Mode: notScanned, What: "a crate without a lock file", Also: []string{"C2/no-gate", "V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("tools/Cargo.toml", []byte("[package]\nname = \"tools\"\nversion = \"0.1.0\"\n"))
			}},
			in("cargo-audit", nothingThere, "a lock file more, which is not in the tree", "          - contract/Cargo.lock\n", "          - contract/Cargo.lock\n          - contract/fuzz/Cargo.lock\n"),
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			attempts, err := s.cargo(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judge(s.locks(), attempts)
		},
		Silent: silent,
	}
}

func (s scans) locks() []subject {
	return append(paths(s.tree.CargoLocks, "add it to the cargo audit job"), paths(s.tree.Unlocked(), "commit its Cargo.lock, and add that to the cargo audit job")...)
}

func (s scans) cargo(t *facts.Tree) (all []attempt, err error) {
	unasked, err := facts.Read(t, "cargo's files", cargoFiles)
	if err != nil {
		return nil, err
	}
	s.each(func(p place) {
		for i, c := range p.step().Commands {
			a := parse(c.Args[1:], "file", "f", "deny", "D", "ignore", "db", "d", "url", "u", "format", "target-arch", "target-os", "color", "c")
			if c.Args[0] != "cargo" || !slices.Equal(a.rest, []string{"audit"}) {
				continue
			}
			problems := append(p.stops(&p.step().Commands[i]), unasked...)
			if !slices.Contains(append(a.options["deny"], a.options["D"]...), "warnings") {
				problems = append(problems, problem{"threshold", "add --deny warnings: without it crates that are unsound, unmaintained or withdrawn do not make it fail"})
			}
			switch o := a.has("ignore", "db", "d", "url", "u", "target-arch", "target-os", "no-yanked", "stale", "no-fetch", "n"); o {
			case "":
			case "ignore":
				problems = append(problems, problem{leftOut, "name the advisory in " + borne + ", with the reason"})
			default:
				problems = append(problems, problem{leftOut, "take --" + o + " away"})
			}
			more, e := facts.Read(t, path.Join(c.Dir, borne), func(files fs.FS) ([]problem, error) { return settings(files, path.Join(c.Dir, borne)) })
			err = errors.Join(err, e)
			all = append(all, attempt{subject: path.Join(c.Dir, a.last("Cargo.lock", "file", "f")), place: p, evidence: line(c), problems: append(problems, more...)})
		}
	})
	return judged(all), err
}

var (
	advisory = regexp.MustCompile(`^"(RUSTSEC-[0-9]{4}-[0-9]{4})",?\s*(?:#\s*(.*))?$`)
	opening  = regexp.MustCompile(`^ignore\s*=\s*\[$`)
)

// settings are the problems of a file of cargo audit's settings: it may name advisories, one a line, each with the reason behind it, and nothing else. What else it could say makes an audit
// see less.
func settings(files fs.FS, name string) (all []problem, err error) {
	text, err := facts.File(files, name)
	if facts.NotThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	listing := false
	for n, l := range strings.Split(string(text), "\n") {
		l = strings.TrimSpace(l)
		named := advisory.FindStringSubmatch(l)
		switch {
		case l == "" || strings.HasPrefix(l, "#") || l == "[advisories]":
		case !listing && opening.MatchString(l):
			listing = true
		case listing && l == "]":
			listing = false
		case listing && named != nil:
			if len(named[2]) < 20 { // a word is no reason
				all = append(all, problem{"ignored-without-reason", fmt.Sprintf("%s:%d: write behind %s why it is borne", name, n+1, named[1])})
			}
		default:
			all = append(all, problem{"threshold", fmt.Sprintf("%s:%d: take %q away: the file names advisories, one a line, and nothing else", name, n+1, l)})
		}
	}
	return all, nil
}
