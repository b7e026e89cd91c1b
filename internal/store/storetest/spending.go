package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func spendingLimits(t *testing.T, s Engine) {
	limits := store.Limits{Stroops: 1000, AccountStroops: 400, AccountTransactions: 3}
	spend := func(account string, stroops int64) store.Spending {
		return store.Spending{Purpose: store.PurposeSponsor, Day: 7, Account: account, Stroops: stroops}
	}
	for _, c := range []struct {
		name   string
		s      store.Spending
		l      store.Limits
		refuse string // a word of the error, empty where it is accepted
	}{
		{"the first", spend("A", 100), limits, ""},
		{"more than an account may", spend("A", 301), limits, "account A"},
		{"all that it may", spend("A", 300), limits, ""},
		{"a stroop more", spend("A", 1), limits, "account A"},
		{"nothing more, but a transaction", spend("A", 0), limits, ""},
		{"one transaction more than it may", spend("A", 0), limits, "3 transactions of 3"},
		{"another account", spend("B", 400), limits, ""},
		{"more than all may together", spend("C", 201), limits, "spent 800 stroops of 1000"},
		{"nobody's more than all may together", spend("", 201), limits, "spent 800 stroops of 1000"},
		{"nobody's, whatever an account may", spend("", 150), store.Limits{Stroops: 1000}, ""},
		{"what is left", spend("C", 50), limits, ""},
		{"nothing of a day that is spent", spend("", 1), limits, "spent 1000 stroops of 1000"},
		{"another day", store.Spending{Purpose: store.PurposeSponsor, Day: 8, Account: "A", Stroops: 400}, limits, ""},
		{"another purpose", store.Spending{Purpose: store.PurposeKeeper, Day: 7, Account: "A", Stroops: 400}, limits, ""},
		{"no limits", store.Spending{Purpose: store.PurposeSponsor, Day: 9, Account: "A"}, store.Limits{}, "of 0"},
		{"no limit of an account's", store.Spending{Purpose: store.PurposeSponsor, Day: 9, Account: "A"}, store.Limits{Stroops: 1}, "of 0"},
		{"no transaction of an account's", store.Spending{Purpose: store.PurposeSponsor, Day: 9, Account: "A"}, store.Limits{Stroops: 1, AccountStroops: 1}, "of 0"},
		{"more than there is", store.Spending{Purpose: store.PurposeSponsor, Day: 9, Account: "A", Stroops: math.MaxInt64}, store.Limits{Stroops: math.MaxInt64 - 1, AccountStroops: math.MaxInt64, AccountTransactions: 1}, "spent 0 stroops"},
	} {
		switch err := s.Reserve(t.Context(), c.s, c.l); {
		case c.refuse == "" && err != nil, c.refuse != "" && (!errors.Is(err, store.ErrSpent) || !strings.Contains(err.Error(), c.refuse)):
			t.Errorf("%s: %v, want ErrSpent that says %q", c.name, err, c.refuse)
		}
	}
	for _, c := range []struct {
		purpose store.Purpose
		day     uint32
		account string
		want    store.Spent
	}{
		{store.PurposeSponsor, 7, "A", store.Spent{Stroops: 400, Transactions: 3}},
		{store.PurposeSponsor, 7, "B", store.Spent{Stroops: 400, Transactions: 1}},
		{store.PurposeSponsor, 7, "C", store.Spent{Stroops: 50, Transactions: 1}},
		{store.PurposeSponsor, 7, "", store.Spent{Stroops: 1000, Transactions: 6}},
		{store.PurposeSponsor, 8, "", store.Spent{Stroops: 400, Transactions: 1}},
		{store.PurposeKeeper, 7, "A", store.Spent{Stroops: 400, Transactions: 1}},
		{store.PurposeSponsor, 9, "", store.Spent{}},
		{store.PurposeKeeper, 8, "A", store.Spent{}},
	} {
		if got, err := s.Spent(t.Context(), c.purpose, c.day, c.account); err != nil || got != c.want {
			t.Errorf("%s, day %d, account %q: %+v, %v, want %+v", c.purpose, c.day, c.account, got, err, c.want)
		}
	}
	for _, bad := range []store.Spending{{Day: 7, Stroops: 1}, {Purpose: "rent", Day: 7}, {Purpose: store.PurposeKeeper, Stroops: -1}} {
		if err := s.Reserve(t.Context(), bad, limits); err == nil || errors.Is(err, store.ErrSpent) {
			t.Errorf("%+v: %v", bad, err)
		}
		if err := s.Settle(t.Context(), bad, 0); err == nil || errors.Is(err, store.ErrMoved) {
			t.Errorf("settle %+v: %v", bad, err)
		}
	}
}

