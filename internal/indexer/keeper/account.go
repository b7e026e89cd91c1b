package keeper

import (
	"context"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// account asks what the accounts have, and what was spent today.
func (s *shift) account(ctx context.Context, now time.Time) error {
	if now.Sub(s.asked) < balancesEvery && !now.Before(s.asked) {
		return nil
	}
	spent, err := s.k.c.Store.Spent(ctx, store.PurposeKeeper, store.DayOf(now.Unix()), "")
	if err != nil {
		return err
	}
	keys := make([]xdr.LedgerKey, len(s.k.c.Keys))
	for i, key := range s.k.c.Keys {
		id := xdr.AccountId(xdr.PublicKey{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: (*xdr.Uint256)(ptr(key.Account().Key))})
		if err := keys[i].SetAccount(id); err != nil {
			return err
		}
	}
	entries, _, err := s.k.c.Node().Entries(ctx, keys...)
	if err != nil {
		return err
	}
	balances := map[string]int64{}
	for _, key := range s.k.c.Keys {
		balances[key.Account().String()] = 0 // no account: nothing to pay with
	}
	for _, e := range entries {
		if a := e.Data.Account; a != nil {
			balances[a.AccountId.Address()] = int64(a.Balance)
		}
	}
	s.asked = now
	s.k.show(func(st *Status) { st.Spent, st.Balances = spent.Stroops, balances })
	return nil
}

func ptr[T any](v T) *T { return &v }
