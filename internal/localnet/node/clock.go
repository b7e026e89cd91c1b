package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

const (
	// MaxAdvance is the most that Advance goes at once: a ledger every five seconds is made and hashed, about 1 µs each, so half a
	// minute's work.
	MaxAdvance = 5 * year
	// maxOffset is the most that the clock goes ahead of the machine's, by however many calls of Advance: with an empty ledger every
	// second, sequences are still numbers that clients can read (31 bits).
	maxOffset = 50 * year

	week = 7 * 24 * time.Hour
	year = 366 * 24 * time.Hour

	// emptyAtOnce is how many empty ledgers are made before Close is looked for: a week of them, a tenth of a second's work.
	emptyAtOnce = int64(week / (ledger.CloseSeconds * time.Second))
)

// ErrTooFar is Advance's answer when the clock cannot go so far ahead of the machine's.
var ErrTooFar = fmt.Errorf("the network's clock is then more than %d years ahead of the machine's; start a new network", maxOffset/year)

// Advance moves the network's clock forward and closes the empty ledgers of that time. It returns the last of them.
// Less than zero, more than MaxAdvance, or what would bring the clock 50 years ahead of the machine's (ErrTooFar) is an error, and
// nothing moves.
// It goes a week at a time, each of them on disk before the next, and others get their turn in between: when the network is closed
// meanwhile (ErrClosed), or killed, the clock stands where it has come to.
func (n *Node) Advance(d time.Duration) (ledger.Closed, error) {
	if d < 0 {
		return ledger.Closed{}, errors.New("advance: the clock does not go back; give a duration of zero or more")
	}
	if d > MaxAdvance {
		return ledger.Closed{}, fmt.Errorf("advance: %s is more than %s at once; do it in steps", d, MaxAdvance)
	}
	left, err := n.way(d)
	for err == nil {
		var last ledger.Closed
		if last, err = n.step(min(left, week)); err == nil && left <= week {
			return last, nil
		}
		left -= week
	}
	return ledger.Closed{}, fmt.Errorf("advance by %s: %w", d, err)
}

// way is how far the clock goes for an Advance by d. Transactions in quick succession have driven the ledgers' time ahead of it:
// whoever waits an hour means an hour of theirs.
func (n *Node) way(d time.Duration) (time.Duration, error) {
	n.write.Lock()
	defer n.write.Unlock()
	if d > 0 {
		d += max(0, n.later().Sub(n.Now()))
	}
	if n.chain.Offset()+d > maxOffset {
		return 0, ErrTooFar
	}
	return d, nil
}

// step moves the clock, and closes the empty ledgers of that time.
func (n *Node) step(d time.Duration) (ledger.Closed, error) {
	n.write.Lock()
	defer n.write.Unlock()
	if n.closed() {
		return ledger.Closed{}, ErrClosed
	}
	if d > 0 {
		if err := n.chain.SetOffset(n.chain.Offset() + d); err != nil {
			return ledger.Closed{}, err
		}
	}
	if err := n.emptyUntil(n.Now().Unix()); err != nil {
		return ledger.Closed{}, err
	}
	return n.chain.Last(), nil
}

// AdvanceTo moves the network's clock to t, if that is later than it is.
func (n *Node) AdvanceTo(t time.Time) (ledger.Closed, error) {
	if !t.After(n.Now()) {
		return n.Advance(0)
	}
	return n.Advance(max(0, t.Sub(n.later())))
}

// later is the clock, or the last ledger's time where that is ahead of it.
func (n *Node) later() time.Time {
	if closed := time.Unix(n.chain.Last().CloseTime(), 0); closed.After(n.Now()) {
		return closed
	}
	return n.Now()
}

// CatchUp closes the empty ledgers that are due by now.
func (n *Node) CatchUp() error {
	if n.Now().Unix() < n.chain.Last().CloseTime()+n.every() {
		return nil
	}
	n.write.Lock()
	defer n.write.Unlock()
	return n.emptyUntil(n.Now().Unix())
}

// emptyUntil closes empty ledgers up to a time, which the last may have. Its caller holds n.write.
func (n *Node) emptyUntil(unix int64) error {
	for due := (unix - n.chain.Last().CloseTime()) / n.every(); due > 0; {
		if n.closed() {
			return ErrClosed
		}
		some := min(due, emptyAtOnce)
		if err := n.chain.AppendEmpty(uint32(some)); err != nil {
			return err
		}
		due -= some
	}
	return nil
}
