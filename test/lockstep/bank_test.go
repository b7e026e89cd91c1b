package lockstep

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// bank is every token of a world as the model of the contract sees it: the fixture token with its modes, and an asset of the network with trustlines.
type bank struct {
	us     escrow.Address
	purses map[escrow.Address]purse // by asset
	signed *amount.Int128           // the transfer to us that is signed below the call; nil: none
	ended  string                   // how a token ended the whole call, if one did: nothing can catch that
}

// What a token, or the host for it, answers to a transfer.
type verdict int

const (
	moved     verdict = iota
	refused           // with a code of the token's
	unsigned          // the host misses a signature that the token asked for
	crashed           // the token panicked
	oddAnswer         // the money moved, the answer is none
	outOfTime         // the whole budget is gone, the caller's too
)

// purse is one token.
type purse interface {
	// says is what `balance` answers, has what is there.
	says(escrow.Address) amount.Int128
	has(escrow.Address) amount.Int128
	transfer(from, to escrow.Address, x amount.Int128) verdict
	clone() purse
	// balanced is an error unless all that is held is what was given out, less what was taken away.
	balanced() error
}

func (b *bank) clone() *bank {
	out := *b
	out.purses = map[escrow.Address]purse{}
	for a, p := range b.purses {
		out.purses[a] = p.clone()
	}
	return &out
}

func (b *bank) Balance(asset escrow.Address) (amount.Int128, error) {
	return b.purses[asset].says(b.us), nil
}

func (b *bank) Deposit(asset, from escrow.Address, x amount.Int128) (amount.Int128, error) {
	if b.signed == nil || *b.signed != x {
		return amount.Int128{}, fmt.Errorf("%s signed no transfer of %s: %w", from, x.Units(), escrow.ErrUnauthorized)
	}
	before := b.purses[asset].says(b.us)
	switch v := b.purses[asset].transfer(from, b.us, x); v {
	case moved:
		return b.purses[asset].says(b.us).Minus(before), nil
	case unsigned:
		return amount.Int128{}, fmt.Errorf("the token asks for a signature: %w", escrow.ErrUnauthorized)
	case crashed, outOfTime:
		b.end(v)
	}
	return amount.Int128{}, errors.New("the token refused")
}

func (b *bank) Pay(asset, to escrow.Address, x amount.Int128) bool {
	v := b.purses[asset].transfer(b.us, to, x)
	if v == outOfTime {
		b.end(v)
	}
	return v == moved
}

// end ends the call: whatever the rules make of it does not count.
func (b *bank) end(v verdict) {
	if b.ended == "" {
		b.ended = map[verdict]string{crashed: trapped, outOfTime: exhausted}[v]
	}
}

// fixture is contract/fixtures/token.
type fixture struct {
	held    map[escrow.Address]amount.Int128
	blocked map[escrow.Address]bool
	mode    mode
	minted  amount.Int128 // less what was seized
	taxed   amount.Int128
}

// mode is how the fixture token misbehaves; the zero value is honest.
type mode struct {
	name   string // of the token's own
	bps    uint32 // FeeBps
	says   amount.Int128
	victim escrow.Address // BurnBudget, AskSignature
}

func (f *fixture) clone() purse {
	out := *f
	out.held, out.blocked = maps.Clone(f.held), maps.Clone(f.blocked)
	return &out
}

func (f *fixture) has(a escrow.Address) amount.Int128 { return f.held[a] }

func (f *fixture) says(a escrow.Address) amount.Int128 {
	if f.mode.name == "LyingBalance" {
		return f.mode.says
	}
	return f.held[a]
}

func (f *fixture) mint(to escrow.Address, x amount.Int128) {
	f.held[to] = f.held[to].Plus(x)
	f.minted = f.minted.Plus(x)
}

func (f *fixture) transfer(from, to escrow.Address, x amount.Int128) verdict {
	if f.blocked[to] {
		return refused
	}
	got, answer := x, moved
	switch f.mode.name {
	case "FeeBps":
		got = x.Minus(x.MulDiv(amount.Int(int64(f.mode.bps)), amount.Int(10_000)))
	case "MoveNothing":
		return moved
	case "BurnBudget":
		if to == f.mode.victim {
			return outOfTime
		}
	case "AskSignature":
		return unsigned
	case "Refuse":
		return refused
	case "Panic":
		return crashed
	case "OddAnswer":
		answer = oddAnswer
	}
	if f.held[from].Less(x) {
		return refused
	}
	f.held[from] = f.held[from].Minus(x)
	f.held[to] = f.held[to].Plus(got)
	f.taxed = f.taxed.Plus(x.Minus(got))
	return answer
}

func (f *fixture) balanced() error { return sums(f.held, f.minted.Minus(f.taxed)) }

// line is how an account holds the network's asset. The contract's own holding is one without a limit.
type line struct {
	held   amount.Int128
	limit  amount.Int128
	frozen bool
}

// classic is an asset of the network by its built-in contract: an account holds it by a trustline only, and its issuer can freeze and take back.
type classic struct {
	lines map[escrow.Address]line
	// issued is what the issuer has given out, less what came back.
	issued amount.Int128
}

func (c *classic) clone() purse { return &classic{lines: maps.Clone(c.lines), issued: c.issued} }

func (c *classic) has(a escrow.Address) amount.Int128  { return c.lines[a].held }
func (c *classic) says(a escrow.Address) amount.Int128 { return c.lines[a].held }

func (c *classic) transfer(from, to escrow.Address, x amount.Int128) verdict {
	giver, ok := c.lines[from]
	if !ok || giver.frozen || giver.held.Less(x) || !c.takes(to, x) {
		return refused
	}
	giver.held = giver.held.Minus(x)
	c.lines[from] = giver
	taker := c.lines[to]
	taker.held = taker.held.Plus(x)
	c.lines[to] = taker
	return moved
}

// takes tells whether somebody can receive that much.
func (c *classic) takes(to escrow.Address, x amount.Int128) bool {
	l, ok := c.lines[to]
	return ok && !l.frozen && !l.limit.Less(l.held.Plus(x))
}

func (c *classic) change(a escrow.Address, x amount.Int128) {
	l := c.lines[a]
	l.held = l.held.Plus(x)
	c.lines[a] = l
	c.issued = c.issued.Plus(x)
}

func (c *classic) balanced() error {
	held := map[escrow.Address]amount.Int128{}
	for a, l := range c.lines {
		held[a] = l.held
	}
	return sums(held, c.issued)
}

func sums(held map[escrow.Address]amount.Int128, want amount.Int128) error {
	var sum amount.Int128
	for _, x := range held {
		sum = sum.Plus(x)
	}
	if sum != want {
		return fmt.Errorf("%s units are there, %s were given out", sum.Units(), want.Units())
	}
	return nil
}

// noLimit is the most that a trustline can hold.
var noLimit = amount.Int(math.MaxInt64)