func spendingSettled(t *testing.T, s Engine) {
	limits := store.Limits{Stroops: 1000, AccountStroops: 1000, AccountTransactions: 10}
	spend := store.Spending{Purpose: store.PurposeKeeper, Day: 7, Account: "A", Stroops: 600}
	settle := func(account string, charged, reserved int64) error {
		return s.Settle(t.Context(), store.Spending{Purpose: store.PurposeKeeper, Day: 7, Account: account, Stroops: charged}, reserved)
	}
	spent := func(when string, stroops, transactions int64) {
		t.Helper()
		for _, account := range []string{"A", ""} {
			if got, err := s.Spent(t.Context(), store.PurposeKeeper, 7, account); err != nil || got != (store.Spent{Stroops: stroops, Transactions: transactions}) {
				t.Errorf("%s, account %q: %+v, %v, want %d in %d", when, account, got, err, stroops, transactions)
			}
		}
	}
	if err := settle("A", 0, 0); !errors.Is(err, store.ErrMoved) {
		t.Errorf("before anything was reserved: %v, want ErrMoved", err)
	}
	if err := s.Reserve(t.Context(), spend, limits); err != nil {
		t.Fatal(err)
	}
	if err := s.Reserve(t.Context(), spend, limits); !errors.Is(err, store.ErrSpent) {
		t.Errorf("before it is settled: %v, want ErrSpent", err)
	}
	for what, err := range map[string]error{"more than is reserved": settle("A", 1, 601), "of another account": settle("B", 1, 600)} {
		if !errors.Is(err, store.ErrMoved) {
			t.Errorf("%s: %v, want ErrMoved", what, err)
		}
	}
	if err := settle("A", 1, -1); err == nil {
		t.Error("a reservation below nothing was accepted")
	}
	spent("reserved", 600, 1)
	if err := settle("A", 250, 600); err != nil {
		t.Error(err)
	}
	spent("settled", 250, 1)
	if err := s.Reserve(t.Context(), spend, limits); err != nil {
		t.Errorf("what was not charged cannot be had again: %v", err)
	}
	if err := settle("A", 900, 600); err != nil { // the network charged more: what is spent is spent
		t.Error(err)
	}
	spent("settled for more", 1150, 2)
}

