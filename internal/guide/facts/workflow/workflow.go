package workflow

// Unknown stands in a text for what only a run would know.
const Unknown = "⟨unknown⟩"

// Workflow is one file of .github/workflows.
type Workflow struct {
	File     string
	On       []Event
	Rights   Rights // of every job that says nothing of its own
	Cancels  string // concurrency's cancel-in-progress: "", "true", "false", or an expression
	Jobs     []Job  // in the order of the file
	Problems []Problem
}

// Problem is something for which GitHub would not run the workflow, or not as it reads.
type Problem struct {
	Line int
	What string
}

// Event is what starts a workflow.
type Event struct {
	Name     string // "push"
	Line     int
	Filters  []string // keys that leave some of them out: "branches", "paths-ignore", "types" …
	Schedule []string // of schedule: each entry, five fields of cron
}

// Rights are of the token that a job's steps have. A nil Scopes is whatever the repository's settings say.
type Rights struct {
	All    string            // "read-all", "write-all", or empty
	Scopes map[string]string // "contents" to "read"; a scope that is not named is none
}

// Of is "read", "write" or "none"; Unknown where the repository's settings decide.
func (r Rights) Of(scope string) string {
	switch {
	case r.All == "read-all":
		return "read"
	case r.All == "write-all":
		return "write"
	case r.Scopes == nil:
		return Unknown
	case r.Scopes[scope] == "":
		return "none"
	}
	return r.Scopes[scope]
}

// Job is a job.
type Job struct {
	ID              string
	Line            int
	If              string   // empty: always
	ContinueOnError string   // "", "true", "false", or an expression
	Needs           []string // jobs that must have succeeded before it starts
	Rights          Rights
	Minutes         float64  // time limit; 0 if there is none but GitHub's own, six hours
	FailFast        bool     // one combination of its matrix that fails ends the others
	Cancels         string   // its own concurrency's cancel-in-progress, as a workflow's
	RunsOn          []string // labels of the machines that it may run on
	Inside          string   // what it needs or runs in beside the machine: "container", "services", "environment"; empty: nothing
	Env             []string // names of the variables that the workflow and the job set; Unknown for those that an expression sets
	Calls           string   // a workflow that it calls, and has then no steps of its own
	Runs            []Run
	// Dynamic is why its combinations are not known before it runs; Runs is then a single one, in which they are Unknown.
	Dynamic string
}

// Run is a job for one combination of its matrix.
type Run struct {
	Matrix map[string]string
	Steps  []Step
}

// Step is a step. Values of the matrix and of the environment that the file sets are put in.
type Step struct {
	ID, Name        string
	Line            int
	If              string
	ContinueOnError string

	Uses, Ref string            // an action, and what follows its @
	With      map[string]string // its inputs, by lower-case name
	Written   map[string]string // the same as the file has them, expressions and all

	Env []string // names of the variables that it sets, as a job's

	Script   string    // what it runs, as it is written
	Commands []Command // the commands of Script
	Broken   string    // why Script could not be read: it has then no Commands
	More     string    // why Script is more than Commands one after the other; empty if it is no more
}
