package vectors

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Driver is something that claims to behave like the contract with the fixture token beside it.
type Driver interface {
	// Reset makes a fresh contract, deployed with s.Platform, a fresh token and s.Actors holding s.Balances. It returns the story's start in unix
	// seconds, chosen by the driver. No trade exists and nothing is owed.
	Reset(s *Story) (start uint64, err error)
	// Do makes one call when the ledger's close time is c.At, which never goes back.
	Do(c Call) (Answer, error)
	// World makes one act of the world.
	World(w World) error
	// Balance is what an actor, or Contract, holds of the token.
	Balance(actor string) (Amount, error)
	// Owed is owed(token).
	Owed() (Owed, error)
}

// Answer is what a call did. Values in it are built of bool, string, uint32, uint64, Amount, *big.Int, Hash, nil, []any and map[string]any (a struct,
// by the page's field names): addresses are the actors' names, times unix seconds, a trade's id "id:NAME", its terms "terms:NAME".
type Answer struct {
	Code    string // OK, the name of an error, or Unauthorized
	Returns any    // what the function returned; nil for nothing
	Events  [][]any
	// Events are those of our contract alone, in order: the name, then the data. The driver itself has checked the topics behind the name.
}

// Run replays the story and returns what differed in the first step that differs, each with the story's name and the step's number (from 0), or what
// kept the driver from going on. It never stops at a step that went as told.
func Run(d Driver, s *Story) error {
	start, err := d.Reset(s)
	if err != nil {
		return fmt.Errorf("%s: reset: %w", s.Name, err)
	}
	r := runner{driver: d, story: s, start: start, balances: map[string]Amount{Contract: "0"}, owed: Owed{Total: "0", Fees: "0"}}
	for _, a := range s.Actors {
		r.balances[a] = "0"
	}
	maps.Copy(r.balances, s.Balances)
	if err := errors.Join(r.money()...); err != nil {
		return fmt.Errorf("%s: before the first step: %w", s.Name, err)
	}
	for i := range s.Steps {
		if err := r.step(&s.Steps[i]); err != nil {
			return fmt.Errorf("%s: %s: %w", s.Name, describe(i, &s.Steps[i]), err)
		}
	}
	return nil
}

func describe(i int, st *Step) string {
	if st.World != nil {
		return fmt.Sprintf("step %d (at %d, %s)", i, st.At, st.World.Act)
	}
	return fmt.Sprintf("step %d (at %d, %s by %s)", i, st.At, st.Call.Name, st.Call.As)
}

type runner struct {
	driver   Driver
	story    *Story
	start    uint64
	balances map[string]Amount // what the story has said so far
	owed     Owed
}

func (r *runner) step(st *Step) error {
	var errs []error
	if st.World != nil {
		w := *st.World
		w.At = st.At.Unix(r.start)
		if err := r.driver.World(w); err != nil {
			return err
		}
	} else {
		c := *st.Call
		c.At = st.At.Unix(r.start)
		got, err := r.driver.Do(c)
		if err != nil {
			return err
		}
		errs = append(errs, r.answer(got, st.Want)...)
	}
	maps.Copy(r.balances, st.Want.Balances)
	if st.Want.Owed != nil {
		r.owed = *st.Want.Owed
	}
	return errors.Join(append(errs, r.money()...)...)
}

func (r *runner) answer(got Answer, want Want) (errs []error) {
	if got.Code != want.Answer {
		errs = append(errs, fmt.Errorf("answer: got %s, want %s", got.Code, want.Answer))
	}
	if want.Returns != nil {
		errs = append(errs, r.compare("returns", got.Returns, want.Returns))
	}
	for i := range max(len(got.Events), len(want.Events)) {
		name := fmt.Sprintf("event %d", i)
		switch {
		case i >= len(want.Events):
			errs = append(errs, fmt.Errorf("%s: got %s, want no more events", name, show(got.Events[i])))
		case i >= len(got.Events):
			errs = append(errs, fmt.Errorf("%s: got no more events, want %s", name, show(want.Events[i])))
		default:
			errs = append(errs, r.compare(name, got.Events[i], want.Events[i]))
		}
	}
	return errs
}

func (r *runner) compare(what string, got, want any) error {
	g, err := canonical(got)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	w, err := expected(want, r.start)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !same(g, w) {
		return fmt.Errorf("%s:\n got %s\nwant %s", what, show(g), show(w))
	}
	return nil
}

// money compares every balance and what is owed with what the story has said so far.
func (r *runner) money() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(r.balances)) {
		got, err := r.driver.Balance(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("balance of %s: %w", name, err))
		} else if got != r.balances[name] {
			errs = append(errs, fmt.Errorf("balance of %s: got %s, want %s", name, got, r.balances[name]))
		}
	}
	got, err := r.driver.Owed()
	if err != nil {
		errs = append(errs, fmt.Errorf("owed: %w", err))
	} else if got != r.owed {
		errs = append(errs, fmt.Errorf("owed: got %+v, want %+v", got, r.owed))
	}
	return errs
}
