package guide

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Control is a clause of the guide as code.
type Control struct {
	ID       string // of the clause: "N8"
	Clause   string // what the guide says, as docs/guide.md has it
	Question string // what is asked to find out whether it holds
	Modes    []Mode // every way to fail

	// Tree judges the files of a checkout, Running the running system; one that is nil has nothing to say of the clause, which Silent then explains.
	// Neither changes anything, and what it cannot look at is NoEvidence.
	Tree    func(context.Context, *facts.Tree) Result
	Running func(context.Context, *facts.System) Result
	Silent  string

	// Agree holds what runs against the files, object by object; it is asked where both are. nil: the two columns' verdicts are held against each other, no more.
	Agree func(context.Context, *facts.Tree, *facts.System) Result

	// Mutations break the tree in each of the ways that it shows, Breaks the running system.
	Mutations []Mutation
	Breaks    []Break

	// Pending is of a clause of which it is not judged yet whether it holds: it never passes, so nothing need show that it can fail.
	Pending bool

	// As is the clause that asks the same, if there is one: the checklist asks some again. What breaks that clause breaks this one in the same ways.
	As string

	// OnlyRunning is of a clause that no file can show to hold: without the running system it is at best NOT EVIDENCED.
	OnlyRunning bool
}

var idForm = regexp.MustCompile(`^([A-Z])([1-9][0-9]*)([a-z]?)$`)

// Section is the letter of the clause's section.
func (c Control) Section() string { return c.ID[:1] }

// check is what is wrong with the control itself.
func (c Control) check() error {
	var errs []error
	if !idForm.MatchString(c.ID) {
		return fmt.Errorf("control %q: its id is not a letter and a number", c.ID)
	}
	if c.Clause == "" || c.Question == "" {
		errs = append(errs, errors.New("it has no clause or no question"))
	}
	if c.Tree == nil && c.Running == nil {
		errs = append(errs, errors.New("it looks at nothing"))
	}
	if (c.Tree == nil || c.Running == nil) != (c.Silent != "") {
		errs = append(errs, errors.New("its Silent says why one column has nothing to say, and is for that alone"))
	}
	if len(c.Modes) == 0 {
		errs = append(errs, errors.New("it cannot fail"))
	}
	names := map[string]bool{}
	for _, m := range c.Modes {
		if m.Name == "" || m.What == "" || names[m.Name] {
			errs = append(errs, fmt.Errorf("mode %q has no name, says nothing, or is there twice", m.Name))
		}
		names[m.Name] = true
	}
	for _, m := range c.Mutations {
		if !names[m.Mode] || m.What == "" || m.Change == nil {
			errs = append(errs, fmt.Errorf("mutation %q (%s) is of no mode, or does nothing", m.Mode, m.What))
		}
	}
	for _, b := range c.Breaks {
		if !names[b.Mode] || b.What == "" || len(b.Of) == 0 || b.Do == nil {
			errs = append(errs, fmt.Errorf("break %q (%s) is of no mode, of no part of the running system, or does nothing", b.Mode, b.What))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("control %s: %w", c.ID, err)
	}
	return nil
}

// Again is a control under another clause, which asks the same once more.
func Again(c Control, id, clause string) Control {
	c.As, c.ID, c.Clause, c.Mutations, c.Breaks = c.ID, id, clause, nil, nil
	return c
}

// NotYet is the running column of a clause of which this audit does not look at the running system yet: it is never a pass.
func NotYet(what string) func(context.Context, *facts.System) Result {
	return func(context.Context, *facts.System) Result { return NoEvidence("%s is not looked at yet", what) }
}

// Guide is all controls, in the order of the guide.
type Guide struct {
	controls []Control
}

// sections in the order of the guide.
const sections = "NSVMPAC"

// New is the guide of these controls. It fails for a control that could not fail, that looks at nothing, or that is there twice.
func New(controls ...Control) (*Guide, error) {
	var errs []error
	seen := map[string]bool{}
	for _, c := range controls {
		if err := c.check(); err != nil {
			errs = append(errs, err)
		}
		if seen[c.ID] {
			errs = append(errs, fmt.Errorf("control %s is there twice", c.ID))
		}
		seen[c.ID] = true
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	sorted := slices.Clone(controls)
	slices.SortFunc(sorted, func(a, b Control) int { return compareIDs(a.ID, b.ID) })
	return &Guide{sorted}, nil
}

func compareIDs(a, b string) int {
	x, y := idForm.FindStringSubmatch(a), idForm.FindStringSubmatch(b)
	n, _ := strconv.Atoi(x[2])
	m, _ := strconv.Atoi(y[2])
	return cmp.Or(cmp.Compare(indexOf(x[1]), indexOf(y[1])), cmp.Compare(n, m), cmp.Compare(x[3], y[3]))
}

func indexOf(section string) int {
	return slices.Index([]byte(sections), section[0])
}

// Controls are all of them, in the order of the guide.
func (g *Guide) Controls() []Control { return slices.Clone(g.controls) }

// Choose gives the controls of these clauses ("N3") and sections ("N"), all of them for none. The error names one that the guide does not have.
func (g *Guide) Choose(names []string) ([]Control, error) {
	if len(names) == 0 {
		return g.Controls(), nil
	}
	wanted := map[string]bool{}
	for _, name := range names {
		found := false
		for _, c := range g.controls {
			if c.ID == name || c.Section() == name {
				wanted[c.ID], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("the guide has no clause or section %q: name one such as N3, or a section: N, S, V, M, P, A, C", name)
		}
	}
	var chosen []Control
	for _, c := range g.controls {
		if wanted[c.ID] {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}
