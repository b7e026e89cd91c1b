package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// hashMeans checks what a state hash depends on: all that is stored of every trade, and nothing of how it came there.
func hashMeans(t *testing.T, s Engine) {
	ctx := t.Context()
	empty, err := store.StateHash(ctx, s)
	if err != nil || empty.Trades != 0 || empty.Hash == (store.Hash{}) {
		t.Errorf("an empty store: %+v, %v", empty, err)
	}
	w := newWorld(t, s, contractA, contractB)
	var all []*store.Trade
	for n := range 7 {
		all = append(all, full(n))
		w.apply(w.next(every(all[n])))
	}
	want := inMemory(t, all)
	got, err := store.StateHash(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hash != want || got.Trades != len(all) || len(got.Contracts) != 2 || got.Contracts[0].Position != w.at[contractA] {
		t.Errorf("got %+v, want hash %x of %d trades at %s", got, want, len(all), w.at[contractA])
	}
	w.apply(w.next()) // a position is beside the hash
	if again, err := store.StateHash(ctx, s); err != nil || again.Hash != want || again.Contracts[0].Position == got.Contracts[0].Position {
		t.Errorf("at the next position: %+v, %v", again, err)
	}
	stop := errors.New("enough")
	if _, err := s.ReadState(ctx, func(*store.Trade) error { return stop }, nil); !errors.Is(err, stop) {
		t.Errorf("a visit that ends: %v", err)
	}
}

// hashSees changes every field of a trade, one after the other, through the store.
func hashSees(t *testing.T, s Engine) {
	w := newWorld(t, s, contractA)
	tr := full(5)
	tr.Terms.AppealPanel = escrow.Panel{Arbitrators: []escrow.Address{"GJUDGE"}, Quorum: 1}
	fields := 0
	seen := map[store.Hash]string{inMemory(t, []*store.Trade{tr}): "as it was"}
	eachField(reflect.ValueOf(tr).Elem(), "trade", func(path string) {
		fields++
		h := inMemory(t, []*store.Trade{tr})
		if other, ok := seen[h]; ok {
			t.Errorf("a change of %s has the hash of %s", path, other)
		}
		seen[h] = path
	})
	if fields < 120 {
		t.Errorf("only %d fields were found", fields)
	}

	// And what can change of a stored trade, through the store.
	w.apply(w.next(every(tr)))
	change := store.Change{Trade: tr, Milestones: []int{0, 1, 2}}
	stored := 0
	eachField(reflect.ValueOf(tr).Elem(), "trade", func(path string) {
		if constantFields.MatchString(path) {
			return
		}
		stored++
		changed := tr.Clone()
		w.apply(w.next(store.Change{Trade: changed, Milestones: change.Milestones}))
		got, err := store.StateHash(t.Context(), s)
		if want := inMemory(t, []*store.Trade{changed}); err != nil || got.Hash != want {
			t.Errorf("%s: the hash is %x (%v), want %x", path, got.Hash, err, want)
		}
	})
	if stored < 40 {
		t.Errorf("only %d fields were changed", stored)
	}
}

// constantFields never change once stored: they belong to the opening, to a dispute's beginning, or to a vote.
var constantFields = regexp.MustCompile(`^trade\.(ID|Contract|Terms|OpenedBy|LastDeadline|Opened|Milestones\[\d\]\.Dispute(\.(By|Reason|Since|Votes)| gone))`)

// inMemory is the hash of trades and payouts that no engine has held.
func inMemory(t *testing.T, all []*store.Trade, payouts ...paid) store.Hash {
	t.Helper()
	state, err := store.StateHash(t.Context(), inState{all, payouts})
	if err != nil {
		t.Fatal(err)
	}
	return state.Hash
}

// inState is a store of nothing but trades and payouts, in memory.
type inState struct {
	trades  []*store.Trade
	payouts []paid
}

// ReadState gives them as they are.
func (s inState) ReadState(_ context.Context, visit func(*store.Trade) error, each func(store.EventID, store.Payout) error) ([]store.Contract, error) {
	for _, tr := range s.trades {
		if err := visit(tr); err != nil {
			return nil, err
		}
	}
	for _, p := range s.payouts {
		if err := each(p.Opened, p.Payout); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// eachField changes each single field below v, calls f, and changes it back.
func eachField(v reflect.Value, path string, f func(path string)) {
	with := func(changed any) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(reflect.ValueOf(changed).Convert(v.Type()))
		f(path)
		v.Set(was)
	}
	switch value := v.Interface().(type) {
	case amount.Int128:
		if value == amount.Int(0) {
			with(amount.Int(1))
			return
		}
		with(value.Minus(amount.Int(1)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachField(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Array, reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := v.Index(v.Len() - 1)
			b.SetUint(b.Uint() ^ 1)
			f(path)
			b.SetUint(b.Uint() ^ 1)
			return
		}
		for i := range v.Len() {
			eachField(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
		if v.Kind() == reflect.Slice && v.Len() > 0 && path != "trade.Milestones" && path != "trade.Terms.Milestones" {
			was := reflect.New(v.Type()).Elem()
			was.Set(v)
			v.Set(v.Slice(0, v.Len()-1))
			f(path + " shorter")
			v.Set(was)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		eachField(v.Elem(), path, f)
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.SetZero()
		f(path + " gone")
		v.Set(was)
	case reflect.String:
		with(v.String() + "x")
	case reflect.Uint32, reflect.Uint64:
		with(v.Uint() ^ 1)
	default:
		panic(fmt.Sprintf("a field of a kind that is not known: %s is %s", path, v.Kind()))
	}
}

// Same holds engines against each other on the same lives: their hashes must be equal after every batch, whatever the sizes of batches.
func Same(t *testing.T, engines map[string]Engine) {
	if len(engines) < 2 {
		t.Fatalf("%d engines: there is nothing to compare", len(engines))
	}
	work := Workload{Seed: 7, Trades: 600, Together: 80, Events: 150}
	for name, s := range engines {
		if err := s.Follow(t.Context(), Contract, Start); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	batches := 0
	for b := range work.Batches() {
		batches++
		var first store.State
		var of string
		for name, s := range engines {
			if err := s.Apply(t.Context(), b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			state, err := store.StateHash(t.Context(), s)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if of == "" {
				first, of = state, name
				continue
			}
			same(t, fmt.Sprintf("the state of %s, as in %s, after batch %d", name, of, batches), state, first)
		}
	}
	if batches < 10 {
		t.Errorf("only %d batches", batches)
	}
}
