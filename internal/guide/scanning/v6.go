package scanning

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/leaks"
)

// rules is gitleaks' configuration.
const rules = ".gitleaks.toml"

func v6() guide.Control {
	const scan = "gitleaks git --config .gitleaks.toml --ignore-gitleaks-allow --redact --verbose --report-format sarif --report-path gitleaks.sarif ."
	return guide.Control{
		ID:     "V6",
		Clause: "Gitleaks over the full history, fail on any leak",
		Question: "Does the workflow look through the whole history and fail on any secret, with rules that also find this platform's own keys (tried on keys made for the purpose)? And does " +
			"gitleaks' own code, by the same rules, find none in the history of this checkout?",
		Modes: append(shared("the history")[:5],
			guide.Mode{Name: "own-keys-unseen", What: "a key of this platform would not be found"},
			guide.Mode{Name: "allowed-without-reason", What: "something is said to be no leak, and nothing says why"},
			guide.Mode{Name: "leak", What: "a commit holds a secret: whoever has a clone has it"}),
		Mutations: append(weakened("gitleaks", "      - name: gitleaks", scan),
			gone("gitleaks", notScanned, "the job is gone"),
			in("gitleaks", neverFails, "it only reports", scan, scan+" --exit-code 0"),
			in("gitleaks", leftOut, "one commit is checked out", "          fetch-depth: 0 # every commit, of every branch and tag\n", "          fetch-depth: 1\n"),
			in("gitleaks", leftOut, "nothing says how much is checked out", "          fetch-depth: 0 # every commit, of every branch and tag\n", ""),
			in("gitleaks", leftOut, "the newest commits only", scan, scan+" --log-opts=-100"),
			in("gitleaks", leftOut, "the files of today only", "gitleaks git", "gitleaks dir"),
			in("gitleaks", leftOut, "what was found before is left out", scan, scan+" --baseline-path known.json"),
			in("gitleaks", leftOut, "a remark hides a secret", " --ignore-gitleaks-allow", ""),
			in("gitleaks", leftOut, "other rules, which nobody has looked at", "--config .gitleaks.toml", "--config .github/gitleaks.toml"),
			in("gitleaks", notScanned, "another repository", " gitleaks.sarif .\n", " gitleaks.sarif ./vendor\n"),
			in("gitleaks", unjudged, "gitleaks has other rules by a variable", "      - name: gitleaks\n", "      - name: gitleaks\n        env: {GITLEAKS_CONFIG_TOML: \"title = 'none'\"}\n"),
			guide.Mutation{Mode: leftOut, What: "a file that gitleaks reads unasked has secrets to ignore", Change: func(d *guide.Draft) error {
				return d.Write(".gitleaksignore", []byte("0123456789012345678901234567890123456789:a:rule:1\n"))
			}},
			guide.Mutation{Mode: leftOut, What: "gitleaks' own rules are not among them", Change: func(d *guide.Draft) error { return d.Replace(rules, "useDefault = true", "useDefault = false") }},
			guide.Mutation{Mode: leftOut, What: "one of gitleaks' own rules is switched off", Change: func(d *guide.Draft) error {
				return d.Replace(rules, "useDefault = true", "useDefault = true\ndisabledRules = [\"aws-access-token\"]")
			}},
			guide.Mutation{Mode: "own-keys-unseen", What: "the form of a key has changed, and the rule has not", Change: func(d *guide.Draft) error {
				return d.Replace(rules, `stellarescrow_[a-z]+_[a-z2-7]{52}`, `stellarescrow_[a-z]+_[a-z2-7]{32}\b`)
			}},
			guide.Mutation{Mode: "own-keys-unseen", What: "the rule of secret seeds wants more than they have", Change: func(d *guide.Draft) error { return d.Replace(rules, "entropy = 3.5", "entropy = 7.5") }},
			guide.Mutation{Mode: "allowed-without-reason", What: "a reason is gone", Change: func(d *guide.Draft) error {
				return d.Replace(rules, "  description = \"the secret seed", "  # \"the secret seed")
			}},
			guide.Mutation{Mode: "allowed-without-reason", What: "a folder is left out of everything", Change: func(d *guide.Draft) error { return d.Append(rules, "\n[[allowlists]]\npaths = ['''^test/''']\n") }},
			guide.Mutation{Mode: "leak", What: "a branch holds a key, though the newest commit does not", Change: func(d *guide.Draft) error {
				return commit(d, "leak", "notes.txt", "the key is "+samples()[0].key+"\n")
			}},
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			attempts, err := s.gitleaksOf(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeLeaks(t, judge([]subject{{".", guide.Place{File: file}, "add a job that runs gitleaks git"}}, attempts))
		},
		Silent: "what was committed is in the repository, wherever the system runs",
	}
}

// gitleaksOf are the scans of the history, with what gitleaks reads unasked.
func (s scans) gitleaksOf(t *facts.Tree) ([]attempt, error) {
	more, err := facts.Read(t, "gitleaks' files", func(files fs.FS) ([]problem, error) { return unasked(files, "gitleaks", ".gitleaksignore") })
	all := s.gitleaks()
	for i := range all {
		all[i].problems = append(all[i].problems, more...)
	}
	return all, err
}

// judgeLeaks adds to what is said of the workflow what is to be said of the rules, and, if they hold, of the history.
func judgeLeaks(t *facts.Tree, of guide.Result) guide.Result {
	at := guide.Place{File: rules}
	r, err := facts.Read(t, rules, func(files fs.FS) (*leaks.Rules, error) { return leaks.Load(files, rules) })
	if err != nil && !facts.NotThere(err) {
		return guide.NoEvidence("%v", err)
	}
	findings, seen := slices.Clone(of.Findings()), slices.Clone(of.Subjects())
	add := func(mode, subject, detail string, at guide.Place) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: detail, At: at})
	}
	if r == nil {
		add("own-keys-unseen", rules, "write it, with rules for this platform's keys", at)
		return guide.Judge(seen, findings)
	}
	before := len(findings)
	if !r.Default {
		add(leftOut, rules, "write [extend] useDefault = true: without it only the rules of this file count", at)
	}
	if len(r.Disabled) > 0 {
		add(leftOut, rules, "take disabledRules away: "+strings.Join(r.Disabled, ", "), at)
	}
	for _, a := range r.Allowed {
		if len(a.Description) < 20 { // a word is no reason
			add("allowed-without-reason", strings.TrimSpace("allowlist "+a.Rule), "write its reason as its description", at)
		}
	}
	seenBy, err := facts.Keep(t, tried{r}, func() (map[string][]string, error) { return try(r), nil })
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	for _, k := range samples() {
		if !r.Default {
			break // it is said already: of what the file's own rules see nothing follows
		}
		found := seenBy[k.what]
		if len(found) == 0 {
			add("own-keys-unseen", k.what, "no rule finds one that was made to try", at)
			continue
		}
		seen = append(seen, guide.Subject{Name: k.what, Evidence: "one that was made to try is found by " + strings.Join(found, ", "), At: at})
	}
	if len(findings) > before {
		return guide.Judge(seen, findings) // by such rules the history could be clean, and hold secrets
	}
	clean, err := facts.Keep(t, cleanParts{}, func() (*leaks.Clean, error) { return new(leaks.Clean), nil })
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	past, err := facts.Read(t, "leaks", func(files fs.FS) (leaks.Past, error) {
		r, err := leaks.Load(files, rules) // again, so that what is found is known to depend on them
		if err != nil {
			return leaks.Past{}, err
		}
		return r.Search(files, clean)
	})
	if err != nil && len(findings) == 0 {
		return guide.NoEvidence("%v", err)
	}
	for _, l := range past.Leaks {
		add("leak", l.Path, fmt.Sprintf("rule %s, commit %s: replace the secret, whatever becomes of the file", l.Rule, l.Commit), guide.Place{File: l.Path, Line: l.Line})
	}
	seen = append(seen, guide.Subject{Name: "history", Evidence: fmt.Sprintf("%d commits, %d versions of files, %d kB of lines, looked through with gitleaks' own code", past.Commits, past.Versions, past.Bytes>>10)})
	return guide.Judge(seen, findings)
}

