package scanning

import (
	"context"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

func c2() guide.Control {
	return guide.Control{
		ID:       "C2",
		Clause:   "dependency audits pass with nothing critical",
		Question: "Can nothing be deployed past an audit of each of the tree's dependency files (V2, V3, V3g), those of languages that nothing here audits too, but for modules of tests alone, of which V3g has the reason? Running: is there a result of each, of the commit that is deployed and of these days, with nothing in it that its job would fail on?",
		Modes:    append([]guide.Mode{{Name: "no-gate", What: "a file that names dependencies is audited by nothing that could stop a deployment"}}, scannedModes("a file that names dependencies")...),
		Mutations: []guide.Mutation{
			{Mode: "no-gate", What: "Go modules are audited at night only", Also: []string{"V3g/" + switchedOff}, Change: func(d *guide.Draft) error {
				return replaceIn(d, "govulncheck", "    runs-on:", "    if: ${{ github.event_name == 'schedule' }}\n    runs-on:")
			}},
			{Mode: "no-gate", What: "Rust crates may have holes", Also: []string{"V3/" + neverFails}, Change: func(d *guide.Draft) error {
				return replaceIn(d, "cargo-audit", "    runs-on:", "    continue-on-error: ${{ github.event_name == 'push' }}\n    runs-on:")
			}},
			{Mode: "no-gate", What: "packages of a language that nothing audits", Change: func(d *guide.Draft) error {
				return d.Write("tools/requirements.txt", []byte("django==1.0\n"))
			}},
		},
		OnlyRunning: true,
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			required, audits, err := audited(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeGates(required, audits)
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return ranScans(ctx, s, auditors(), s.Now())
		},
		Agree: func(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
			required, audits, err := audited(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return agreeScans(ctx, t, s, auditors(), required, audits)
		},
	}
}

// audited are the files that must be audited, and the audits that there are.
func audited(t *facts.Tree) (required []subject, audits []attempt, err error) {
	s, err := look(t)
	if err != nil {
		return nil, nil, err
	}
	npm, err := s.npm(t)
	if err != nil {
		return nil, nil, err
	}
	cargo, err := s.cargo(t)
	if err != nil {
		return nil, nil, err
	}
	others := slices.DeleteFunc(slices.Clone(s.tree.Others), func(name string) bool { return strings.HasPrefix(name, ofTests) })
	return slices.Concat(s.packages(), s.locks(), s.deployable(), paths(others, "there is no audit of it here: leave it out, or add one to the workflow and to this control")), slices.Concat(npm, cargo, s.govulncheck()), nil
}

// judgeGates holds that each subject has a scan that nothing gets past.
func judgeGates(subjects []subject, attempts []attempt) guide.Result {
	var findings []guide.Finding
	var seen []guide.Subject
	for _, s := range subjects {
		i := slices.IndexFunc(attempts, func(a attempt) bool { return a.subject == s.name && len(a.problems) == 0 })
		if i < 0 {
			findings = append(findings, guide.Finding{Mode: "no-gate", Subject: s.name, Detail: s.what + ", so that it stops a deployment", At: s.at})
			continue
		}
		seen = append(seen, guide.Subject{Name: s.name, Evidence: "stopped by job " + attempts[i].place.job.ID, At: attempts[i].place.at()})
	}
	return guide.Judge(seen, findings)
}
