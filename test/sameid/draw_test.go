package sameid

import (
	"encoding/binary"
	"math"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// choices turns bytes into decisions, so that a fuzzer that changes a byte changes a decision. When they are used up, every decision is the first one.
type choices struct{ left []byte }

func (c *choices) byte() byte {
	if len(c.left) == 0 {
		return 0
	}
	b := c.left[0]
	c.left = c.left[1:]
	return b
}

// of is a number below n, which is at most 256.
func (c *choices) of(n int) int { return int(c.byte()) % n }

func (c *choices) uint64() uint64 {
	var b [8]byte
	for i := range b {
		b[i] = c.byte()
	}
	return binary.LittleEndian.Uint64(b[:])
}

func pick[T any](c *choices, from ...T) T { return from[c.of(len(from))] }

const (
	mostMilestones = 21 // one more than the contract lets through
	mostSeats      = 8  // the same
)

// terms are some that can be written, whether the contract would let them through or not: extreme numbers, double roles, too many milestones.
func (c *choices) terms() escrow.Terms {
	t := escrow.Terms{
		AppealPanel: c.panel(), ArbitrationFee: c.amount(), Asset: c.address(), Bond: c.amount(), Buyer: c.address(), FallbackPpm: c.uint32(), FeeBps: c.uint32(),
		FundBy: c.time(), Inspection: c.time(), Panel: c.panel(), Salt: c.hash(), Seller: c.address(), TermsHash: c.hash(),
		Windows: escrow.Windows{Appeal: c.time(), Offers: c.time(), Ruling: c.time()},
	}
	t.Milestones = []escrow.Milestone{}
	for range c.of(mostMilestones + 1) {
		t.Milestones = append(t.Milestones, escrow.Milestone{Amount: c.amount(), DeliverBy: c.time(), Description: c.hash()})
	}
	return t
}

func (c *choices) panel() escrow.Panel {
	p := escrow.Panel{Arbitrators: []escrow.Address{}, Quorum: c.uint32()}
	for range c.of(mostSeats + 1) {
		p.Arbitrators = append(p.Arbitrators, c.address())
	}
	return p
}

func (c *choices) address() escrow.Address {
	a := stellar.Address{Contract: c.of(2) == 1}
	switch c.of(4) {
	case 0:
		a.Key[31] = c.byte()
	case 1:
		a.Key = c.hash()
	case 2:
		for i := range a.Key {
			a.Key[i] = 0xff
		}
	}
	return escrow.Address(a.String())
}

func (c *choices) hash() (h escrow.Hash) {
	for range 1 + c.of(2)*31 {
		copy(h[1:], h[:31])
		h[0] = c.byte()
	}
	return h
}

// uint32 and the others come from both sides of what a host or an encoder could treat differently: 56 bits are what the host holds without an object.
func (c *choices) uint32() uint32 {
	return pick(c, 0, 1, uint32(c.byte()), 1_000_000, math.MaxInt32, math.MaxInt32+1, math.MaxUint32, uint32(c.uint64()))
}

func (c *choices) time() uint64 {
	return pick(c, 0, 1, 1_800_000_000, 1<<56-1, 1<<56, math.MaxInt64, math.MaxInt64+1, math.MaxUint64, 1<<53+1, c.uint64())
}

func (c *choices) amount() amount.Int128 {
	switch hi, lo := c.of(6), c.time(); hi {
	case 0:
		return amount.FromParts(0, lo)
	case 1:
		return amount.FromParts(-1, lo)
	case 2:
		return amount.FromParts(math.MaxInt64, lo)
	case 3:
		return amount.FromParts(math.MinInt64, lo)
	case 4:
		return pick(c, amount.FromParts(0, 1<<55-1), amount.FromParts(0, 1<<55), amount.FromParts(-1, -1<<55&math.MaxUint64), amount.FromParts(-1, math.MaxUint64-1<<55))
	default:
		return amount.FromParts(int64(c.uint64()), lo)
	}
}
