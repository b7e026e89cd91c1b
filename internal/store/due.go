package store

import "github.com/Abdullahi130/StellarEscrow/internal/escrow"

// Due is when a funded trade's next clock runs out if nobody does anything before (escrow.DueAt): from then on settle has something to carry out.
type Due struct {
	At       uint64  // unix seconds
	Opened   EventID // the event that opened the trade; with At the place in a list
	Trade    escrow.ID
	Contract string // strkey, C…
}
