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
				if rejected := (&payer.RejectedError{}); !errors.Is(err, c.err) || errors.As(err, &rejected) != (c.err == payer.ErrRejected) || simulated != 2 || sent != c.sent {
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

// A node that has begun to follow the network after the payment says of what is in an earlier ledger that it knows nothing of it. Then nothing
// takes its place, and the day counts it at its most.
func TestANodeWithoutTheLedgersThatMatter(t *testing.T) {
	for name, fate := range map[string]payertest.Fate{
		"the answer lost":             {Arrives: true, Charged: 300, Answer: payertest.ErrLost},
		"refused, and passed on":      {Arrives: true, Charged: 300, Code: "tx_bad_seq"},
		"taken, and included at once": {Arrives: true, Charged: 300},
	} {
		t.Run(name, func(t *testing.T) {
			inBench(t, func(b *bench) {
				begins := uint64(time.Now().Unix()) + 1
				b.net.Oldest = func() uint64 { return begins }
				sent := 0
				b.net.Fate = func() payertest.Fate { sent++; return fate }
				_, err := b.payer.Pay(b.t.Context(), b.pay)
				synctest.Wait()
				if sum, _ := b.charged(); !errors.Is(err, payer.ErrExpired) || sent != 1 || sum != 300 || b.counted().Stroops != 1100 {
					t.Errorf("%v; sent %d times, charged %d, counted %+v", err, sent, sum, b.counted())
				}
			})
		})
	}
}

// A process that dies between the restoring of what is archived and the call that needs it, before a ledger has the former, costs nobody a second
// restoring: the next process uses the same sequence number, and goes on from what the ledgers have.
func TestAProcessThatDiesWhileItRestores(t *testing.T) {
	inBench(t, func(b *bench) {
		b.net.Sim = func(s *relay.Simulation) {
			if len(b.net.Charges()) == 0 {
				restoreForEver(s)
			}
		}
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: 20 * time.Second, Charged: 50} }
		died := make(chan error)
		go func() { _, err := b.payer.Pay(b.t.Context(), b.pay); died <- err }()
		time.Sleep(time.Second)
		b.stop()
		if err := <-died; !errors.Is(err, payer.ErrStopped) {
			t.Errorf("%v", err)
		}
		b.start()
		tries := 0
		for err := errors.New("not yet"); err != nil; tries++ {
			if _, err = b.payer.Pay(b.t.Context(), b.pay); err != nil && !errors.Is(err, payer.ErrExpired) || tries > 3 {
				t.Fatalf("try %d: %v", tries, err)
			}
		}
		synctest.Wait()
		// The dead process's restoring stays counted at its most, 101 stroops.
		if sum, n := b.charged(); n != 2 || sum != 100 || b.counted().Stroops != 101+50 || tries != 2 {
			t.Errorf("%d transactions were charged %d stroops after %d tries, counted %+v", n, sum, tries, b.counted())
		}
	})
}
