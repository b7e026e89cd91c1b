package keeper

import (
	"context"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// extend pays for one extension. What it costs is rent, and bounded by what extending may cost in a day; restoring what every call needs comes
// before settling, so it may use all of the day's limit.
func (k *Keeper) extend(ctx context.Context, by Signer, e extension) (relay.Transaction, error) {
	limit := k.c.limitOf(Extending)
	if e.restores {
		limit = k.c.Limit
	}
	return k.c.Payer.Pay(ctx, payer.Payment{
		Source: by, Purpose: store.PurposeKeeper, Action: "extend_ttl",
		Operation: func(in stellar.Envelope) (stellar.Transaction, error) {
			return stellar.ExtendTTL(in, e.keys, e.ledgers)
		},
		Limits: store.Limits{Stroops: limit}, Ceiling: limit,
	})
}

// halves are what is tried when an extension cannot be made whole: one entry of it may be the reason, or all together be too dear. Nil for one
// entry alone: that one is left until the next sweep.
func (e extension) halves() []extension {
	if len(e.keys) < 2 {
		return nil
	}
	half := len(e.keys) / 2
	return []extension{{e.kind, e.keys[:half], e.ledgers, e.restores}, {e.kind, e.keys[half:], e.ledgers, e.restores}}
}
