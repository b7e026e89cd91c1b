package workflow

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// The bounds of what is read. A workflow that has more is not read at all.
const (
	maxBytes = 512 << 10
	maxNodes = 50_000 // of YAML, aliases followed: a few lines can name each other a billion times
	maxRuns  = 256    // combinations of a matrix: GitHub's own bound
)

// Read reads a workflow. A file that is no workflow at all is an error; one that GitHub would refuse, or understand otherwise than it reads, has Problems.
func Read(files fs.FS, name string) (*Workflow, error) {
	text, err := facts.File(files, name)
	if err != nil {
		return nil, err
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("read %s: a workflow has at most %d bytes", name, maxBytes)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if n := nodes(&root, map[*yaml.Node]int{}); n > maxNodes {
		return nil, fmt.Errorf("read %s: it comes to more than %d values with its aliases followed, or to no end", name, maxNodes)
	}
	parsed, wrong := actionlint.Parse(text)
	if parsed == nil {
		return nil, fmt.Errorf("read %s: it is no workflow: %v", name, wrong)
	}
	w := &Workflow{File: name, Problems: lint(name, text)}
	for _, e := range parsed.On {
		w.On = append(w.On, event(e))
	}
	w.Rights = rights(parsed.Permissions, Rights{})
	if parsed.Concurrency != nil {
		w.Cancels = boolean(parsed.Concurrency.CancelInProgress)
	}
	for _, j := range parsed.Jobs {
		job, err := readJob(parsed, j, w.Rights)
		if err != nil {
			return nil, fmt.Errorf("read %s: job %s: %w", name, j.ID.Value, err)
		}
		w.Jobs = append(w.Jobs, job)
	}
	slices.SortFunc(w.Jobs, func(a, b Job) int { return a.Line - b.Line })
	return w, nil
}

// nodes is how many values a document comes to, at most maxNodes+1; of one that contains itself, that many.
func nodes(n *yaml.Node, known map[*yaml.Node]int) int {
	if at, ok := known[n]; ok {
		return at
	}
	known[n] = maxNodes + 1 // while it is being counted: who meets it again is inside it
	sum := 1
	if n.Kind == yaml.AliasNode {
		sum += nodes(n.Alias, known)
	}
	for _, c := range n.Content {
		if sum += nodes(c, known); sum > maxNodes {
			break
		}
	}
	known[n] = min(sum, maxNodes+1)
	return known[n]
}

// lint is what actionlint says of it. Neither of the programs that it could start is named, so it starts none; it is told of no project, so it reads no other file.
func lint(name string, text []byte) []Problem {
	l, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{LogWriter: io.Discard, WorkingDir: "/"})
	if err != nil {
		return []Problem{{What: err.Error()}}
	}
	found, err := l.Lint(name, text, nil)
	var all []Problem
	for _, f := range found {
		all = append(all, Problem{f.Line, f.Message})
	}
	if err != nil {
		all = append(all, Problem{What: err.Error()})
	}
	return all
}

func event(e actionlint.Event) Event {
	out := Event{Name: e.EventName()}
	switch e := e.(type) {
	case *actionlint.WebhookEvent:
		out.Line = e.Pos.Line
		for _, f := range []*actionlint.WebhookEventFilter{e.Branches, e.BranchesIgnore, e.Tags, e.TagsIgnore, e.Paths, e.PathsIgnore} {
			if f != nil && !everyBranch(f) {
				out.Filters = append(out.Filters, f.Name.Value)
			}
		}
		if len(e.Types) > 0 {
			out.Filters = append(out.Filters, "types")
		}
	case *actionlint.ScheduledEvent:
		out.Line = e.Pos.Line
		for _, c := range e.Cron {
			out.Schedule = append(out.Schedule, value(c))
		}
	}
	return out
}

// everyBranch tells whether a filter names all branches, whatever their names.
func everyBranch(f *actionlint.WebhookEventFilter) bool {
	return f.Name.Value == "branches" && len(f.Values) == 1 && f.Values[0].Value == "**"
}

