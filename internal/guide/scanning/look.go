package scanning

import (
	"io/fs"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/projects"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

// file is the workflow that the guide names.
const file = ".github/workflows/security-scan.yml"

// scans is what the controls of this section look at.
type scans struct {
	workflow *workflow.Workflow // nil: there is none
	tree     projects.Found
	bearings []bearing
	work     []problem // of what go reads unasked
}

// look reads both. A workflow that is not there is nil: nothing is scanned then, which every control says of its own subjects.
func look(t *facts.Tree) (scans, error) {
	w, err := facts.Read(t, file, func(files fs.FS) (*workflow.Workflow, error) { return workflow.Read(files, file) })
	if err != nil && !facts.NotThere(err) {
		return scans{}, err
	}
	borne, err := facts.Read(t, borneModules, bearings)
	if err != nil {
		return scans{}, err
	}
	found, err := facts.Read(t, "projects", projects.Find)
	if err != nil {
		return scans{}, err
	}
	work, err := facts.Read(t, "go's files", goFiles)
	return scans{w, found, borne, work}, err
}

// each calls do for every step of the workflow, once for each combination of its job's matrix.
func (s scans) each(do func(place)) {
	if s.workflow == nil {
		return
	}
	for i := range s.workflow.Jobs {
		j := &s.workflow.Jobs[i]
		for r := range j.Runs {
			for n := range j.Runs[r].Steps {
				do(place{j, &j.Runs[r], n})
			}
		}
	}
}

// place is a step of a job, in one combination of its matrix.
type place struct {
	job *workflow.Job
	run *workflow.Run
	n   int
}

func (p place) step() workflow.Step     { return p.run.Steps[p.n] }
func (p place) before() []workflow.Step { return p.run.Steps[:p.n] }
func (p place) at() guide.Place         { return guide.Place{File: file, Line: p.step().Line} }
func (p place) beside(n int) place      { return place{p.job, p.run, n} }
func (p place) after() (all []place) {
	for n := p.n + 1; n < len(p.run.Steps); n++ {
		all = append(all, p.beside(n))
	}
	return all
}

// attempt is a scan of one subject.
type attempt struct {
	subject  string
	of       build // of which it was made before; nothing for what was not
	place    place
	until    place  // where it ends, if that is another step
	evidence string // what is run
	problems []problem
}

// problem is why a scan is none, or does not stop what is under way.
type problem struct{ mode, detail string }

// The ways to fail that every scan shares.
const (
	notScanned   = "not-scanned"
	switchedOff  = "switched-off"
	neverFails   = "never-fails"
	leftOut      = "left-out"
	nothingThere = "nothing-there"
)

func shared(of string) []guide.Mode {
	return []guide.Mode{
		{Name: notScanned, What: of + " is scanned by nothing"},
		{Name: switchedOff, What: "the scan runs only under a condition, or when another job has succeeded"},
		{Name: neverFails, What: "the job succeeds whatever the scan finds"},
		{Name: leftOut, What: "a part of what the scan must look at is left out"},
		{Name: unjudged, What: "where it runs, or what is set or done before it, is none of what is known to leave the scan as it reads"},
		{Name: nothingThere, What: "the scan is of something that is not in the tree"},
	}
}

// unless tells whether a condition holds back nothing but what somebody cancelled.
func unless(condition string) bool {
	switch bare(condition) {
	case "", "always()", "!cancelled()":
		return true
	}
	return false
}

// stops are the problems that any scan can have where it stands. c is nil for an action.
func (p place) stops(c *workflow.Command) (all []problem) {
	j, s := p.job, p.step()
	switch {
	case j.If != "":
		all = append(all, problem{switchedOff, "job " + j.ID + " has a condition: " + j.If})
	case len(j.Needs) > 0:
		all = append(all, problem{switchedOff, "job " + j.ID + " waits for " + j.Needs[0] + ": when that is skipped, so is the scan"})
	case !unless(s.If):
		all = append(all, problem{switchedOff, "the step has a condition: " + s.If})
	}
	switch {
	case ignored(j.ContinueOnError):
		all = append(all, problem{neverFails, "job " + j.ID + " has continue-on-error"})
	case ignored(s.ContinueOnError):
		all = append(all, problem{neverFails, "the step has continue-on-error"})
	case c != nil && c.Lost != "":
		all = append(all, problem{neverFails, "its script loses that the scan failed: " + c.Lost})
	}
	return all
}

func ignored(continueOnError string) bool { return continueOnError != "" && continueOnError != "false" }
