// Package guide holds the hardening guide as controls: for each clause the question, what has to be looked at, every way to fail by its name, and
// a judge that is given what was found and touches nothing.
//
// A control looks at two things apart, the tree (files of a checkout) and the running system, and its clause has the worse of what the two
// say. What nobody looked at is never a pass: a Pass names its subjects, and without any it is NotEvidenced.
//
// Collecting is package facts' and probe's; the clauses are in a folder for each section of the guide (network, secrets …), a file for each clause;
// package report writes what came out.
package guide