func readJob(w *actionlint.Workflow, j *actionlint.Job, otherwise Rights) (Job, error) {
	job := Job{
		ID: j.ID.Value, Line: j.Pos.Line, If: value(j.If), ContinueOnError: boolean(j.ContinueOnError), Rights: rights(j.Permissions, otherwise), FailFast: true,
	}
	for _, n := range j.Needs {
		job.Needs = append(job.Needs, value(n))
	}
	if j.TimeoutMinutes != nil {
		job.Minutes = j.TimeoutMinutes.Value
	}
	if j.Concurrency != nil {
		job.Cancels = boolean(j.Concurrency.CancelInProgress)
	}
	if j.RunsOn != nil {
		for _, l := range j.RunsOn.Labels {
			job.RunsOn = append(job.RunsOn, value(l))
		}
		for _, s := range []*actionlint.String{j.RunsOn.LabelsExpr, j.RunsOn.Group} {
			if s != nil {
				job.RunsOn = append(job.RunsOn, value(s))
			}
		}
	}
	switch {
	case j.Container != nil:
		job.Inside = "container"
	case j.Services != nil:
		job.Inside = "services"
	case j.Environment != nil:
		job.Inside = "environment"
	}
	job.Env = append(names(w.Env), names(j.Env)...)
	if j.WorkflowCall != nil {
		job.Calls = value(j.WorkflowCall.Uses)
	}
	var matrix *actionlint.Matrix
	if s := j.Strategy; s != nil {
		matrix = s.Matrix
		if s.FailFast != nil {
			job.FailFast = s.FailFast.Expression != nil || s.FailFast.Value
		}
	}
	rows, dynamic := combinations(matrix)
	if len(rows) > maxRuns {
		return job, fmt.Errorf("its matrix has %d combinations, more than %d", len(rows), maxRuns)
	}
	job.Dynamic = dynamic
	job.FailFast = job.FailFast && (len(rows) > 1 || dynamic != "")
	defaults := actionlint.DefaultsRun{}
	for _, d := range []*actionlint.Defaults{w.Defaults, j.Defaults} {
		if d != nil && d.Run != nil {
			if d.Run.Shell != nil {
				defaults.Shell = d.Run.Shell
			}
			if d.Run.WorkingDirectory != nil {
				defaults.WorkingDirectory = d.Run.WorkingDirectory
			}
		}
	}
	for _, row := range rows {
		scope := scope{matrix: row}
		scope = scope.with(w.Env).with(j.Env)
		run := Run{Matrix: row}
		for _, s := range j.Steps {
			run.Steps = append(run.Steps, readStep(s, defaults, scope))
		}
		job.Runs = append(job.Runs, run)
	}
	return job, nil
}

func readStep(s *actionlint.Step, defaults actionlint.DefaultsRun, in scope) Step {
	in = in.with(s.Env)
	out := Step{ID: value(s.ID), Name: value(s.Name), If: value(s.If), ContinueOnError: boolean(s.ContinueOnError), Line: s.Pos.Line, Env: names(s.Env)}
	switch e := s.Exec.(type) {
	case *actionlint.ExecAction:
		out.Uses, out.Ref, _ = strings.Cut(value(e.Uses), "@")
		out.With, out.Written = map[string]string{}, map[string]string{}
		for name, i := range e.Inputs {
			out.With[strings.ToLower(name)], out.Written[strings.ToLower(name)] = in.expand(value(i.Value)), value(i.Value)
		}
	case *actionlint.ExecRun:
		shell, dir := e.Shell, e.WorkingDirectory
		if shell == nil {
			shell = defaults.Shell
		}
		if dir == nil {
			dir = defaults.WorkingDirectory
		}
		out.Script = value(e.Run)
		out.Commands, out.More, out.Broken = commands(in.expand(out.Script), value(shell), in.expand(value(dir)), in.env)
	}
	return out
}

// names are those of an env.
func names(e *actionlint.Env) (all []string) {
	if e == nil {
		return nil
	}
	for _, v := range e.Vars {
		all = append(all, value(v.Name))
	}
	if e.Expression != nil {
		all = append(all, Unknown)
	}
	slices.Sort(all)
	return all
}

func rights(p *actionlint.Permissions, otherwise Rights) Rights {
	if p == nil {
		return otherwise
	}
	r := Rights{Scopes: map[string]string{}}
	if p.All != nil {
		return Rights{All: p.All.Value}
	}
	for name, s := range p.Scopes {
		r.Scopes[name] = value(s.Value)
	}
	return r
}

func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func boolean(b *actionlint.Bool) string {
	switch {
	case b == nil:
		return ""
	case b.Expression != nil:
		return b.Expression.Value
	case b.Value:
		return "true"
	}
	return "false"
}
