package app

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// devKeeperDay is what the keeper of a local platform may spend in a day, in stroops: as good as anything.
const devKeeperDay = 1000_0000000

// keep settles what is due on a local platform, as the keeper of one on a server does, until the platform is closed.
func (p *platform) keep(ctx context.Context, env environment) error {
	var seeds []string
	for _, a := range p.state.Accounts {
		if strings.HasPrefix(a.Role, "keeper-") {
			seeds = append(seeds, a.Secret)
		}
	}
	contract, err := stellar.ParseAddress(p.ready.Contract)
	if err != nil {
		return err
	}
	contracts := []stellar.Address{contract}
	keys, err := signer.Several(signer.Config{
		Job: signer.Keeper, Network: p.client.Network(), Follows: func() []stellar.Address { return contracts }, MaxFee: devKeeperDay, Now: ledgerClock(p.client),
	}, func() secret.Secret { return secret.New(strings.Join(seeds, "\n")) })
	if err != nil {
		return err
	}
	sources := make([]keeper.Signer, len(keys))
	for i, k := range keys {
		sources[i] = k
	}
	pays := payer.New(payer.Config{Relay: p.submits, Store: p.store, Network: p.client.Network(), Now: time.Now, Log: env.log})
	keeps, err := keeper.New(keeper.Config{
		Contracts: contracts, Node: func() keeper.Node { return p.client }, Store: p.store, Payer: pays, Keys: sources, Limit: devKeeperDay, Note: p.indexer.Note,
		Now: time.Now, Rand: rand.Reader, Poll: devPoll, Log: env.log,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	p.background(func() error { pays.Run(ctx); return nil })
	p.background(func() error { return keeps.Run(ctx) })
	p.stops = append(p.stops, func() error { cancel(); return nil }) // before they are waited for
	return nil
}
