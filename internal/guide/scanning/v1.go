package scanning

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

func v1() guide.Control {
	return guide.Control{
		ID:     "V1",
		Clause: "`.github/workflows/security-scan.yml` runs on push, pull request and nightly",
		Question: "Is the workflow started by every push, every pull request and each night, of every file and branch, and is it run to its end? Does it run what was looked at (actions by commit, " +
			"tools by version), and with no more rights than a scan needs?",
		Modes: []guide.Mode{
			{Name: "no-workflow", What: "there is no such workflow"},
			{Name: "not-valid", What: "GitHub refuses the workflow, or understands it otherwise than it reads"},
			{Name: "not-on-push", What: "a push does not start it"},
			{Name: "not-on-pull-request", What: "a pull request does not start it"},
			{Name: "not-nightly", What: "it does not run each night: what becomes known between two changes is not seen"},
			{Name: "filtered", What: "some branches or files do not start it"},
			{Name: "cut-short", What: "a later run ends one that looks at something else"},
			{Name: "not-pinned", What: "an action or a tool is whatever its name leads to on the day"},
			{Name: "more-rights", What: "a job has more rights than to read the code and to write results, or strangers' changes run with the repository's own"},
			{Name: "no-time-limit", What: "a job that hangs is ended after six hours only"},
		},
		Mutations: v1Mutations(),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			switch {
			case err != nil:
				return guide.NoEvidence("%v", err)
			case s.workflow == nil:
				return guide.Fail(guide.Finding{Mode: "no-workflow", Subject: file, Detail: "write the workflow", At: guide.Place{File: file}})
			}
			return judgeWorkflow(s)
		},
		Silent: "the workflow is of a checkout; what GitHub has run of it is not the platform's running system",
	}
}

// hand is an event by which somebody starts the workflow: beside the three, it leaves nothing out.
var hand = []string{"push", "pull_request", "schedule", "workflow_dispatch", "merge_group"}

func judgeWorkflow(s scans) guide.Result {
	w := s.workflow
	var findings []guide.Finding
	add := func(mode, subject string, line int, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: detail, At: guide.Place{File: file, Line: line}})
	}
	for _, p := range w.Problems {
		add("not-valid", file, p.Line, p.What)
	}
	started := map[string]bool{}
	nightly := false
	for _, e := range w.On {
		started[e.Name] = true
		if len(e.Filters) > 0 && (e.Name == "push" || e.Name == "pull_request") {
			add("filtered", e.Name, e.Line, "take "+strings.Join(e.Filters, ", ")+" away")
		}
		nightly = nightly || slices.ContainsFunc(e.Schedule, daily)
		if !slices.Contains(hand, e.Name) {
			add("more-rights", e.Name, e.Line, "what starts it this way runs with the rights of the repository: take it away")
		}
	}
	for event, mode := range map[string]string{"push": "not-on-push", "pull_request": "not-on-pull-request"} {
		if !started[event] {
			add(mode, file, 0, "add "+event+": to on")
		}
	}
	if !nightly {
		add("not-nightly", file, 0, `add schedule: [{cron: "17 2 * * *"}] to on`)
	}
	if cancels(w.Cancels) {
		add("cut-short", file, 0, "cancel-in-progress: write ${{ github.event_name == 'pull_request' }}, so that a push and the night's run go on to their end")
	}
	for _, r := range excess(w.Rights) {
		add("more-rights", "every job", 0, r)
	}
	for _, j := range w.Jobs {
		if cancels(j.Cancels) {
			add("cut-short", "job "+j.ID, j.Line, "take cancel-in-progress away: the workflow's own is for all of its jobs")
		}
		if j.Minutes == 0 && j.Calls == "" {
			add("no-time-limit", "job "+j.ID, j.Line, "add timeout-minutes")
		}
		for _, r := range excess(j.Rights) {
			add("more-rights", "job "+j.ID, j.Line, r)
		}
		if j.Calls != "" && !strings.HasPrefix(j.Calls, "./") && !byCommit.MatchString(j.Calls) {
			add("not-pinned", "job "+j.ID, j.Line, "name "+j.Calls+" by a commit")
		}
	}
	told := map[string]bool{}
	s.each(func(p place) {
		for _, loose := range unpinned(p.step()) {
			if key := fmt.Sprint(p.step().Line, loose); !told[key] {
				told[key] = true
				add("not-pinned", "job "+p.job.ID, p.step().Line, loose)
			}
		}
	})
	return guide.Judge([]guide.Subject{{
		Name: file, Evidence: fmt.Sprintf("push, pull_request and schedule, %d jobs, read by actionlint without a complaint", len(w.Jobs)), At: guide.Place{File: file},
	}}, findings)
}

