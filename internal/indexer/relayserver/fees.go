package relayserver

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// FeeStats implements relay.Relay. Bids are as the node tells them, a lying one's too: whoever pays has a ceiling of their own.
func (s *Server) FeeStats(ctx context.Context) (relay.FeeStats, error) {
	fees, err := s.node().FeeStats(ctx)
	if err != nil {
		return relay.FeeStats{}, kind(err)
	}
	ledger, err := s.LatestLedger(ctx)
	if err != nil {
		return relay.FeeStats{}, err
	}
	d := fees.SorobanInclusionFee
	return relay.FeeStats{Min: stroops(d.Min), P50: stroops(d.P50), P90: stroops(d.P90), P95: stroops(d.P95), P99: stroops(d.P99), Max: stroops(d.Max), Ledger: ledger}, nil
}

// stroops is a fee of the node's as it stands in an answer: nobody can bid more than 2^32-1.
func stroops(fee uint64) int64 { return int64(min(fee, 1<<32-1)) }

// Sponsor implements relay.Relay: who serves nothing but a node pays for nobody. internal/indexer/sponsor puts its own over it.
func (s *Server) Sponsor(context.Context, relay.SponsorRequest) (relay.Sponsorship, error) {
	return relay.Sponsorship{}, fmt.Errorf("%w: no account of the platform's is set up for it; the trader's own account can pay", relay.ErrNotOffered)
}
