package node

import (
	"errors"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// MaxAdvance is the most that Advance goes at once: a ledger every five seconds is made and hashed, about 1 µs each.
const MaxAdvance = 5 * 366 * 24 * time.Hour

// Advance moves the network's clock forward and closes the empty ledgers of that time. It returns the last of them.
// Less than zero or more than MaxAdvance is an error, and nothing moves.
func (n *Node) Advance(d time.Duration) (ledger.Closed, error) {
	if d < 0 {
		return ledger.Closed{}, errors.New("advance: the clock does not go back; give a duration of zero or more")
	}
	if d > MaxAdvance {
		return ledger.Closed{}, fmt.Errorf("advance: %s is more than %s at once; do it in steps", d, MaxAdvance)
	}
	n.write.Lock()
	defer n.write.Unlock()
	// Transactions in quick succession have driven the ledgers' time ahead: whoever waits an hour means an hour of theirs.
	ahead := time.Duration(0)
	if d > 0 {
		ahead = max(0, n.later().Sub(n.Now()))
	}
	if err := n.chain.SetOffset(n.chain.Offset() + d + ahead); err != nil {
		return ledger.Closed{}, fmt.Errorf("advance: %w", err)
	}
	if err := n.emptyUntil(n.Now().Unix()); err != nil {
		return ledger.Closed{}, fmt.Errorf("advance: %w", err)
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
	if due := (unix - n.chain.Last().CloseTime()) / n.every(); due > 0 {
		return n.chain.AppendEmpty(uint32(due))
	}
	return nil
}