// cancels tells whether a later run ends one that looks at something else: of a pull request it looks at the same, as it is by now.
func cancels(inProgress string) bool {
	c := bare(inProgress)
	return c != "" && c != "false" && c != "github.event_name == 'pull_request'"
}

// daily tells whether a schedule of five fields comes at least once each day.
func daily(cron string) bool {
	fields := strings.Fields(cron)
	return len(fields) == 5 && fields[2] == "*" && fields[3] == "*" && fields[4] == "*"
}

// excess are the rights that a job has beyond reading the code and writing results.
func excess(r workflow.Rights) (all []string) {
	switch {
	case r.All != "":
		return []string{"write contents: read and security-events: write instead of " + r.All}
	case r.Scopes == nil:
		return []string{"write permissions: nothing says which it has, so the settings of the repository do"}
	}
	for scope, level := range r.Scopes {
		if level == "write" && scope != "security-events" || level == "read" && scope != "contents" && scope != "security-events" && scope != "actions" {
			all = append(all, "take "+scope+": "+level+" away")
		}
	}
	slices.Sort(all)
	return all
}

var (
	byCommit = regexp.MustCompile(`@[0-9a-f]{40}$`)
	digest   = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	goTool   = regexp.MustCompile(`@v[0-9]+\.[0-9]+\.[0-9]+[-+.0-9a-zA-Z]*$`)
	crate    = regexp.MustCompile(`@=?[0-9]+\.[0-9]+\.[0-9]+`)
)

// unpinned is what a step takes by a name that leads elsewhere tomorrow.
func unpinned(s workflow.Step) (all []string) {
	switch uses := s.Uses + "@" + s.Ref; {
	case s.Uses == "" || strings.HasPrefix(s.Uses, "./"):
	case strings.HasPrefix(s.Uses, "docker://"):
		if !digest.MatchString(uses) {
			all = append(all, "name "+s.Uses+" by its digest")
		}
	case !byCommit.MatchString(uses):
		all = append(all, "name "+s.Uses+" by the commit that "+s.Ref+" leads to now: a tag can be moved")
	}
	for _, c := range s.Commands {
		a := parse(c.Args[1:], "version", "index-url", "i", "root", "features", "C")
		verb := ""
		if len(a.rest) > 0 {
			verb = a.rest[0]
		}
		var form *regexp.Regexp
		switch c.Args[0] + " " + verb {
		case "go install", "go run":
			form = goTool
		case "cargo install":
			if form = crate; a.has("version") != "" {
				form = nil
			}
			if a.has("locked") == "" {
				all = append(all, "install with --locked: "+line(c))
			}
		case "pipx install", "pip install", "pip3 install":
			form = regexp.MustCompile(`==[0-9]`)
		case "npm install", "npm i", "npx ":
			form = regexp.MustCompile(`[^@]@[0-9]`)
		default:
			continue
		}
		for _, what := range a.rest[min(1, len(a.rest)):] {
			if form == nil || strings.HasPrefix(what, "./") || c.Args[0] == "go" && !strings.Contains(what, "@") {
				break // of the checkout itself, or the arguments of what was named
			}
			if !form.MatchString(what) {
				all = append(all, "name the version of "+what)
			}
			if verb == "run" {
				break
			}
		}
	}
	return all
}
