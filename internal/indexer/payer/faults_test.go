package payer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer/payertest"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// bench is a payer between a network and a store that stand in.
type bench struct {
	t     *testing.T
	net   *payertest.Network
	store *payertest.Store
	key   *keypair.Full
	pay   payer.Payment
	payer *payer.Payer
	stop  func() // Run
}

const ceiling = 10_000

var escrowContract = stellar.Address{Contract: true, Key: [32]byte{7}}

// inBench runs a test on a clock of its own, which passes as soon as everybody waits.
func inBench(t *testing.T, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, net: &payertest.Network{Name: must(stellar.NewNetwork("Payers of the tests ; 2026"))}, store: &payertest.Store{}, key: keypair.MustRandom()}
		account := must(stellar.ParseAccount(b.key.Address()))
		b.pay = payer.Payment{
			Source: must(signer.New(signer.Config{Job: signer.Keeper, Account: account, Seed: func() secret.Secret { return secret.New(b.key.Seed()) }, Network: b.net.Name,
				Follows: func() []stellar.Address { return []stellar.Address{escrowContract} }, MaxFee: 1_000_000, Now: time.Now})),
			Tree:    must(stellar.ExpectedTree(escrowContract, escrow.CallExtend{ID: escrow.ID{1}}, stellar.State{})),
			Purpose: store.PurposeKeeper, Limits: store.Limits{Stroops: 1_000_000}, Ceiling: ceiling,
		}
		b.start()
		defer func() { b.stop() }()
		test(b)
	})
}

// start runs a payer, as a process does that begins.
func (b *bench) start() {
	b.payer = payer.New(payer.Config{Relay: b.net, Store: b.store, Network: b.net.Name, Now: time.Now})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.payer.Run(ctx) })
	b.stop = func() { cancel(); running.Wait() }
}

// counted is what the day has.
func (b *bench) counted() store.Spent {
	return must(b.store.Spent(context.Background(), store.PurposeKeeper, store.DayOf(time.Now().Unix()), ""))
}

func (b *bench) charged() (sum int64, number int64) {
	for _, c := range b.net.Charges() {
		sum += c.Stroops
		number++
	}
	return sum, number
}

// agrees checks that the day has exactly what the network has charged.
func (b *bench) agrees(transactions int64) {
	b.t.Helper()
	synctest.Wait()
	sum, number := b.charged()
	if got := b.counted(); got.Stroops != sum || number != transactions {
		b.t.Errorf("%d transactions were charged %d stroops, of %d expected; the day has %+v", number, sum, transactions, got)
	}
}

// Whatever becomes of a submission, the error says so, and the day has what it cost.
func TestEachFateIsSettled(t *testing.T) {
	for name, c := range map[string]struct {
		fate    payertest.Fate
		err     error // nil: it is included
		charged int64
	}{
		"included":                             {payertest.Fate{Arrives: true, Charged: 700}, nil, 700},
		"included a minute later":              {payertest.Fate{Arrives: true, After: time.Minute}, nil, 1100},
		"failed in a ledger":                   {payertest.Fate{Arrives: true, Failed: true, Charged: 800}, payer.ErrFails, 800},
		"lost on the way":                      {payertest.Fate{}, payer.ErrExpired, 0},
		"too late":                             {payertest.Fate{Arrives: true, After: time.Hour}, payer.ErrExpired, 0},
		"the answer lost, included":            {payertest.Fate{Arrives: true, Answer: payertest.ErrLost, After: time.Second}, nil, 1100},
		"the answer lost, and it, too":         {payertest.Fate{Answer: payertest.ErrLost}, payer.ErrExpired, 0},
		"refused":                              {payertest.Fate{Code: "tx_insufficient_balance"}, payer.ErrRejected, 0},
		"refused, and included all the same":   {payertest.Fate{Arrives: true, Code: "tx_insufficient_fee", After: time.Second}, payer.ErrRejected, 1100},
		"refused as invalid before it is sent": {payertest.Fate{Answer: relay.ErrInvalid}, relay.ErrInvalid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBench(t, func(b *bench) {
				b.net.Fate = func() payertest.Fate { return c.fate }
				freed := 0
				b.pay.Freed = func() { freed++ }
				out, err := b.payer.Pay(b.t.Context(), b.pay)
				if !errors.Is(err, c.err) || (err == nil) != (out.State == relay.TransactionIncluded) {
					t.Errorf("%+v, %v; want %v", out, err, c.err)
				}
				var failed *payer.FailedError
				if errors.As(err, &failed) && (failed.Hash != out.Hash || failed.Failure.Code != 7 || out.State != relay.TransactionFailed) {
					t.Errorf("%+v of %+v", failed, out)
				}
				if c.err == payer.ErrRejected {
					if got := b.counted().Stroops; got != 1100 {
						t.Errorf("while it could still be included, %d stroops are counted", got)
					}
					time.Sleep(payer.Life + time.Minute)
				}
				synctest.Wait()
				if sum, _ := b.charged(); sum != c.charged || b.counted().Stroops != c.charged {
					t.Errorf("charged %d stroops, counted %+v, want %d", sum, b.counted(), c.charged)
				}
				if freed != 1 {
					t.Errorf("the source was freed %d times", freed)
				}
			})
		})
	}
}

