// Package workflow reads a GitHub workflow as GitHub does: what starts it, what each job may do, and what each step runs, once for every combination of a job's matrix. Scripts are
// read by a shell's grammar, so that it is known of each command whether its failure is the step's.
//
// Nothing is executed, no action is looked up, and what only a run would know (an expression of its context, what another command prints) is Unknown.
package workflow
