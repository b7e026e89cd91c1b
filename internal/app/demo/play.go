package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// ErrDoesNotAddUp is returned when a balance is not what the terms say.
var ErrDoesNotAddUp = errors.New("the balances do not add up")

// Play plays all stories on w, one after the other, prints them to out, and counts.
func Play(ctx context.Context, w World, out io.Writer) error {
	p := &player{World: w, out: out}
	for i, s := range stories {
		if _, err := fmt.Fprintf(out, "\nStory %d of %d. %s\n", i+1, len(stories), s.title); err != nil {
			return err
		}
		if err := p.story(ctx, s); err != nil {
			return fmt.Errorf("story %d: %w", i+1, err)
		}
	}
	_, err := fmt.Fprintf(out, "\n%d stories played; every balance adds up to the stroop.\n", len(stories))
	return err
}

// books are all balances at one moment, in stroops: the people's, the contract's, and of that what is booked for the platform.
type books struct {
	people map[string]int64
	held   int64
	fees   int64
}

func (b books) sum() (n int64) {
	for _, have := range b.people {
		n += have
	}
	return n + b.held
}

func (p *player) books(ctx context.Context) (b books, err error) {
	b.people = map[string]int64{}
	for role, key := range p.People {
		if b.people[role], err = p.Balance(ctx, key.Address()); err != nil {
			return b, fmt.Errorf("balance of %s: %w", role, err)
		}
	}
	if b.held, err = p.Balance(ctx, p.Contract); err != nil {
		return b, fmt.Errorf("balance of the contract: %w", err)
	}
	if b.fees, err = p.Fees(ctx); err != nil {
		return b, fmt.Errorf("booked fees: %w", err)
	}
	return b, nil
}

func (p *player) story(ctx context.Context, s story) error {
	p.n = 0
	before, err := p.books(ctx)
	if err != nil {
		return err
	}
	if err := s.play(ctx, p); err != nil {
		return err
	}
	after, err := p.books(ctx)
	if err != nil {
		return err
	}
	return p.count(s, before, after)
}

// count prints every balance that could have moved, and compares each with the story's own sum.
func (p *player) count(s story, before, after books) error {
	fmt.Fprintf(p.out, "\n  %-22s %18s %18s %18s\n", "USDC", "before", "after", "gained")
	var wrong []error
	for _, role := range slices.Sorted(maps.Keys(p.People)) {
		gained := after.people[role] - before.people[role]
		if gained != s.gained[role] {
			wrong = append(wrong, fmt.Errorf("%w: %s gained %s, the terms say %s", ErrDoesNotAddUp, role, shown(gained), shown(s.gained[role])))
		}
		if before.people[role] != 0 || after.people[role] != 0 {
			fmt.Fprintf(p.out, "  %-22s %18s %18s %18s\n", role, shown(before.people[role]), shown(after.people[role]), shown(gained))
		}
	}
	fmt.Fprintf(p.out, "  %-22s %18s %18s %18s\n", "contract", shown(before.held), shown(after.held), shown(after.held-before.held))
	fmt.Fprintf(p.out, "  %-22s %18s %18s %18s\n", "  of that, fees", shown(before.fees), shown(after.fees), shown(after.fees-before.fees))
	fmt.Fprintf(p.out, "  %-22s %18s %18s %18s\n", "all together", shown(before.sum()), shown(after.sum()), shown(after.sum()-before.sum()))
	if got := after.fees - before.fees; got != s.booked {
		wrong = append(wrong, fmt.Errorf("%w: fees of %s are booked, the terms say %s", ErrDoesNotAddUp, shown(got), shown(s.booked)))
	}
	if after.held != after.fees {
		wrong = append(wrong, fmt.Errorf("%w: the contract holds %s, and owes %s in fees and nothing else", ErrDoesNotAddUp, shown(after.held), shown(after.fees)))
	}
	if before.sum() != after.sum() {
		wrong = append(wrong, fmt.Errorf("%w: there was %s in all, and is %s", ErrDoesNotAddUp, shown(before.sum()), shown(after.sum())))
	}
	return errors.Join(wrong...)
}

func shown(stroops int64) string { return amount.Stroops(stroops).Format(amount.Decimals) }

// parked shows what waits in the trade for its owner.
func (t *trade) parked(ctx context.Context) error {
	var answer struct {
		Parked []struct {
			Name   string `json:"name"`
			Amount string `json:"amount"`
		} `json:"parked"`
	}
	if err := t.p.call(ctx, http.MethodGet, "/trades/"+t.id, nil, &answer); err != nil {
		return err
	}
	if len(answer.Parked) != 1 {
		return fmt.Errorf("%w: %d payouts are parked, not one", ErrDoesNotAddUp, len(answer.Parked))
	}
	t.p.n++
	_, err := fmt.Fprintf(t.p.out, "%3d. The payout failed and is parked: %s USDC for the %s, in the trade itself.\n", t.p.n, answer.Parked[0].Amount, answer.Parked[0].Name)
	return err
}