// A node may tell an old sequence number, and somebody else may use the next one: it is tried again, within what was reserved once.
func TestSequenceNumbersThatAreRefused(t *testing.T) {
	inBench(t, func(b *bench) {
		b.net.Use(b.key.Address())
		lag := int64(1)
		asked := 0
		b.net.Lag = func() int64 {
			if asked++; asked > 2 {
				lag = 0
			}
			return lag
		}
		if _, err := b.payer.Pay(b.t.Context(), b.pay); err != nil {
			t.Errorf("a node that lags twice: %v", err)
		}
		b.agrees(1)
		if got := b.counted().Transactions; got != 1 {
			t.Errorf("tried again, it counts as %d transactions", got)
		}
		// The next one does not ask again what is known here.
		lag, asked = 1, 0
		if _, err := b.payer.Pay(b.t.Context(), b.pay); err != nil || asked > 1 {
			t.Errorf("a node that lags behind our own transaction: %v, asked %d times", err, asked)
		}
		b.agrees(2)
	})
	inBench(t, func(b *bench) {
		b.net.Lag = func() int64 { return 3 }
		begin := time.Now()
		if _, err := b.payer.Pay(b.t.Context(), b.pay); !errors.Is(err, payer.ErrRejected) {
			t.Errorf("a node that lags for ever: %v", err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("it was given up after %s", took)
		}
		time.Sleep(payer.Life + time.Minute)
		b.agrees(0)
	})
	inBench(t, func(b *bench) {
		first := true
		b.net.Fate = func() payertest.Fate {
			if first { // somebody else's is included before ours
				first = false
				defer time.AfterFunc(time.Millisecond, func() { b.net.Use(b.key.Address()) })
				return payertest.Fate{Code: "tx_bad_seq"}
			}
			return payertest.Fate{Arrives: true}
		}
		if _, err := b.payer.Pay(b.t.Context(), b.pay); err != nil {
			t.Errorf("a number that somebody else has used: %v", err)
		}
		b.agrees(1)
	})
}

// A node may refuse what it, or another one, has passed on all the same. No other transaction takes its place before it is certain that no ledger
// will have it: that would be paid for twice and reserved once.
func TestARefusedOneThatIsIncludedIsNotReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		lag   int64 // of the node that is asked for the number again
	}{
		"at once": {0, 0}, "a second later": {time.Second, 0}, "a second later, a node that lags": {time.Second, 1},
	} {
		inBench(t, func(b *bench) {
			b.net.Use(b.key.Address())
			first, asked := true, 0
			b.net.Lag = func() int64 {
				if asked++; asked == 1 {
					return 0
				}
				return c.lag
			}
			b.net.Fate = func() payertest.Fate {
				if first {
					first = false
					return payertest.Fate{Arrives: true, After: c.after, Code: "tx_bad_seq", Charged: 900}
				}
				return payertest.Fate{Code: "tx_bad_seq"}
			}
			if out, err := b.payer.Pay(b.t.Context(), b.pay); err != nil || out.FeeCharged != 900 {
				t.Errorf("%s: %+v, %v", name, out, err)
			}
			b.agrees(1)
		})
	}
}

