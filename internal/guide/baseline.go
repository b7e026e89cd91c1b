package guide

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Baseline is what is known not to hold, why that is borne, and until when: so that an audit of a platform on its way tells what is new.
type Baseline struct {
	Accepted []Accepted `yaml:"accepted"`
}

// Accepted is one clause that is known not to hold.
type Accepted struct {
	Clause  string   `yaml:"clause"`
	Verdict Verdict  `yaml:"verdict"` // FAIL or NOT EVIDENCED
	Modes   []string `yaml:"modes"`   // the ways to fail, exactly
	Reason  string   `yaml:"reason"`
	Until   string   `yaml:"until"` // a day, the last one: 2027-03-31
}

const day = "2006-01-02"

// longestYears is how far ahead an acceptance may end: beyond, nobody who wrote it reads it again.
const longestYears = 2

// ReadBaseline reads a baseline. Everything that is wrong with it is told at once.
func ReadBaseline(text []byte) (Baseline, error) {
	var b Baseline
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	switch err := dec.Decode(&b); {
	case errors.Is(err, io.EOF):
		return b, errors.New("baseline: there is nothing in it: write accepted: [] if everything has to hold")
	case err != nil:
		return b, fmt.Errorf("baseline: %w", err)
	}
	if dec.Decode(&yaml.Node{}) != io.EOF {
		return b, errors.New("baseline: there is a second document (---), which nothing would read: put all under one accepted")
	}
	var errs []error
	seen := map[string]bool{}
	for i, a := range b.Accepted {
		wrong := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("baseline: entry %d (%s): %w", i+1, a.Clause, fmt.Errorf(format, args...)))
		}
		if a.Clause == "" || seen[a.Clause] {
			wrong("it names no clause, or one that is there twice")
		}
		seen[a.Clause] = true
		if a.Verdict != Failed && a.Verdict != NotEvidenced {
			wrong("verdict %q can not be accepted: write %s or %s", a.Verdict, Failed, NotEvidenced)
		}
		if (a.Verdict == Failed) != (len(a.Modes) > 0) {
			wrong("a clause that is %s has its modes here, one that is %s has none", Failed, NotEvidenced)
		}
		if strings.TrimSpace(a.Reason) == "" {
			wrong("it has no reason")
		}
		if _, err := time.Parse(day, a.Until); err != nil {
			wrong("until %q is not a day such as 2027-03-31", a.Until)
		}
	}
	return b, errors.Join(errs...)
}

// Of tells of every entry whose clause, or one of whose ways to fail, the guide does not have.
func (b Baseline) Of(g *Guide) error {
	var errs []error
	for i, a := range b.Accepted {
		at := slices.IndexFunc(g.controls, func(c Control) bool { return c.ID == a.Clause })
		if at < 0 {
			errs = append(errs, fmt.Errorf("baseline: entry %d: the guide has no clause %q: escrowctl audit --explain names them all", i+1, a.Clause))
			continue
		}
		for _, mode := range a.Modes {
			if !slices.ContainsFunc(g.controls[at].Modes, func(m Mode) bool { return m.Name == mode }) {
				errs = append(errs, fmt.Errorf("baseline: entry %d (%s): the clause has no way to fail called %q: escrowctl audit --explain %s names them all", i+1, a.Clause, mode, a.Clause))
			}
		}
	}
	return errors.Join(errs...)
}

// ErrBaseline is wrapped by the error of an audit that is not as its baseline says.
var ErrBaseline = errors.New("the audit is not as its baseline says")

// Check compares a report with the baseline. The error (ErrBaseline) names each clause that is worse or otherwise than it is accepted to be, each acceptance
// whose day is over or too far away, and each that is no longer needed: what has been won stays won.
func (b Baseline) Check(r Report) error {
	var errs []error
	for _, c := range r.Clauses {
		errs = append(errs, b.check(c, r.At))
	}
	for _, a := range b.Accepted {
		if !slices.ContainsFunc(r.Clauses, func(c Clause) bool { return c.Control.ID == a.Clause }) {
			errs = append(errs, fmt.Errorf("%s was not asked for: ask for the whole guide, or for what the baseline has", a.Clause))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrBaseline, err)
	}
	return nil
}

// check is what differs of one clause.
func (b Baseline) check(c Clause, now time.Time) error {
	i := slices.IndexFunc(b.Accepted, func(a Accepted) bool { return a.Clause == c.Control.ID })
	bad := c.Verdict == Failed || c.Verdict == NotEvidenced
	switch {
	case i < 0 && bad:
		return fmt.Errorf("%s is %s, which is not accepted", c.Control.ID, found(c.Verdict, c.Modes()))
	case i < 0:
		return nil
	}
	a := b.Accepted[i]
	modes := slices.Sorted(slices.Values(a.Modes))
	until, _ := time.Parse(day, a.Until)
	switch {
	case !bad:
		return fmt.Errorf("%s is %s by now: take it out of the baseline", c.Control.ID, c.Verdict)
	case a.Verdict != c.Verdict || !slices.Equal(modes, c.Modes()):
		return fmt.Errorf("%s is %s, accepted is %s", c.Control.ID, found(c.Verdict, c.Modes()), found(a.Verdict, modes))
	case until.After(now.AddDate(longestYears, 0, 0)):
		return fmt.Errorf("%s is accepted until %s: name a day within %d years, and look again then", c.Control.ID, a.Until, longestYears)
	case now.After(until.AddDate(0, 0, 1)):
		return fmt.Errorf("%s was accepted until %s: %s", c.Control.ID, a.Until, a.Reason)
	}
	return nil
}

// found is a verdict with the ways to fail that it has.
func found(v Verdict, modes []string) string {
	return strings.TrimSpace(string(v) + " " + strings.Join(modes, ", "))
}

// Accepts tells whether the baseline that the report is held against has a clause that does not hold exactly as it is, and today.
func (r Report) Accepts(c Clause) bool {
	return r.Held != nil && (c.Verdict == Failed || c.Verdict == NotEvidenced) && r.Held.check(c, r.At) == nil
}
