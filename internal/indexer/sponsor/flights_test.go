package sponsor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer/payertest"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
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

// What no node takes is an answer, with the node's reason; what the network does not tell is an error of its kind.
func TestWhatTheNetworkSays(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Code: "tx_insufficient_balance"} }
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); err != nil || out.State != relay.SubmissionRejected || out.Code != "tx_insufficient_balance" {
			t.Errorf("%+v, %v", out, err)
		}
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Answer: relay.ErrUnavailable} }
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrUnavailable) {
			t.Errorf("%+v, %v", out, err)
		}
		b.stop()
		if out, err := b.replicas[0].Sponsor(context.Background(), b.extend()); !errors.Is(err, relay.ErrUnavailable) && !errors.Is(err, relay.ErrBusy) {
			t.Errorf("after the end: %+v, %v", out, err)
		}
		b.start(1)
	})
}