// A transaction whose number another process has used meanwhile is given up long before its time is over, and the account is free again.
func TestANumberThatAnotherHasUsed(t *testing.T) {
	inBench(t, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{} }
		time.AfterFunc(time.Second, func() { b.net.Use(b.key.Address()) })
		begin := time.Now()
		if _, err := b.payer.Pay(b.t.Context(), b.pay); !errors.Is(err, payer.ErrExpired) {
			t.Errorf("%v", err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("it was given up after %s", took)
		}
		b.net.Fate = nil
		if _, err := b.payer.Pay(b.t.Context(), b.pay); err != nil {
			t.Errorf("the next one: %v", err)
		}
		b.agrees(1)
	})
}

// What is not known to be cheaper counts at its most.
func TestWhatIsNotSettledStaysReserved(t *testing.T) {
	t.Run("the process dies before the outcome", func(t *testing.T) {
		inBench(t, func(b *bench) {
			b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: time.Minute, Charged: 300} }
			errs := make(chan error)
			go func() { _, err := b.payer.Pay(b.t.Context(), b.pay); errs <- err }()
			time.Sleep(10 * time.Second)
			b.stop()
			if err := <-errs; !errors.Is(err, payer.ErrStopped) {
				t.Errorf("%v", err)
			}
			if _, err := b.payer.Pay(b.t.Context(), b.pay); !errors.Is(err, payer.ErrStopped) {
				t.Errorf("after the end: %v", err)
			}
			time.Sleep(time.Hour)
			if sum, _ := b.charged(); sum != 300 || b.counted().Stroops != 1100 {
				t.Errorf("charged %d, counted %+v", sum, b.counted())
			}
			b.start()
			b.pay.Limits.Stroops = 1100 + 1099
			if _, err := b.payer.Pay(b.t.Context(), b.pay); !errors.Is(err, store.ErrSpent) {
				t.Errorf("the next process: %v", err)
			}
		})
	})
	t.Run("the ledger's charge is forgotten", func(t *testing.T) {
		inBench(t, func(b *bench) {
			b.net.Forgets = true
			b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, Charged: 300} }
			if out, err := b.payer.Pay(b.t.Context(), b.pay); err != nil || out.FeeCharged != 0 || b.counted().Stroops != 1100 {
				t.Errorf("%+v, %v, counted %+v", out, err, b.counted())
			}
		})
	})
	for _, trouble := range []payertest.Trouble{payertest.Fails, payertest.Silent} {
		for method, want := range map[string]int64{"reserve": 1100, "add": 0, "settle": 1100} {
			inBench(t, func(b *bench) {
				b.store.Trouble = func(m string) payertest.Trouble {
					if m == method {
						return trouble
					}
					return payertest.None
				}
				b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, Charged: 300} }
				_, err := b.payer.Pay(b.t.Context(), b.pay)
				synctest.Wait()
				sum, _ := b.charged()
				if method == "settle" != (err == nil) || method == "settle" != (sum == 300) {
					t.Errorf("%s with trouble %d: %v, charged %d", method, trouble, err, sum)
				}
				switch {
				case method == "reserve" && trouble == payertest.Fails:
					want = 0
				case method == "settle" && trouble == payertest.Silent:
					want = 300
				}
				if got := b.counted().Stroops; got != want {
					t.Errorf("%s with trouble %d: %d are counted, want %d", method, trouble, got, want)
				}
			})
		}
	}
}

