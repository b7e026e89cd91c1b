package lockstep

import (
	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// possible tells whether an act of the world can be done now: a story that was made shorter has acts that cannot.
func (w *pair) possible(a *act) bool {
	who := w.Address[a.actor]
	switch a.kind {
	case "seize":
		return !w.fixture().held[who].Less(a.amount)
	case "coin-take":
		l, ok := w.coins().lines[who]
		return ok && !l.held.Less(a.amount) && w.exists(a.actor)
	case "coin-freeze":
		_, ok := w.coins().lines[who]
		return ok
	case "coin-issue":
		return w.coins().takes(who, a.amount)
	case "coin-line":
		l, ok := w.coins().lines[who]
		return !isContract(a.actor) && (ok && !l.frozen || a.amount.Sign() > 0) && (a.amount.Sign() == 0 || !a.amount.Less(l.held))
	}
	return true
}

// exists tells whether somebody has a place for the network's asset: a contract has one from its first payment on.
func (w *pair) exists(who string) bool {
	return who != vectors.Contract && !isContract(who) || w.site.balance(coin, who).Sign() > 0
}

// tell lets the bank know of an act that was done.
func (w *pair) tell(a *act) {
	who := w.Address[a.actor]
	token, coins := w.fixture(), w.coins()
	switch a.kind {
	case "block":
		token.blocked[who] = a.on
	case "freeze":
		token.mode = mode{}
		if a.on {
			token.mode.name = "Refuse"
		}
	case "tax":
		token.mode = mode{}
		if a.bps > 0 {
			token.mode = mode{name: "FeeBps", bps: a.bps}
		}
	case "seize":
		token.mint(who, amount.Int128{}.Minus(a.amount))
		w.takenFrom(vectors.Token, a)
	case "mint":
		token.mint(who, a.amount)
	case "mode":
		token.mode = mode{name: a.mode, says: a.amount, victim: who}
		if a.mode == "OddAnswer" {
			w.taken[vectors.Token] = true
		}
	case "coin-freeze":
		l := coins.lines[who]
		l.frozen = a.on
		coins.lines[who] = l
	case "coin-take":
		coins.change(who, amount.Int128{}.Minus(a.amount))
		w.takenFrom(coin, a)
	case "coin-issue":
		coins.change(who, a.amount)
	case "coin-line":
		l := coins.lines[who]
		if a.amount.Sign() == 0 {
			coins.issued = coins.issued.Minus(l.held)
			delete(coins.lines, who)
			return
		}
		l.limit = a.amount
		coins.lines[who] = l
	}
}

// takenFrom notes that a token is less than what is owed in it because somebody took it.
func (w *pair) takenFrom(token string, a *act) {
	if a.actor == vectors.Contract {
		w.taken[token] = true
	}
}

// act draws an act of the world, nil for none. What makes tokens bad is undone about as often, or soon nothing would work.
func (p *picker) act() *act {
	w, r := p.w, p.r
	somebody := pick(r, "buyer", "seller", "carol", "buyer", "seller", "arb1", "jud1", vectors.Receiver, vectors.Contract)
	held := func(token string) amount.Int128 { return w.bank.purses[w.Address[token]].has(w.Address[somebody]) }
	part := func(x amount.Int128) amount.Int128 {
		return pick(r, x, x.MulDiv(amount.Int(1), amount.Int(2)), amount.Int(1).Min(x))
	}
	if m := w.fixture().mode.name; m != "" && r.IntN(2) == 0 {
		return &act{kind: "freeze"}
	}
	for _, who := range lined() {
		if w.fixture().blocked[w.Address[who]] && r.IntN(4) == 0 {
			return &act{kind: "block", actor: who}
		}
		if l, ok := w.coins().lines[w.Address[who]]; ok && l.frozen && r.IntN(4) == 0 {
			return &act{kind: "coin-freeze", actor: who}
		} else if !ok && r.IntN(4) == 0 {
			return &act{kind: "coin-line", actor: who, amount: noLimit}
		}
	}
	if w.coins().lines[w.bank.us].frozen && r.IntN(2) == 0 {
		return &act{kind: "coin-freeze", actor: vectors.Contract}
	}
	switch r.IntN(14) {
	case 0, 1:
		return &act{kind: "block", actor: somebody, on: r.IntN(2) == 0}
	case 2:
		return &act{kind: "freeze", on: true}
	case 3:
		return &act{kind: "tax", bps: pick(r, uint32(0), 1, 100, 10_000)}
	case 4:
		return &act{kind: "seize", actor: somebody, amount: part(held(vectors.Token))}
	case 5:
		return &act{kind: "mint", actor: somebody, amount: amount.Int(pick(r, int64(1), 500, 20_000))}
	case 6, 7:
		return p.mode()
	case 8, 9:
		return &act{kind: "coin-freeze", actor: somebody, on: true}
	case 10:
		if held(coin).Sign() > 0 {
			return &act{kind: "coin-take", actor: somebody, amount: part(held(coin))}
		}
	case 11:
		if somebody != vectors.Contract {
			return &act{kind: "coin-issue", actor: somebody, amount: amount.Int(pick(r, int64(1), 500, 20_000))}
		}
	case 12:
		if somebody != vectors.Contract {
			return &act{kind: "coin-line", actor: somebody, amount: pick(r, amount.Int128{}, held(coin), held(coin).Plus(amount.Int(100)), noLimit).Min(noLimit)}
		}
	}
	return nil
}

// mode makes the fixture token dishonest.
func (p *picker) mode() *act {
	a := &act{kind: "mode", mode: pick(p.r, "MoveNothing", "LyingBalance", "AskSignature", "Panic", "OddAnswer", "Reenter", "BurnBudget")}
	switch a.mode {
	case "LyingBalance":
		a.amount = pick(p.r, amount.Int128{}, amount.Int(1_000_000), amount.Int(-1), amount.MaxInt128(), amount.MinInt128())
	case "AskSignature":
		a.actor = outsider
	case "BurnBudget":
		a.actor = pick(p.r, "buyer", "seller", vectors.Contract)
	}
	return a
}
