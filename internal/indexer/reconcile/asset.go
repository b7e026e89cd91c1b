package reconcile

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// asset compares what is owed in an asset with the trades and with the balance. It is read twice at least: payments move both.
func (c *comparison) asset(ctx context.Context, contract stellar.Address, p pair) error {
	asset, err := stellar.ParseAddress(p.asset)
	if err != nil {
		return err
	}
	out := Asset{Contract: p.contract, Asset: p.asset, Trades: c.sums[p]}
	short := ""
	for range rounds {
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
		c.report.Ledger = max(c.report.Ledger, ledger)
		if short = c.shortage(out); short == "" {
			break
		}
	}
	c.report.Assets = append(c.report.Assets, out)
	if short != "" {
		c.report.Findings = append(c.report.Findings, Finding{Contract: p.contract, What: short})
	}
	return nil
}

// shortage is what is wrong with an asset; "" if nothing is.
func (c *comparison) shortage(a Asset) string {
	switch trades, err := a.Owed.Sub(a.Fees); {
	case a.Balance.Less(a.Owed):
		return fmt.Sprintf("asset %s: the balance is %s, owed is %s: somebody took from it, as its issuer can", a.Asset, a.Balance.Units(), a.Owed.Units())
	case a.Second != nil && *a.Second != a.Balance:
		return fmt.Sprintf("asset %s: the balance is %s by the first source, %s by the second", a.Asset, a.Balance.Units(), a.Second.Units())
	case err != nil || trades.Sign() < 0:
		return fmt.Sprintf("asset %s: owed is %s, of which %s would be fees", a.Asset, a.Owed.Units(), a.Fees.Units())
	case c.complete(a) && trades != a.Trades:
		return fmt.Sprintf("asset %s: owed to trades is %s, the projected ones hold %s", a.Asset, trades.Units(), a.Trades.Units())
	}
	return ""
}

// complete tells whether every trade that can hold something of the asset was added up.
func (c *comparison) complete(a Asset) bool { return !c.part && !c.moved[pair{a.Contract, a.Asset}] }

func (c *comparison) owed(ctx context.Context, contract, asset stellar.Address) (owed escrow.Owed, ledger uint32, err error) {
	entries, ledger, err := c.Node.Entries(ctx, stellar.OwedKey(contract, asset))
	if err != nil || len(entries) == 0 || entries[0].Data.ContractData == nil {
		return owed, ledger, err // nothing was ever owed, or it is archived: no payment has come since
	}
	owed, err = stellar.ReadStoredOwed(entries[0].Data.ContractData.Val)
	return owed, ledger, err
}