// spendingRace has many reserve at once what only some of them can have.
func spendingRace(t *testing.T, s Engine) {
	const room, each, asking = 10, 100, 40
	limits := store.Limits{Stroops: room*each + each/2, AccountStroops: 1 << 40, AccountTransactions: 1 << 40}
	var mu sync.Mutex
	had := 0
	var wg sync.WaitGroup
	for n := range asking {
		wg.Go(func() {
			err := s.Reserve(t.Context(), store.Spending{Purpose: store.PurposeSponsor, Day: 1, Account: fmt.Sprint("G", n%3), Stroops: each}, limits)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				had++
			} else if !errors.Is(err, store.ErrSpent) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := s.Spent(t.Context(), store.PurposeSponsor, 1, "")
	if err != nil || had != room || got != (store.Spent{Stroops: room * each, Transactions: room}) {
		t.Errorf("%d of %d have it, %+v is spent (%v), want %d", had, asking, got, err, room)
	}
	var accounts store.Spent
	for n := range 3 {
		one, err := s.Spent(t.Context(), store.PurposeSponsor, 1, fmt.Sprint("G", n))
		if err != nil {
			t.Error(err)
		}
		accounts.Stroops, accounts.Transactions = accounts.Stroops+one.Stroops, accounts.Transactions+one.Transactions
	}
	if accounts != got {
		t.Errorf("the accounts have spent %+v, all together %+v", accounts, got)
	}
}

func leases(t *testing.T, s Engine) {
	ctx := t.Context()
	names := []string{"C", "A", "B"}
	var all []store.Lease
	for n := range names {
		l, err := s.Lease(ctx, names, fmt.Sprint("holder ", n), 100, uint64(200+n))
		if err != nil {
			t.Fatal(err)
		}
		if l.Holder != fmt.Sprint("holder ", n) || l.Until != uint64(200+n) || !slices.Contains(names, l.Name) {
			t.Errorf("lease %d is %+v", n, l)
		}
		all = append(all, l)
	}
	taken := []string{all[0].Name, all[1].Name, all[2].Name}
	slices.Sort(taken)
	same(t, "the names", taken, []string{"A", "B", "C"})
	none := func(when string, names []string, now uint64) {
		t.Helper()
		if l, err := s.Lease(ctx, names, "another", now, now+10); !errors.Is(err, store.ErrNoneFree) {
			t.Errorf("%s: %+v, %v, want ErrNoneFree", when, l, err)
		}
	}
	none("all are taken", names, 199)
	none("of no names", nil, 1)

	// One is given back, and not twice: by then it is the next one's.
	if err := s.EndLease(ctx, all[1]); err != nil {
		t.Error(err)
	}
	next, err := s.Lease(ctx, names, "next", 150, 190)
	if err != nil || next.Name != all[1].Name {
		t.Errorf("%+v, %v, want %s", next, err, all[1].Name)
	}
	if err := s.EndLease(ctx, all[1]); err != nil {
		t.Error(err)
	}
	none("the next one has it", names, 150)
	if err := s.EndLease(ctx, store.Lease{Name: "nobody's", Holder: "x"}); err != nil {
		t.Error(err)
	}

	// One whose holder has died is free from its time on.
	late, err := s.Lease(ctx, []string{all[0].Name}, "late", 200, 300)
	if err != nil || late.Name != all[0].Name {
		t.Errorf("at its time: %+v, %v", late, err)
	}
	if err := s.EndLease(ctx, all[0]); err != nil { // the dead one comes back
		t.Error(err)
	}
	none("the late one has it", []string{all[0].Name}, 299)

	for what, err := range map[string]error{
		"no holder":   second(s.Lease(ctx, names, "", 1, 2)),
		"a past time": second(s.Lease(ctx, names, "x", 2, 2)),
		"many names":  second(s.Lease(ctx, make([]string, store.MaxPage+1), "x", 1, 2)),
	} {
		if err == nil || errors.Is(err, store.ErrNoneFree) || errors.Is(err, store.ErrLimit) != (what == "many names") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second(_ store.Lease, err error) error { return err }

// leaseRace has more ask at once than there are.
func leaseRace(t *testing.T, s Engine) {
	var names []string
	for n := range 12 {
		names = append(names, fmt.Sprintf("channel %02d", n))
	}
	for round := range uint64(3) {
		now := 1000 * round
		var mu sync.Mutex
		had := map[string]string{}
		none := 0
		var wg sync.WaitGroup
		for n := range 30 {
			wg.Go(func() {
				mine := slices.Clone(names)
				if n%2 == 1 {
					slices.Reverse(mine)
				}
				l, err := s.Lease(t.Context(), mine, fmt.Sprint(round, " ", n), now, now+1000)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, store.ErrNoneFree):
					none++
				case err != nil:
					t.Error(err)
				case had[l.Name] != "":
					t.Errorf("%s has %s, and so has %s", l.Holder, l.Name, had[l.Name])
				default:
					had[l.Name] = l.Holder
				}
			})
		}
		wg.Wait()
		if len(had) != len(names) || none != 30-len(names) {
			t.Errorf("round %d: %d of %d are taken, %d had none", round, len(had), len(names), none)
		}
	}
}
