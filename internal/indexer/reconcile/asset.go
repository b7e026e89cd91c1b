package reconcile

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// asset compares what is owed in an asset with the trades and with the balance. It is read twice at least: payments move both. What the trades
// hold was added up while they went on, so it is brought up to the ledger of what is owed.
func (c *comparison) asset(ctx context.Context, contract stellar.Address, p pair) error {
	asset, err := stellar.ParseAddress(p.asset)
	if err != nil {
		return err
	}
	out := Asset{Contract: p.contract, Asset: p.asset, Trades: c.sums[p]}
	short := ""
	for round := range rounds {
		before, ledger, err := c.owed(ctx, contract, asset)
		if err != nil {
			return err
		}
		if out.Balance, err = c.First.Balance(ctx, asset, contract); err != nil {
			return fmt.Errorf("balance: %w", err)
		}
		if c.Second != nil {
			second, err := c.Second.Balance(ctx, asset, contract)
			if err != nil {
				return fmt.Errorf("balance by the second source: %w", err)
			}
			out.Second = &second
		}
		after, _, err := c.owed(ctx, contract, asset)
		if err != nil {
			return err
		}
		out.Owed, out.Fees = after.Total, after.Fees
		if before != after {
			continue // money has moved in between
		}
		summed, err := c.upTo(ctx, p, ledger, &out.Trades)
		if err != nil {
			return err
		}
		if !summed && round < rounds-1 {
			continue // a trade has gone on since
		}
		c.report.Ledger = max(c.report.Ledger, ledger)
		if short = c.shortage(out, summed && !c.part); short == "" {
			break
		}
	}
	c.report.Assets = append(c.report.Assets, out)
	if short != "" {
		c.report.Findings = append(c.report.Findings, Finding{Contract: p.contract, What: short})
	}
	return nil
}

// shortage is what is wrong with an asset; "" if nothing is. all says that every trade was added up.
func (c *comparison) shortage(a Asset, all bool) string {
	switch trades, err := a.Owed.Sub(a.Fees); {
	case a.Balance.Less(a.Owed):
		return fmt.Sprintf("asset %s: the balance is %s, owed is %s: somebody took from it, as its issuer can", a.Asset, a.Balance.Units(), a.Owed.Units())
	case a.Second != nil && *a.Second != a.Balance:
		return fmt.Sprintf("asset %s: the balance is %s by the first source, %s by the second", a.Asset, a.Balance.Units(), a.Second.Units())
	case err != nil || trades.Sign() < 0:
		return fmt.Sprintf("asset %s: owed is %s, of which %s would be fees", a.Asset, a.Owed.Units(), a.Fees.Units())
	case all && trades != a.Trades:
		return fmt.Sprintf("asset %s: owed to trades is %s, the projected ones hold %s", a.Asset, trades.Units(), a.Trades.Units())
	}
	return ""
}

// upTo works out what the trades hold in an asset at the end of a ledger: what was added up, and what has changed since in the trades that went on
// meanwhile, new ones among them. It is false if one of them is beyond that ledger already.
func (c *comparison) upTo(ctx context.Context, p pair, ledger uint32, sum *amount.Int128) (bool, error) {
	if err := c.Await(ctx, ledger); err != nil {
		return false, err
	}
	*sum = c.sums[p]
	seen := map[escrow.ID]bool{}
	filter := store.EventFilter{Contract: p.contract, Page: store.Page{After: store.EndOfLedger(max(c.since, 1) - 1), Limit: store.MaxPage}}
	for {
		events, err := c.Store.Events(ctx, filter)
		if err != nil {
			return false, err
		}
		var ids []escrow.ID
		for _, e := range events {
			if e.Trade != nil && !seen[escrow.ID(*e.Trade)] {
				seen[escrow.ID(*e.Trade)] = true
				ids = append(ids, escrow.ID(*e.Trade))
			}
		}
		trades, err := c.Store.TradesByID(ctx, ids) // not those that were opened before the first ledger that was read
		if err != nil {
			return false, err
		}
		for _, now := range trades {
			if now.Updated.Event.Ledger() > ledger {
				return false, nil
			}
			if string(now.Terms.Asset) != p.asset {
				continue
			}
			holds, err := holds(&now)
			if err == nil {
				holds, err = holds.Sub(c.held[now.ID])
			}
			if err == nil {
				*sum, err = sum.Add(holds)
			}
			if err != nil {
				return false, fmt.Errorf("trade %s: %w", now.ID, err)
			}
		}
		if len(events) < filter.Limit {
			return true, nil
		}
		filter.After = events[len(events)-1].ID
	}
}

func (c *comparison) owed(ctx context.Context, contract, asset stellar.Address) (owed escrow.Owed, ledger uint32, err error) {
	entries, ledger, err := c.Node.Entries(ctx, stellar.OwedKey(contract, asset))
	if err != nil || len(entries) == 0 || entries[0].Data.ContractData == nil {
		return owed, ledger, err // nothing was ever owed, or it is archived: no payment has come since
	}
	owed, err = stellar.ReadStoredOwed(entries[0].Data.ContractData.Val)
	return owed, ledger, err
}