// tried are rules that the samples have been tried on.
type tried struct{ rules *leaks.Rules }

// cleanParts is what the parts of histories that nothing was found in are kept by.
type cleanParts struct{}

// try is which rules find each of the samples, by what it is.
func try(r *leaks.Rules) map[string][]string {
	found := map[string][]string{}
	for _, k := range samples() {
		found[k.what] = r.Sees("value: " + k.key + "\n")
	}
	return found
}

// gitleaks are the scans of the history for secrets.
func (s scans) gitleaks() (all []attempt) {
	s.each(func(p place) {
		for i, c := range p.step().Commands {
			a := parse(c.Args[1:], "config", "c", "exit-code", "log-opts", "baseline-path", "b", "gitleaks-ignore-path", "i", "enable-rule", "max-target-megabytes", "report-format", "f", "report-path", "r",
				"report-template", "source", "s", "log-level", "l", "timeout", "platform", "max-decode-depth", "max-archive-depth")
			if c.Args[0] != "gitleaks" || len(a.rest) == 0 {
				continue
			}
			problems := p.stops(&p.step().Commands[i])
			if verb := a.rest[0]; verb != "git" && verb != "detect" || a.has("no-git") != "" || a.has("pipe") != "" {
				problems = append(problems, problem{leftOut, "write gitleaks git: what was committed once and removed is in the history only"})
			}
			if a.last("1", "exit-code") == "0" {
				problems = append(problems, problem{neverFails, "take --exit-code away"})
			}
			if o := a.has("log-opts", "baseline-path", "b", "gitleaks-ignore-path", "i", "enable-rule", "max-target-megabytes", "report-template", "staged", "pre-commit"); o != "" {
				problems = append(problems, problem{leftOut, "take --" + o + " away"})
			}
			if a.has("ignore-gitleaks-allow") == "" {
				problems = append(problems, problem{leftOut, "add --ignore-gitleaks-allow: without it a remark beside a secret hides it"})
			}
			if config := path.Join(c.Dir, a.last(rules, "config", "c")); config != rules {
				problems = append(problems, problem{leftOut, "write --config " + rules + ", whose rules this audit looks at"})
			}
			if why := p.history(); why != "" {
				problems = append(problems, problem{leftOut, why})
			}
			where := a.last(".", "source", "s")
			if a.rest[0] == "git" && len(a.rest) > 1 {
				where = a.rest[1]
			}
			if path.Join(c.Dir, where) == "." {
				all = append(all, attempt{subject: ".", place: p, evidence: line(c), problems: problems})
			}
		}
	})
	return judged(all)
}

// history is why not all of it is checked out before a step; empty if it is.
func (p place) history() string {
	why := "check the repository out before, with fetch-depth: 0"
	for _, b := range p.before() {
		if b.Uses != checkout || strings.TrimSpace(b.With["path"]) != "" {
			continue
		}
		switch {
		case b.With["fetch-depth"] != "0":
			why = "write fetch-depth: 0: one commit is checked out without it"
		case b.With["filter"] != "" || b.With["repository"] != "" || b.With["sparse-checkout"] != "":
			why = "check out all of this repository"
		default:
			why = ""
		}
	}
	return why
}
