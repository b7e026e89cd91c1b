package sponsor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer/payertest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// inBench runs a test on a clock of its own, with one replica.
func inBench(t *testing.T, channels int, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		b := newBench(channels, 3, &seeded{r: rand.New(rand.NewPCG(1, 1))})
		b.start(1)
		defer func() { b.stop() }()
		test(b)
	})
}

type answered struct {
	out relay.Sponsorship
	err error
}

// Who has lost an answer asks again, at once or later, and nothing is paid for twice while it is on its way.
func TestAskingAgainIsNotPaidForAgain(t *testing.T) {
	inBench(t, 5, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: time.Minute} }
		for _, r := range []relay.SponsorRequest{b.deliver(0), b.extend(), b.bump(1)} {
			answers := make(chan answered)
			for range 4 {
				go func() {
					out, err := b.replicas[0].Sponsor(context.Background(), r)
					answers <- answered{out, err}
				}()
			}
			states := map[relay.SubmissionState]int{}
			hash := ""
			for range 4 {
				a := <-answers
				if hash == "" {
					hash = a.out.Hash
				}
				if a.err != nil || a.out.Hash != hash {
					t.Errorf("%+v, %v", a.out, a.err)
				}
				states[a.out.State]++
			}
			if states[relay.SubmissionPending] != 1 || states[relay.SubmissionDuplicate] != 3 {
				t.Errorf("%v", states)
			}
			time.Sleep(10 * time.Second)
			if out, err := b.replicas[0].Sponsor(context.Background(), r); err != nil || out.Hash != hash || out.State != relay.SubmissionDuplicate {
				t.Errorf("ten seconds later: %+v, %v", out, err)
			}
		}
		time.Sleep(10 * time.Minute)
		if n := len(b.net.Charges()); n != 3 {
			t.Errorf("%d transactions were paid for", n)
		}
	})
	// What did not go is tried anew.
	inBench(t, 1, func(b *bench) {
		r := b.extend()
		b.store.Trouble = func(string) payertest.Trouble { return payertest.Fails }
		if out, err := b.replicas[0].Sponsor(context.Background(), r); err == nil {
			t.Errorf("%+v", out)
		}
		b.store.Trouble = nil
		if out, err := b.replicas[0].Sponsor(context.Background(), r); err != nil || out.State != relay.SubmissionPending {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

// With every channel account in use a request waits, and is then told to come back; one that is given back meanwhile is taken.
func TestChannelsThatAreAllInUse(t *testing.T) {
	inBench(t, 2, func(b *bench) {
		after := time.Minute
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: after} }
		sponsor := func() (relay.Sponsorship, error) { return b.replicas[0].Sponsor(context.Background(), b.extend()) }
		for range 2 {
			if _, err := sponsor(); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		_, err := sponsor()
		if took := time.Since(begin); !errors.Is(err, relay.ErrBusy) || !strings.Contains(err.Error(), "all 2 channel accounts") || !strings.Contains(err.Error(), "ask again") || took > 15*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
		time.Sleep(time.Minute - time.Since(begin) - 5*time.Second)
		if out, err := sponsor(); err != nil || out.State != relay.SubmissionPending {
			t.Errorf("five seconds before one is free: %+v, %v", out, err)
		}
	})
}

// A process that dies has its channel accounts until its transactions are over; then others use them.
func TestChannelsOfAProcessThatDied(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{} } // lost
		b.store.Trouble = func(method string) payertest.Trouble {
			if method == "end" { // a process that dies gives nothing back
				return payertest.Fails
			}
			return payertest.None
		}
		if _, err := b.replicas[0].Sponsor(context.Background(), b.extend()); err != nil {
			t.Fatal(err)
		}
		b.stop()
		b.store.Trouble, b.net.Fate = nil, nil
		b.start(1)
		if _, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrBusy) {
			t.Errorf("while its transaction can be included: %v", err)
		}
		time.Sleep(payer.Life + time.Minute)
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); err != nil || out.State != relay.SubmissionPending {
			t.Errorf("afterwards: %+v, %v", out, err)
		}
	})
}

