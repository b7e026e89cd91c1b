package e2e

import (
	"fmt"
	"math/big"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// payouts compares, step by step, what is listed of payouts with what the balances in the ledger say.
type payouts struct {
	actors []string                    // of the story
	before map[string]*big.Int         // what each of them, and the contract, had before the call
	taxBps int64                       // what the token takes of a transfer
	listed map[string]*store.PayoutKey // by list, the last one that has been compared
	paid   int                         // payouts of the story that have been compared
}

// beginPayouts forgets the story before: its people are those of this one, with lists of their own.
func (p *projected) beginPayouts(s *vectors.Story) error {
	p.payouts = payouts{actors: s.Actors, listed: map[string]*store.PayoutKey{}}
	for _, name := range s.Actors {
		last, err := p.store.Payouts(p.ctx, store.PayoutFilter{Account: p.keys[name].Address(), Newest: true, Limit: 1})
		if err != nil {
			return err
		}
		for _, one := range last {
			p.payouts.listed[name] = new(one.Key())
		}
	}
	return nil
}

// balances are those of everybody in the story.
func (p *projected) balances() (map[string]*big.Int, error) {
	all := map[string]*big.Int{}
	for _, name := range append(p.payouts.actors, vectors.Contract) {
		b, err := p.Balance(name)
		if err != nil {
			return nil, err
		}
		all[name] = whole(b)
	}
	return all, nil
}

// Do is a call of the story, with the balances before it.
func (p *projected) Do(c vectors.Call) (_ vectors.Answer, err error) {
	if p.payouts.before, err = p.balances(); err != nil {
		return vectors.Answer{}, err
	}
	return p.built.Do(c)
}

// World is an act of the world; the token's tax is to be known.
func (p *projected) World(w vectors.World) error {
	switch w.Act {
	case "tax":
		p.payouts.taxBps = int64(w.Bps)
	case "freeze":
		p.payouts.taxBps = 0
	}
	return p.built.World(w)
}

// since are the payouts of a list that were not in it before.
func (p *projected) since(list string, f store.PayoutFilter) (all []store.ListedPayout, err error) {
	f.After, f.Limit = p.payouts.listed[list], store.MaxPage
	if all, err = p.store.Payouts(p.ctx, f); err == nil && len(all) > 0 {
		p.payouts.listed[list] = new(all[len(all)-1].Key())
	}
	return all, err
}

// comparePayouts is for an included call: to the last unit, each balance has changed by what the lists say, by what the signer has deposited, and by the fees that
// were collected, which no list holds.
func (p *projected) comparePayouts(c *vectors.Call, events []escrow.Event) error {
	after, err := p.balances()
	if err != nil {
		return err
	}
	want := map[string]*big.Int{}
	gain := func(name string, x *big.Int) {
		if want[name] == nil {
			want[name] = new(big.Int)
		}
		want[name].Add(want[name], x)
	}
	pay := func(to string, x *big.Int) {
		tax := new(big.Int).Mul(x, big.NewInt(p.payouts.taxBps))
		gain(to, new(big.Int).Sub(x, tax.Quo(tax, big.NewInt(10_000))))
		gain(vectors.Contract, new(big.Int).Neg(x))
	}
	if c.Deposit != "" {
		gain(c.As, new(big.Int).Neg(whole(c.Deposit)))
		gain(vectors.Contract, whole(c.Deposit)) // an included call has got all of it
	}
	for _, e := range events {
		if collected, ok := e.(escrow.Collected); ok {
			pay(p.nameOf(string(collected.To)), units(collected.Amount))
		}
	}
	// The contract moves what the events of a call pay somebody at once: the token taxes the sum.
	var listed []store.ListedPayout
	for _, name := range p.payouts.actors {
		got, err := p.since(name, store.PayoutFilter{Account: p.keys[name].Address()})
		if err != nil {
			return err
		}
		sum := new(big.Int)
		for _, one := range got {
			sum.Add(sum, units(one.Amount))
			if one.Asset != p.token.String() {
				return fmt.Errorf("a payout in asset %s: %+v", one.Asset, one)
			}
		}
		if sum.Sign() > 0 {
			pay(name, sum)
		}
		listed = append(listed, got...)
	}
	for name, had := range p.payouts.before {
		change := new(big.Int).Sub(after[name], had)
		if want[name] == nil {
			want[name] = new(big.Int)
		}
		if change.Cmp(want[name]) != 0 {
			return fmt.Errorf("%s of %s: the balance of %s has changed by %s, payouts and deposits are %s: %+v", c.Name, c.As, name, change, want[name], listed)
		}
	}
	return p.samePayouts(c, listed)
}

// samePayouts says that the list of the call's trade holds what the lists of accounts do.
func (p *projected) samePayouts(c *vectors.Call, listed []store.ListedPayout) error {
	if c.Trade == "" {
		if len(listed) > 0 {
			return fmt.Errorf("%s is about no trade, and has paid %+v", c.Name, listed)
		}
		return nil
	}
	id, err := p.ID(p.Terms[c.Trade])
	if err != nil {
		return err
	}
	of, err := p.since("trade "+c.Trade, store.PayoutFilter{Trade: &id})
	if err != nil {
		return err
	}
	byKey := map[store.PayoutKey]store.ListedPayout{}
	for _, one := range listed {
		byKey[one.Key()] = one
	}
	for _, one := range of {
		if d := cmp.Diff(one, byKey[one.Key()], cmp.AllowUnexported(amount.Int128{})); d != "" || one.Trade != id || one.At != c.At {
			return fmt.Errorf("a payout in the list of the trade and in that of the account (-trade +account): %+v\n%s", one, d)
		}
	}
	if len(of) != len(listed) || len(byKey) != len(listed) {
		return fmt.Errorf("the trade lists %d payouts, accounts %d: %+v", len(of), len(listed), listed)
	}
	p.payouts.paid += len(of)
	return nil
}

func (p *projected) nameOf(account string) string {
	for _, name := range p.payouts.actors {
		if p.keys[name].Address() == account {
			return name
		}
	}
	return account
}

func units(a amount.Int128) *big.Int { return whole(vectors.Amount(a.Units())) }
