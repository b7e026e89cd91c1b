package payer_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer/payertest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Whoever was first with a sequence number may have done what this payment is for: it is simulated again before it is signed with another number.
// What is found then costs nothing, and is not more than was reserved.
func TestWhatIsTriedAgainIsSimulatedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*relay.Simulation) // how the second simulation ends
		err  error
		sent int
	}{
		"it is done":           {func(s *relay.Simulation) { s.Failure = &relay.Failure{Kind: relay.FailedByContract, Code: 9} }, payer.ErrFails, 1},
		"it has become dearer": {func(s *relay.Simulation) { s.MinResourceFee++ }, payer.ErrRejected, 1},
		"above the ceiling":    {func(s *relay.Simulation) { s.MinResourceFee = ceiling }, payer.ErrTooDear, 1},
		"to be restored first": {restoreForEver, payer.ErrRejected, 1},
		"cheaper":              {func(s *relay.Simulation) { s.MinResourceFee-- }, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inBench(t, func(b *bench) {
				simulated, sent, freed := 0, 0, 0
				b.net.Sim = func(s *relay.Simulation) {
					if simulated++; simulated == 2 {
						c.then(s)
					}
				}
				b.net.Fate = func() payertest.Fate {
					if sent++; sent == 1 {
						time.AfterFunc(time.Millisecond, func() { b.net.Use(b.key.Address()) })
						return payertest.Fate{Code: "tx_bad_seq"}
					}
					return payertest.Fate{Arrives: true}
				}
				b.pay.Freed = func() { freed++ }
				out, err := b.payer.Pay(b.t.Context(), b.pay)
				if !errors.Is(err, c.err) || simulated != 2 || sent != c.sent {
					t.Errorf("%v, want %v; simulated %d times, sent %d times", err, c.err, simulated, sent)
				}
				if failed := (&payer.FailedError{}); errors.As(err, &failed) && (failed.Hash != "" || failed.Failure.Code != 9) {
					t.Errorf("%+v: no ledger has it", failed)
				}
				synctest.Wait()
				b.agrees(int64(c.sent - 1))
				if freed != 1 || (err == nil) != (out.FeeCharged == 1099) {
					t.Errorf("freed %d times, %+v", freed, out)
				}
			})
		})
	}
}

// What has to be restored first shares the time of what comes after it: whoever lends the source lends it for no longer than Life.
func TestRestoringTakesOfThePaymentsTime(t *testing.T) {
	inBench(t, func(b *bench) {
		simulated := 0
		b.net.Sim = func(s *relay.Simulation) {
			if simulated++; simulated == 1 {
				restoreForEver(s)
			}
		}
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: time.Minute} }
		end := uint64(time.Now().Add(payer.Life).Unix())
		out, err := b.payer.Pay(b.t.Context(), b.pay)
		if err != nil || simulated != 2 {
			t.Fatalf("%+v, %v; simulated %d times", out, err, simulated)
		}
		kept, ok := b.store.Transaction(store.Hash(must(stellar.ParseHash(out.Hash))))
		if !ok || kept.ValidUntil != end {
			t.Errorf("it may be included until %d, begun with the end %d", kept.ValidUntil, end)
		}
		b.agrees(2)
	})
}
