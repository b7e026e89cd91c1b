package weather

import (
	"hash/fnv"
	"math/rand/v2"
)

// What can happen, as Seen counts it.
const (
	Busy           = "busy"
	Unavailable    = "unavailable"
	InvalidRequest = "invalid request"
	ServerError    = "server error"
	TryAgainLater  = "try again later"
	LostAnswer     = "lost answer"
	Duplicate      = "duplicate"
	Disorder       = "disorder"
	Stale          = "stale"
	EmptyPage      = "empty page"
	Truncated      = "truncated"
	Cut            = "cut"
	Slow           = "slow"
	Behind         = "behind"
	Forgotten      = "forgotten"
	Forked         = "forked"
	Reset          = "reset"
)

// forecast is what the dice say about one call. Whether it can befall that call is seen later.
type forecast struct {
	busy, unavailable, invalidRequest, serverError bool
	tryAgainLater, lostAnswer                      bool
	duplicate, disorder, stale, emptyPage          bool
	truncate, cut, slow                            bool
	behind                                         uint32 // ledgers
	dice                                           *rand.Rand
}

// spell is weather that lasts.
type spell struct {
	calls  int // left
	behind uint32
	flaps  bool
}

// parting is a fork that is to come, as the Config had it.
type parting struct {
	seed    uint64
	ledgers uint32
}

// dice are a method's own: calls of others, which other goroutines of a client make, do not change what befalls it.
func (w *Weather) diceOf(method string) *rand.Rand {
	d, ok := w.dice[method]
	if !ok {
		h := fnv.New64a()
		_, _ = h.Write([]byte(method)) // never fails
		d = rand.New(rand.NewPCG(w.config.Seed, h.Sum64()))
		w.dice[method] = d
	}
	return d
}

// forecast throws the dice for one call: always the same number of them, whatever they say. Its caller holds w.mu.
func (w *Weather) forecast(method string) forecast {
	c := &w.config
	d := w.diceOf(method)
	hit := func(p Chance) bool { return d.Float64() < float64(p) }
	f := forecast{
		busy: hit(c.Busy), unavailable: hit(c.Unavailable), invalidRequest: hit(c.InvalidRequest), serverError: hit(c.ServerError),
		tryAgainLater: hit(c.TryAgainLater), lostAnswer: hit(c.LostAnswer), duplicate: hit(c.Duplicate), disorder: hit(c.Disorder), stale: hit(c.Stale), emptyPage: hit(c.EmptyPage),
		truncate: hit(c.Truncate), cut: hit(c.Cut), slow: hit(c.Slow),
	}
	lag, flap, forget, fork, reset := hit(c.Lag), hit(c.Flap), hit(c.Forget), hit(c.Fork), hit(c.Reset)
	behind, calls := 1+d.Uint32N(max(c.LagLedgers, 1)), 1+d.IntN(max(c.SpellCalls, 1))
	f.dice = rand.New(rand.NewPCG(d.Uint64(), d.Uint64()))
	if w.spell.calls == 0 && (lag || flap) {
		w.spell = spell{calls, behind, !lag}
	}
	if w.spell.calls > 0 {
		w.spell.calls--
		if !w.spell.flaps || w.spell.calls%2 == 0 {
			f.behind = w.spell.behind
		}
	}
	w.forget = w.forget || forget
	if fork && w.parts == nil {
		w.parts = &parting{c.Seed, c.ForkLedgers}
	}
	if reset && !w.reset {
		w.reset = true
		clear(w.times)
		w.seen[Reset]++
	}
	return f
}
