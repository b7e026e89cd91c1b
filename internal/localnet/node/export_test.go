package node

import (
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// Pause calls f while no ledger can close.
func (n *Node) Pause(f func()) {
	n.write.Lock()
	defer n.write.Unlock()
	f()
}

// Pending is how many transactions are in the queue or being applied.
func (n *Node) Pending() int {
	n.queue.mu.Lock()
	defer n.queue.mu.Unlock()
	return n.queue.count
}

// Fit is how many transactions like f a ledger takes, by its limits.
func Fit(l settings.Limits, f *tx.Frame) (n int) {
	for b := newBudget(l); b.fits(f); {
		n++
	}
	return n
}
