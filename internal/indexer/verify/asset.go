package verify

import (
	"context"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// asset compares what is owed in an asset with the trades and with the balance. It is read twice at least: payments move both.
func (v *verifier) asset(ctx context.Context, contract stellar.Address, p pair) error {
	asset, err := stellar.ParseAddress(p.asset)
	if err != nil {
		return err
	}
	out := Asset{Contract: p.contract, Asset: p.asset, Trades: v.sums[p]}
	short := ""
	for range rounds {
		before, ledger, err := v.owed(ctx, contract, asset)
		if err != nil {
			return err
		}
		if out.Balance, err = v.First.Balance(ctx, asset, contract); err != nil {
			return fmt.Errorf("balance: %w", err)
		}
		if v.Second != nil {
			second, err := v.Second.Balance(ctx, asset, contract)
			if err != nil {
				return fmt.Errorf("balance by the second source: %w", err)
			}
			out.Second = &second
		}
		after, _, err := v.owed(ctx, contract, asset)
		if err != nil {
			return err
		}
		out.Owed, out.Fees = after.Total, after.Fees
		if before != after {
			continue // money has moved in between
		}
		v.report.Ledger = max(v.report.Ledger, ledger)
		if short = v.shortage(out); short == "" {
			break
		}
	}
	v.report.Assets = append(v.report.Assets, out)
	if short != "" {
		v.report.Findings = append(v.report.Findings, Finding{Contract: p.contract, What: short})
	}
	return nil
}

// shortage is what is wrong with an asset; "" if nothing is.
func (v *verifier) shortage(a Asset) string {
	switch trades, err := a.Owed.Sub(a.Fees); {
	case a.Balance.Less(a.Owed):
		return fmt.Sprintf("asset %s: the balance is %s, owed is %s: somebody took from it, as its issuer can", a.Asset, a.Balance.Units(), a.Owed.Units())
	case a.Second != nil && *a.Second != a.Balance:
		return fmt.Sprintf("asset %s: the balance is %s by the first source, %s by the second", a.Asset, a.Balance.Units(), a.Second.Units())
	case err != nil || trades.Sign() < 0:
		return fmt.Sprintf("asset %s: owed is %s, of which %s would be fees", a.Asset, a.Owed.Units(), a.Fees.Units())
	case v.complete(a) && trades != a.Trades:
		return fmt.Sprintf("asset %s: owed to trades is %s, the projected ones hold %s", a.Asset, trades.Units(), a.Trades.Units())
	}
	return ""
}

// complete tells whether every trade that can hold something of the asset was added up.
func (v *verifier) complete(a Asset) bool { return !v.part && !v.moved[pair{a.Contract, a.Asset}] }

func (v *verifier) owed(ctx context.Context, contract, asset stellar.Address) (owed escrow.Owed, ledger uint32, err error) {
	entries, ledger, err := v.Node.Entries(ctx, stellar.OwedKey(contract, asset))
	if err != nil || len(entries) == 0 || entries[0].Data.ContractData == nil {
		return owed, ledger, err // nothing was ever owed, or it is archived: no payment has come since
	}
	owed, err = stellar.ReadStoredOwed(entries[0].Data.ContractData.Val)
	return owed, ledger, err
}
