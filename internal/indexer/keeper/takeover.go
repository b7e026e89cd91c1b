package keeper

import (
	"context"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	// takenOver is for how long after a turn has begun what an earlier keeper has sent may come into a ledger: the time of a transaction, and a
	// minute for clocks that differ.
	takenOver = payer.Life + time.Minute
	// maxSentPages bounds how many transactions that are on their way are looked through, traders' among them.
	maxSentPages = 20
)

// elsewhere are the trades for which an earlier keeper, one that has stopped or been killed, has sent a transaction that may yet come into a ledger.
// The same call from another account would be simulated to succeed, be included beside it, fail, and be paid for. A transaction that is lost is sent
// again by whoever follows it (relayserver), and its time is short, so that such a trade does not wait for long.
func (s *shift) elsewhere(ctx context.Context, now time.Time) (map[escrow.ID]bool, error) {
	if now.Sub(s.turn.since) >= takenOver {
		return nil, nil
	}
	ours := map[string]bool{}
	for _, key := range s.k.c.Keys {
		ours[key.Account().String()] = true
	}
	sent := map[escrow.ID]bool{}
	filter := store.TransactionFilter{State: store.TransactionSubmitted, Limit: store.MaxPage}
	for range maxSentPages {
		page, err := s.k.c.Store.Transactions(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			if t.Trade == nil || !ours[t.Account] || t.ValidUntil < s.latest.CloseTime {
				continue
			}
			if id := escrow.ID(*t.Trade); s.trades[id] == nil { // else it is this keeper's own, and it knows what became of it
				sent[id] = true
			}
		}
		if len(page) < store.MaxPage {
			break
		}
		key := page[len(page)-1].Key()
		filter.After = &key
	}
	return sent, nil
}