// Whoever leaves while a request is being sent, and asks again, is told what became of it: it is not sent a second time.
func TestWhoLeavesAndAsksAgain(t *testing.T) {
	inBench(t, 2, func(b *bench) {
		tries := 0
		b.net.Fate = func() payertest.Fate {
			if tries++; tries < 4 { // it takes some two seconds
				return payertest.Fate{Code: "tx_bad_seq"}
			}
			return payertest.Fate{Arrives: true}
		}
		r := b.extend()
		first := make(chan answered)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			out, err := b.replicas[0].Sponsor(ctx, r)
			first <- answered{out, err}
		}()
		time.Sleep(1200 * time.Millisecond)
		out, err := b.replicas[0].Sponsor(context.Background(), r)
		if before := <-first; err != nil || out.State != relay.SubmissionDuplicate || out.Hash == "" || before.out.Hash != out.Hash {
			t.Errorf("%+v, %v after %+v", out, err, before)
		}
		if n := len(b.net.Charges()); n != 1 || tries != 4 {
			t.Errorf("%d were paid for, after %d tries", n, tries)
		}
	})
}

// A process that stops does not wait for what it is sending.
func TestStoppingWhileSomethingIsSent(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Code: "tx_bad_seq"} }
		done := make(chan answered)
		go func() {
			out, err := b.replicas[0].Sponsor(context.Background(), b.extend())
			done <- answered{out, err}
		}()
		time.Sleep(time.Second) // within a pause of a second, before one of two
		begin := time.Now()
		b.stop()
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if a := <-done; a.err != nil || a.out.State != relay.SubmissionRejected {
			t.Errorf("%+v", a)
		}
		b.start(1)
	})
}

// Only so many wait for a channel account; one more is told at once to come back.
func TestOnlySoManyWait(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: time.Minute} }
		if _, err := b.replicas[0].Sponsor(context.Background(), b.extend()); err != nil {
			t.Fatal(err)
		}
		const most = 500
		var waiting sync.WaitGroup
		for range most {
			r := b.extend()
			waiting.Go(func() {
				if _, err := b.replicas[0].Sponsor(context.Background(), r); !errors.Is(err, relay.ErrBusy) || !strings.Contains(err.Error(), "are in use") {
					t.Errorf("%v", err)
				}
			})
		}
		time.Sleep(time.Second)
		begin := time.Now()
		if _, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrBusy) || !strings.Contains(err.Error(), "500 requests wait") || time.Since(begin) > time.Second {
			t.Errorf("one more, after %s: %v", time.Since(begin), err)
		}
		waiting.Wait()
	})
}

// A database that is gone is no mistake of ours: asking again helps.
func TestADatabaseThatIsGone(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		for _, method := range []string{"lease", "reserve", "add"} {
			b.store.Trouble = func(m string) payertest.Trouble {
				if m == method {
					return payertest.Fails
				}
				return payertest.None
			}
			b.store.Lost = fmt.Errorf("%s: %w", method, store.ErrUnavailable)
			if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrUnavailable) || !strings.Contains(err.Error(), method) {
				t.Errorf("%s: %+v, %v", method, out, err)
			}
		}
	})
}

// A lost answer is never a second payment: what may have arrived is told as pending, and who asks again is told the same.
func TestALostAnswerIsNoSecondPayment(t *testing.T) {
	for _, lost := range []error{relay.ErrUnavailable, payertest.ErrLost, context.DeadlineExceeded} {
		inBench(t, 3, func(b *bench) {
			b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: 10 * time.Second, Answer: lost} }
			r := b.deliver(0)
			first, err := b.replicas[0].Sponsor(context.Background(), r)
			if err != nil || first.State != relay.SubmissionPending || first.Hash == "" {
				t.Errorf("%v: %+v, %v", lost, first, err)
			}
			if again, err := b.replicas[0].Sponsor(context.Background(), r); err != nil || again.State != relay.SubmissionDuplicate || again.Hash != first.Hash {
				t.Errorf("%v, asked again: %+v, %v", lost, again, err)
			}
			time.Sleep(time.Minute)
			if all := b.net.Charges(); len(all) != 1 || all[0].Hash != first.Hash {
				t.Errorf("%v: %+v were paid for", lost, all)
			}
		})
	}
}

// What no node takes is an answer, with the node's reason; a sponsor that has ended, or is about to, cannot be asked.
func TestWhatTheNetworkSays(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Code: "tx_insufficient_balance"} }
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); err != nil || out.State != relay.SubmissionRejected || out.Code != "tx_insufficient_balance" {
			t.Errorf("%+v, %v", out, err)
		}
		b.stop()
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrUnavailable) && !errors.Is(err, relay.ErrBusy) {
			t.Errorf("after the end: %+v, %v", out, err)
		}
		b.start(1)
	})
}
