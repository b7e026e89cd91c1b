package payertest

import (
	"context"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Trouble is what happens to a call of the store.
type Trouble int

// What may happen.
const (
	None   Trouble = iota
	Fails          // nothing is done, and that is told
	Silent         // it is done, and the answer is lost: the error is the same
)

// Store keeps what is spent, sent and leased, as the real ones do, in memory.
type Store struct {
	Trouble func(method string) Trouble // nil: none
	Lost    error                       // what trouble is told as; nil: ErrLost

	mu           sync.Mutex
	spent        map[spentKey]store.Spent
	transactions map[store.Hash]store.Transaction
	leases       map[string]store.Lease
}

type spentKey struct {
	purpose store.Purpose
	day     uint32
	account string
}

// do makes a call with the trouble it has.
func (s *Store) do(ctx context.Context, method string, work func() error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	trouble := None
	if s.Trouble != nil {
		trouble = s.Trouble(method)
	}
	lost := s.Lost
	if lost == nil {
		lost = ErrLost
	}
	if trouble == Fails {
		return lost
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent == nil {
		s.spent, s.transactions, s.leases = map[spentKey]store.Spent{}, map[store.Hash]store.Transaction{}, map[string]store.Lease{}
	}
	err := work()
	if trouble == Silent {
		return lost
	}
	return err
}

func (s *Store) add(of store.Spending, account string, stroops, transactions int64) {
	key := spentKey{of.Purpose, of.Day, account}
	now := s.spent[key]
	now.Stroops += stroops
	now.Transactions += transactions
	s.spent[key] = now
}

// Reserve implements payer.Store.
func (s *Store) Reserve(ctx context.Context, of store.Spending, l store.Limits) error {
	return s.do(ctx, "reserve", func() error {
		if err := of.Check(); err != nil {
			return err
		}
		if err := l.Check(of, s.spent[spentKey{of.Purpose, of.Day, ""}], s.spent[spentKey{of.Purpose, of.Day, of.Account}]); err != nil {
			return err
		}
		s.add(of, "", of.Stroops, 1)
		if of.Account != "" {
			s.add(of, of.Account, of.Stroops, 1)
		}
		return nil
	})
}

// Settle implements payer.Store.
func (s *Store) Settle(ctx context.Context, of store.Spending, reserved int64) error {
	return s.do(ctx, "settle", func() error {
		if s.spent[spentKey{of.Purpose, of.Day, of.Account}].Stroops < reserved {
			return store.ErrMoved
		}
		s.add(of, "", of.Stroops-reserved, 0)
		if of.Account != "" {
			s.add(of, of.Account, of.Stroops-reserved, 0)
		}
		return nil
	})
}

// Spent implements sponsor.Store.
func (s *Store) Spent(ctx context.Context, purpose store.Purpose, day uint32, account string) (out store.Spent, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent[spentKey{purpose, day, account}], ctx.Err()
}

// AddTransaction implements payer.Store.
func (s *Store) AddTransaction(ctx context.Context, t store.Transaction) error {
	return s.do(ctx, "add", func() error {
		if _, there := s.transactions[t.Hash]; there {
			return store.ErrMoved
		}
		s.transactions[t.Hash] = t
		return nil
	})
}

// Transaction is what was stored of one; false if nothing was.
func (s *Store) Transaction(h store.Hash) (store.Transaction, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.transactions[h]
	return t, ok
}

// Lease implements sponsor.Store.
func (s *Store) Lease(ctx context.Context, names []string, holder string, now, until uint64) (out store.Lease, err error) {
	err = s.do(ctx, "lease", func() error {
		if err := store.CheckLease(names, holder, now, until); err != nil {
			return err
		}
		for _, name := range names {
			if s.leases[name].Until <= now {
				out = store.Lease{Name: name, Holder: holder, Until: until}
				s.leases[name] = out
				return nil
			}
		}
		return store.ErrNoneFree
	})
	return out, err
}

// EndLease implements sponsor.Store.
func (s *Store) EndLease(ctx context.Context, l store.Lease) error {
	return s.do(ctx, "end", func() error {
		if s.leases[l.Name].Holder == l.Holder {
			delete(s.leases, l.Name)
		}
		return nil
	})
}
