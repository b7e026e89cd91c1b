package source

import (
	"fmt"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Link is a ledger and the one that it names as before it.
type Link struct {
	Sequence uint32
	Hash     stellar.Hash
	Previous stellar.Hash // zero: not known
}

// Link is the ledger's.
func (m *Meta) Link() Link { return Link{m.Sequence, m.Hash, m.Previous} }

// BreakError is about two ledgers that are not of one chain. It is an rpc.ErrAnswer.
type BreakError struct {
	Before, Ledger uint32 // equal: two hashes for one ledger
	Why            string // in words, with both hashes
}

func (e *BreakError) Error() string {
	return fmt.Sprintf("ledgers %d and %d are not of one chain: %s", e.Before, e.Ledger, e.Why)
}

// Unwrap makes it one of the kinds of package rpc.
func (e *BreakError) Unwrap() error { return rpc.ErrAnswer }

// chainMemory is how many ledgers a Chain remembers: a day and more of the main network's.
const chainMemory = 1 << 15

// Chain remembers the hashes of ledgers that were seen, the newest chainMemory of them, and the one that the store has. Several sources that
// are to agree share one. It is safe for concurrent use.
type Chain struct {
	mu    sync.Mutex
	known map[uint32]Link
	order []uint32 // in which they were added
	next  int      // the place in order to be used again
	mark  Link     // from the store; Sequence 0: none
}

// NewChain knows no ledger.
func NewChain() *Chain { return &Chain{known: map[uint32]Link{}} }

// Trust takes the store's word for a ledger. If others were taken to be of its chain and are not, all are forgotten: what is stored decides
// which of two chains is followed. The newest such ledger is the mark, which is never forgotten.
func (c *Chain) Trust(seq uint32, hash stellar.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mark := Link{Sequence: seq, Hash: hash}
	if c.compare(mark) != nil {
		c.forget()
		c.mark = mark
	}
	if seq >= c.mark.Sequence {
		c.mark = mark
	}
	c.keep(mark)
}

// Forget drops all but the store's ledger: what was known has turned out to be of another chain.
func (c *Chain) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
}

func (c *Chain) forget() { c.known, c.order, c.next = map[uint32]Link{}, nil, 0 }

// Mark is the newest ledger that was trusted; Sequence 0 if none was.
func (c *Chain) Mark() Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mark
}

// Link is what is known of a ledger.
func (c *Chain) Link(seq uint32) (Link, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.look(seq)
}

// Check compares ledgers, which follow one another, with what is known. Ledgers that cannot be of the chain are a *BreakError.
func (c *Chain) Check(links ...Link) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.check(links)
}

// Add is Check, and remembers the ledgers if nothing speaks against them.
func (c *Chain) Add(links ...Link) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.check(links); err != nil {
		return err
	}
	for _, l := range links {
		c.keep(l)
	}
	return nil
}

func (c *Chain) keep(l Link) {
	if old, ok := c.known[l.Sequence]; ok {
		if old.Previous == (stellar.Hash{}) {
			c.known[l.Sequence] = l
		}
		return
	}
	c.known[l.Sequence] = l
	if len(c.order) < chainMemory {
		c.order = append(c.order, l.Sequence)
		return
	}
	delete(c.known, c.order[c.next])
	c.order[c.next] = l.Sequence
	c.next = (c.next + 1) % chainMemory
}

func (c *Chain) check(links []Link) error {
	for i, l := range links {
		if i > 0 {
			before := links[i-1]
			if l.Sequence != before.Sequence+1 {
				return &BreakError{before.Sequence, l.Sequence, "the one came after the other, and does not follow it"}
			}
			if err := follows(before, l); err != nil {
				return err
			}
		}
		if err := c.compare(l); err != nil {
			return err
		}
	}
	return nil
}

// compare holds a ledger against itself and its neighbours as they are known.
func (c *Chain) compare(l Link) error {
	if old, ok := c.look(l.Sequence); ok && old.Hash != l.Hash {
		return &BreakError{l.Sequence, l.Sequence, fmt.Sprintf("it was %s, now it is %s", old.Hash, l.Hash)}
	}
	if before, ok := c.look(l.Sequence - 1); ok {
		if err := follows(before, l); err != nil {
			return err
		}
	}
	if after, ok := c.look(l.Sequence + 1); ok {
		return follows(l, after)
	}
	return nil
}

func (c *Chain) look(seq uint32) (Link, bool) {
	if l, ok := c.known[seq]; ok {
		return l, true
	}
	return c.mark, c.mark.Sequence == seq && seq != 0
}

func follows(before, l Link) error {
	if l.Previous != before.Hash && l.Previous != (stellar.Hash{}) {
		return &BreakError{before.Sequence, l.Sequence, fmt.Sprintf("%d follows %s, %d is %s", l.Sequence, l.Previous, before.Sequence, before.Hash)}
	}
	return nil
}
