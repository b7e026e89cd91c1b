package node_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

// TestAdvanceIsOfTheLedgersTime makes ledgers faster than seconds pass, and then waits an hour: of theirs, not of the clock they left behind.
func TestAdvanceIsOfTheLedgersTime(t *testing.T) {
	n := newWorld(t, node.Options{})
	for range 6 {
		if _, err := n.Fund(t.Context(), keypair.MustRandom().Address()); err != nil {
			t.Fatal(err)
		}
	}
	last, err := n.Last()
	if err != nil {
		t.Fatal(err)
	}
	before := last.CloseTime()
	if _, err := n.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	o, err := n.Fund(t.Context(), keypair.MustRandom().Address())
	if err != nil {
		t.Fatal(err)
	}
	if passed := o.CloseTime - before; passed < 3600 {
		t.Errorf("an hour was waited for, and %d s passed between ledgers", passed)
	}
}

// TestCloseEndsAnAdvance closes a network that is about to make the ledgers of years: it ends at once, and the clock stands where it
// has come to.
func TestCloseEndsAnAdvance(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, node.Options{DataDir: dir})
	end := make(chan error, 1)
	go func() {
		_, err := w.Advance(node.MaxAdvance)
		end <- err
	}()
	const twoWeeks = 2 * 7 * 24 * 720
	for at := uint32(0); at < twoWeeks; { // who asks meanwhile is answered
		last, err := w.Last()
		if err != nil {
			t.Fatal(err)
		}
		at = last.Sequence()
	}
	began := time.Now()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %s", took)
	}
	if err := <-end; !errors.Is(err, node.ErrClosed) {
		t.Errorf("the advance ended with %v, want %v", err, node.ErrClosed)
	}
	if _, err := w.Advance(time.Hour); !errors.Is(err, node.ErrClosed) {
		t.Errorf("an advance of a closed network: got %v, want %v", err, node.ErrClosed)
	}

	came := w.Chain().Last()
	w = newWorld(t, node.Options{DataDir: dir})
	began = time.Now()
	last, err := w.Last()
	if more := last.Sequence() - came.Sequence(); err != nil || more > twoWeeks/2 || time.Since(began) > 5*time.Second {
		t.Errorf("opened again: ledger %d after %s (%v), want %d and no more than a week", last.Sequence(), time.Since(began), err, came.Sequence())
	}
	if meta, ok, err := w.Chain().Ledger(came.Sequence()); !ok || meta.LedgerHash() != came.Hash {
		t.Errorf("ledger %d is another one than before: %v", came.Sequence(), err)
	}
	if behind := w.Now().Unix() - last.CloseTime(); behind < 0 || behind >= ledger.CloseSeconds {
		t.Errorf("the last ledger closed %d s before the network's now", behind)
	}
}

// TestAdvancesAddUp moves the clock from several sides at once.
func TestAdvancesAddUp(t *testing.T) {
	w := newWorld(t, node.Options{EmptyEvery: time.Hour})
	began := w.Now()
	const weeks = 7 * 24 * time.Hour
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			if _, err := w.Advance(time.Duration(i)*weeks + time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, want := w.Now().Sub(began), 6*weeks+4*time.Hour; got != want {
		t.Errorf("the clock moved by %s, want %s", got, want)
	}
}

// TestAdvanceHasAnEnd goes as far as the clock can, and one step further.
func TestAdvanceHasAnEnd(t *testing.T) {
	w := newWorld(t, node.Options{EmptyEvery: 24 * time.Hour})
	began := w.Now()
	var err error
	calls := 0
	for ; err == nil && calls < 20; calls++ {
		_, err = w.Advance(node.MaxAdvance)
	}
	const fiftyYears = 10 * node.MaxAdvance
	at := w.Now().Sub(began)
	if !errors.Is(err, node.ErrTooFar) || !strings.Contains(err.Error(), "50 years") || at > fiftyYears || at < fiftyYears-node.MaxAdvance {
		t.Errorf("after %d calls the clock is %s ahead: %v", calls, at, err)
	}
	w.account() // nothing else has ended
}
