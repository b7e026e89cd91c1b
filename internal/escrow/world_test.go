package escrow_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// bank is every asset at once, honest until told otherwise: what contract/fixtures/token is to the built contract.
type bank struct {
	us      escrow.Address
	held    map[account]amount.Int128
	blocked map[escrow.Address]bool // transfers to them fail
	frozen  bool                    // all transfers fail
	taxBps  uint32                  // of each transfer, down
	signed  *amount.Int128          // the one deposit that is signed below the call; nil: whatever is asked
}

type account struct{ asset, who escrow.Address }

func newBank(us escrow.Address) *bank {
	return &bank{us: us, held: map[account]amount.Int128{}, blocked: map[escrow.Address]bool{}}
}

func (b *bank) has(asset, who escrow.Address) amount.Int128 { return b.held[account{asset, who}] }

func (b *bank) give(asset, who escrow.Address, x amount.Int128) {
	b.held[account{asset, who}] = b.has(asset, who).Plus(x)
}

func (b *bank) take(asset, who escrow.Address, x amount.Int128) {
	b.held[account{asset, who}] = b.has(asset, who).Minus(x)
}

// snapshot is what a failed call goes back to.
func (b *bank) snapshot() map[account]amount.Int128 { return maps.Clone(b.held) }

// supply is every unit of an asset that anybody holds.
func (b *bank) supply(asset escrow.Address) amount.Int128 {
	var sum amount.Int128
	for a, x := range b.held {
		if a.asset == asset {
			sum = sum.Plus(x)
		}
	}
	return sum
}

func (b *bank) Balance(asset escrow.Address) (amount.Int128, error) { return b.has(asset, b.us), nil }

func (b *bank) Deposit(asset, from escrow.Address, x amount.Int128) (amount.Int128, error) {
	if b.signed != nil && *b.signed != x {
		return amount.Int128{}, fmt.Errorf("%s signed a transfer of %s: %w", from, b.signed.Units(), escrow.ErrUnauthorized)
	}
	before := b.has(asset, b.us)
	if !b.transfer(asset, from, b.us, x) {
		return amount.Int128{}, errors.New("the token refused")
	}
	return b.has(asset, b.us).Minus(before), nil
}

func (b *bank) Pay(asset, to escrow.Address, x amount.Int128) bool {
	return b.transfer(asset, b.us, to, x)
}

func (b *bank) transfer(asset, from, to escrow.Address, x amount.Int128) bool {
	if b.frozen || b.blocked[to] || b.has(asset, from).Less(x) {
		return false
	}
	b.take(asset, from, x)
	b.give(asset, to, x.Minus(x.MulDiv(amount.Int(int64(b.taxBps)), amount.Int(10_000))))
	return true
}

// idOf stands in for the contract's hash of XDR: equal exactly for equal terms.
func idOf(t escrow.Terms) escrow.ID {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // terms hold nothing that cannot be written
	}
	return sha256.Sum256(text)
}

// The world's fixed addresses. In tests of the rules an address is a name.
const (
	us       escrow.Address = "contract"
	usdc     escrow.Address = "usdc"
	admin    escrow.Address = "admin"
	receiver escrow.Address = "receiver"
	buyer    escrow.Address = "buyer"
	seller   escrow.Address = "seller"
	stranger escrow.Address = "stranger"
)

// world is a deployed contract, a bank and a clock.
type world struct {
	c    *escrow.Contract
	bank *bank
	now  uint64
}

func newWorld(limits escrow.Limits, feeBps uint32) *world {
	c, err := escrow.New(us, admin, feeBps, receiver, limits)
	if err != nil {
		panic(err) // the tests' own limits
	}
	return &world{c: c, bank: newBank(us), now: 1000}
}

// shortLimits allow windows of a second.
func shortLimits() escrow.Limits {
	return escrow.Limits{
		AppealMax: 1000, AppealMin: 1, FeeDelay: 86_400, InspectionMax: 1000, InspectionMin: 1, LongestLife: 100_000, MinDelivery: 1,
		OffersMax: 1000, OffersMin: 1, RulingMax: 1000, RulingMin: 1,
	}
}

// do makes a call signed by who, "" for nobody; a refused one leaves the bank as it was, as the host does.
func (w *world) do(who escrow.Address, call escrow.Call) (escrow.Result, error) {
	before := w.bank.snapshot()
	result, err := w.c.Apply(escrow.Env{Now: w.now, Signed: escrow.SignedBy(who), ID: idOf, Token: w.bank}, call)
	if err != nil {
		w.bank.held = before
	}
	return result, err
}
