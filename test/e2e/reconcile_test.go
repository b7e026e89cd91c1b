package e2e

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// reconciled compares all that is projected of the story with what the contract stores. The only thing that may be found is an asset of which somebody took
// a part, as some stories tell.
func (p *projected) reconciled() (reconcile.Report, error) {
	report, err := reconcile.Run(p.ctx, reconcile.Config{
		Node: entriesOf{p.chain}, Store: oneContract{p.store, p.contract.String()}, Ended: -1,
		Await: func(context.Context, uint32) error { return nil }, // each call waits already
		First: balancesOf{p},
	})
	if err != nil {
		return report, err
	}
	for _, f := range report.Findings {
		owed, err := p.Owed()
		if err != nil {
			return report, err
		}
		has, err := p.Balance(vectors.Contract)
		if err != nil {
			return report, err
		}
		if short := whole(has).Cmp(whole(owed.Total)) < 0; !short || !strings.Contains(f.What, "somebody took from it") {
			return report, fmt.Errorf("reconcile: %s (the balance is %s, owed %s)", f, has, owed.Total)
		}
	}
	return report, nil
}

func whole(a vectors.Amount) *big.Int {
	n, ok := new(big.Int).SetString(string(a), 10)
	if !ok {
		panic("not an amount: " + a)
	}
	return n
}

// entriesOf are a chain's ledger entries as a node gives them.
type entriesOf struct{ chain *chain }

func (e entriesOf) Entries(_ context.Context, keys ...xdr.LedgerKey) (entries []rpc.Entry, latest uint32, err error) {
	for _, key := range keys {
		if raw, ok := e.chain.View().Get(ledger.KeyOf(key)); ok {
			entries = append(entries, rpc.Entry{Key: key, Data: ledger.Decode(raw).Data})
		}
	}
	return entries, e.chain.Last.Sequence(), nil
}

// oneContract is a store in which one contract is followed.
type oneContract struct {
	*sqlite.Store
	id string
}

func (o oneContract) Contracts(ctx context.Context, after string, limit int) ([]store.Contract, error) {
	all, err := o.Store.Contracts(ctx, after, limit)
	for _, c := range all {
		if c.ID == o.id {
			return []store.Contract{c}, err
		}
	}
	return nil, err
}

// balancesOf are the balances of the story's token.
type balancesOf struct{ p *projected }

func (b balancesOf) Balance(_ context.Context, asset, holder stellar.Address) (amount.Int128, error) {
	if asset != b.p.token || holder != b.p.contract {
		return amount.Int128{}, fmt.Errorf("balance of %s in %s: not of this story", holder, asset)
	}
	a, err := b.p.Balance(vectors.Contract)
	if err != nil {
		return amount.Int128{}, err
	}
	return amount.ParseUnits(string(a))
}
