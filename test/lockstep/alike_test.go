package lockstep

import (
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// alike compares all that is stored and held after a step, and asks what must always hold.
func (w *pair) alike(line *told) error {
	view := w.site.Chain().View()
	defer view.Close()
	for _, token := range []string{vectors.Token, coin} {
		purse := w.bank.purses[w.Address[token]]
		for _, who := range append(people(), vectors.Contract) {
			is, err := w.site.balanceIn(view, token, who)
			if err != nil {
				return err
			}
			want := purse.has(w.Address[who])
			line.after[[2]string{token, who}] = want
			if is != want {
				return w.differ("%s holds %s of %s, in the model %s", who, is.Units(), token, want.Units())
			}
		}
		if err := purse.balanced(); err != nil {
			return w.differ("%s: %v", token, err)
		}
		if err := w.owes(view, token, line); err != nil {
			return err
		}
	}
	return nil
}

// owes compares what is owed in a token, and holds it against what the trades in it hold and what is there.
func (w *pair) owes(view ledger.View, token string, line *told) error {
	owed, err := w.site.owed(view, w.site.address(token))
	if err != nil {
		return err
	}
	if want := w.model.Owed[w.Address[token]]; owed != want {
		return w.differ("%s of %s are owed, %s of that as fees; in the model %s and %s", owed.Total.Units(), token, owed.Fees.Units(), want.Total.Units(), want.Fees.Units())
	}
	if token == vectors.Token {
		line.owed = owed
	}
	sum := owed.Fees
	for _, name := range slices.Sorted(maps.Keys(w.terms)) {
		if w.terms[name].Asset != token {
			continue
		}
		id := w.ids[w.Terms[name].Salt]
		is, err := w.site.trade(view, id)
		if err != nil {
			return w.differ("trade %s: %v", name, err)
		}
		var want *escrow.Trade
		if t, ok := w.model.Trades[id]; ok {
			want = &t
		}
		if !same(w.Value(is), w.Value(want)) {
			return w.differ("trade %s is %s, in the model %s", name, show(w.Value(is)), show(w.Value(want)))
		}
		if is != nil {
			sum = sum.Plus(is.Holds())
		}
	}
	if sum != owed.Total {
		return w.differ("%s of %s are owed, the trades and fees are %s", owed.Total.Units(), token, sum.Units())
	}
	if held := w.bank.purses[w.Address[token]].has(w.bank.us); held.Less(owed.Total) && !w.taken[token] {
		return w.differ("%s of %s are owed and %s held, and nobody took any", owed.Total.Units(), token, held.Units())
	}
	return nil
}
