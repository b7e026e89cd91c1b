package store

import "github.com/Abdullahi130/StellarEscrow/internal/escrow"

// Due is when a funded trade's next clock runs out if nobody does anything before (escrow.DueAt): from then on settle has something to carry out.
type Due struct {
	At       uint64  // unix seconds
	Opened   EventID // the event that opened the trade; with At the place in a list
	Trade    escrow.ID
	Contract string // strkey, C…
}

// DueAt is Due.At of the trade as it is now, 0 where nothing will ever be due.
func (t *Trade) DueAt() uint64 {
	if t.Stage != escrow.StageFunded {
		return 0
	}
	state := t.State()
	return escrow.DueAt(&t.Terms, &state)
}
