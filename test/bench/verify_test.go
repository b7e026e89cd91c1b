package bench

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// BenchmarkVerify compares stored trades with the contract's state on a local network, field by field, and what they hold with what is owed and with
// the balance. It is to be 2,000 trades/s.
func BenchmarkVerify(b *testing.B) {
	const couples = 8
	each := max(1, min(trades(b), 2_000)/couples)
	p := newPlatform(b, couples, slog.DiscardHandler)
	p.all(b, func(c *couple) error {
		for i := range each {
			var err error
			if i%4 == 0 {
				err = c.trade(b.Context())
			} else {
				_, err = c.opens(b.Context())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s := e.make(b).open(b)
			defer closeStore(b, s)
			p.follow(b, s)
			compared, began := 0, time.Now()
			for b.Loop() {
				report, err := reconcile.Run(b.Context(), reconcile.Config{
					Node: p.client, Store: s, Await: func(context.Context, uint32) error { return nil }, First: balances{p.client}, Ended: -1,
				})
				if err != nil || len(report.Findings) > 0 || report.Trades != couples*each {
					b.Fatalf("%+v, %v", report, err)
				}
				compared += report.Trades
			}
			b.ReportMetric(float64(couples*each), "trades")
			b.ReportMetric(float64(compared)/time.Since(began).Seconds(), "trades/s")
		})
	}
}

// follow brings a store to the network's newest ledger.
func (p *platform) follow(b *testing.B, s engine) {
	b.Helper()
	last, err := p.net.Last()
	if err != nil {
		b.Fatal(err)
	}
	x, err := indexer.New(indexer.Config{
		Network: p.network, Contracts: []indexer.Contract{{Address: p.contract, Start: 2}}, Source: p.client, Store: s, Bus: feed.NewBus(0), Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	if _, err := x.WaitLedger(ctx, last.Sequence()); err != nil {
		b.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// balances asks the asset's contract.
type balances struct{ client *rpc.Client }

// Balance implements reconcile.Balances.
func (n balances) Balance(ctx context.Context, asset, holder stellar.Address) (amount.Int128, error) {
	v, err := deploy.View(ctx, n.client, xdr.InvokeContractArgs{ContractAddress: asset.ScAddress(), FunctionName: "balance", Args: []xdr.ScVal{holder.ScVal()}})
	if err != nil {
		return amount.Int128{}, err
	}
	parts, ok := v.GetI128()
	if !ok {
		return amount.Int128{}, errors.New("the balance is no amount")
	}
	return amount.FromParts(int64(parts.Hi), uint64(parts.Lo)), nil
}