// Nothing is sent that nobody would settle, and nothing once the caller has gone.
func TestNothingIsSentUnwatched(t *testing.T) {
	inBench(t, func(b *bench) {
		idle := payer.New(payer.Config{Relay: b.net, Store: b.store, Network: b.net.Name, Now: time.Now})
		ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
		defer cancel()
		if _, err := idle.Pay(ctx, b.pay); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without Run: %v", err)
		}
		b.agrees(0)
	})
	// A caller that goes after it was sent does not keep it from being settled.
	inBench(t, func(b *bench) {
		b.net.Fate = func() payertest.Fate { return payertest.Fate{Arrives: true, After: time.Minute, Charged: 300} }
		ctx, cancel := context.WithTimeout(b.t.Context(), time.Second)
		defer cancel()
		if _, err := b.payer.Pay(ctx, b.pay); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if got := b.counted().Stroops; got != 1100 {
			t.Errorf("on its way, %d are counted", got)
		}
		time.Sleep(2 * time.Minute)
		b.agrees(1)
	})
}

// A token that asks, within a call that nobody should authorise, for the signature of whoever sends it, gets none: the payer compares what the
// simulation asks for, and sends what it has built itself.
func TestWhatASimulationAsksForIsNotSigned(t *testing.T) {
	inBench(t, func(b *bench) {
		call := must(stellar.EncodeCall(escrowContract, escrow.CallExtend{}))
		b.net.Auth = []string{must(stellar.Encode(xdr.SorobanAuthorizationEntry{
			Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
			RootInvocation: xdr.SorobanAuthorizedInvocation{Function: xdr.SorobanAuthorizedFunction{
				Type: xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeContractFn, ContractFn: &call,
			}},
		}))}
		if _, err := b.payer.Pay(b.t.Context(), b.pay); !errors.Is(err, stellar.ErrTree) {
			t.Errorf("%v", err)
		}
		b.agrees(0)
	})
}

// A payment that is no payment, and one that no key signs, cost nothing.
func TestPaymentsThatAreRefused(t *testing.T) {
	inBench(t, func(b *bench) {
		tx := must(stellar.Invoke(stellar.Envelope{NotAfter: 1, InclusionFee: 100}, b.pay.Tree.Call))
		for name, change := range map[string]func(*payer.Payment){
			"no source":         func(p *payer.Payment) { p.Source = nil },
			"two":               func(p *payer.Payment) { p.Signed = &tx },
			"nobody to pay":     func(p *payer.Payment) { p.Source, p.Signed = nil, &tx },
			"another contract":  func(p *payer.Payment) { p.Tree.Call.ContractAddress = stellar.Address{Contract: true}.ScAddress() },
			"above its ceiling": func(p *payer.Payment) { p.Ceiling = 1099 },
			"above the day's":   func(p *payer.Payment) { p.Limits.Stroops = 1099 },
			"an odd purpose":    func(p *payer.Payment) { p.Purpose = "fun" },
			"not authorised":    func(p *payer.Payment) { p.Tree.Signer = &stellar.Address{Key: [32]byte{1}} },
			"a failing one": func(*payer.Payment) {
				b.net.Sim = func(s *relay.Simulation) { s.Failure = &relay.Failure{Detail: "no"} }
			},
			"restored for ever":  func(*payer.Payment) { b.net.Sim = restoreForEver },
			"an unreadable cost": func(*payer.Payment) { b.net.Sim = func(s *relay.Simulation) { s.TransactionData = "AAA=" } },
		} {
			pay := b.pay
			b.net.Sim = nil
			freed := 0
			pay.Freed = func() { freed++ }
			change(&pay)
			_, before := b.charged()
			_, err := b.payer.Pay(b.t.Context(), pay)
			if err == nil || freed != 1 {
				t.Errorf("%s: %v, freed %d times", name, err, freed)
			}
			if _, after := b.charged(); after > before && name != "restored for ever" || after > before+2 {
				t.Errorf("%s: %d were sent", name, after-before)
			}
		}
	})
}

func restoreForEver(s *relay.Simulation) {
	s.Restore = &relay.Restore{TransactionData: s.TransactionData, MinResourceFee: 1}
}
