package node_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// The same transaction again: it waits, it was just applied, it was applied some ledgers ago, and long ago (stellar-core,
// TransactionQueue::isBanned).
func TestDuplicates(t *testing.T) {
	w := newWorld(t, node.Options{})
	a := w.account()
	f := w.parse(w.tx(a, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
	send := func(when string, want node.Status) {
		t.Helper()
		if s, err := w.Send(t.Context(), f); err != nil || s.Status != want {
			t.Errorf("%s: got %v %v, want %v", when, s.Status, err, want)
		}
	}
	w.Pause(func() {
		send("at first", node.StatusPending)
		send("while it waits", node.StatusDuplicate)
	})
	w.waitQueued(0)
	send("just applied", node.StatusDuplicate)
	w.advance(5 * time.Second)
	send("a ledger later", node.StatusTryAgainLater)
	w.advance(35 * time.Second)
	send("eight ledgers later", node.StatusTryAgainLater)
	w.advance(5 * time.Second)
	send("nine ledgers later", node.StatusError)
}

// A transaction with other signatures is another one (stellar-core, getFullHash): it cannot wait beside the first, and afterwards its number is used up.
func TestSignedAgain(t *testing.T) {
	w := newWorld(t, node.Options{})
	a, second, sponsor, other := w.account(), keypair.MustRandom(), w.account(), keypair.MustRandom() // two who sign as well
	for k, signer := range map[*keypair.Full]*keypair.Full{a: second, sponsor: other} {
		w.must(w.tx(k, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: signer.Address(), Weight: 1}}))
	}
	pay := &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
	for _, c := range []struct {
		name                  string
		sign                  func(inner xdr.TransactionEnvelope, again bool) xdr.TransactionEnvelope
		whileHeld, afterwards xdr.TransactionResultCode // 0: TRY_AGAIN_LATER
	}{
		{"a payment", func(e xdr.TransactionEnvelope, again bool) xdr.TransactionEnvelope {
			if again {
				return w.resigned(e, func(*xdr.Transaction) {}, second)
			}
			return e
		}, 0, xdr.TransactionResultCodeTxBadSeq},
		{"a fee bump", func(e xdr.TransactionEnvelope, again bool) xdr.TransactionEnvelope {
			e = w.bump(e, sponsor, 200)
			if again {
				e = w.bumped(e, other, func(*xdr.FeeBumpTransaction) {})
			}
			return e
		}, xdr.TransactionResultCodeTxInsufficientFee, xdr.TransactionResultCodeTxFeeBumpInnerFailed},
	} {
		e, again := c.sign(w.tx(a, pay), false), c.sign(w.tx(a, pay), true)
		w.must(e)
		for _, at := range []struct {
			name string
			code xdr.TransactionResultCode
		}{{"as long as the first would wait", c.whileHeld}, {"a ledger later", c.afterwards}} {
			s, err := w.Send(t.Context(), w.parse(again))
			want := node.StatusError
			if at.code == 0 {
				want = node.StatusTryAgainLater
			}
			if err != nil || s.Status != want || s.Verdict.Result.Result.Code != at.code {
				t.Errorf("%s, %s: got %v %v %v, want %v %v", c.name, at.name, s.Status, s.Verdict.Result.Result.Code, err, want, at.code)
			}
			w.advance(5 * time.Second)
		}
	}
}

// The order in which a ledger applies its transactions is nobody's choice: not that of arrival, but by hashes (stellar-core, ApplyTxSorter).
func TestOrderInALedger(t *testing.T) {
	w := newWorld(t, node.Options{})
	var frames []*tx.Frame
	for range 12 {
		a := w.account()
		frames = append(frames, w.parse(w.tx(a, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})))
	}
	w.Pause(func() {
		for _, f := range frames {
			if s, err := w.Send(t.Context(), f); err != nil || s.Status != node.StatusPending {
				t.Fatalf("sent: %v %v", s.Status, err)
			}
		}
	})
	w.waitQueued(0)
	place, _ := w.Chain().Transaction(frames[0].Hash)
	meta, _, err := w.Chain().Ledger(place.Ledger)
	if err != nil || len(meta.V2.TxProcessing) != len(frames) {
		t.Fatalf("%d transactions in the ledger, want %d: %v", len(meta.V2.TxProcessing), len(frames), err)
	}
	set := meta.V2.LedgerHeader.Header.ScpValue.TxSetHash
	crossed := map[xdr.Hash]string{}
	for _, f := range frames {
		h := f.Signed
		for i := range h {
			h[i] ^= set[i]
		}
		crossed[f.Hash] = h.HexString()
	}
	var order []string
	for _, p := range meta.V2.TxProcessing {
		order = append(order, crossed[p.Result.TransactionHash])
	}
	if !slices.IsSorted(order) {
		t.Errorf("applied in the order %v of hash and set's hash", order)
	}
}

// bump is a fee bump with a whole fee in stroops.
func (w *world) bump(inner xdr.TransactionEnvelope, sponsor *keypair.Full, fee int64) xdr.TransactionEnvelope {
	w.t.Helper()
	e := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTxFeeBump, FeeBump: &xdr.FeeBumpTransactionEnvelope{
		Tx: xdr.FeeBumpTransaction{FeeSource: xdr.MustMuxedAddress(sponsor.Address()), Fee: xdr.Int64(fee),
			InnerTx: xdr.FeeBumpTransactionInnerTx{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: inner.V1}}}}
	w.sign(&e, sponsor)
	return e
}

// While a transaction waits, its account has no place for another one but a fee bump that bids ten times as much for the same sequence
// number. The answers are those of stellar-core's TransactionQueue::canAdd.
func TestWaitingTransactions(t *testing.T) {
	w := newWorld(t, node.Options{})
	user, sponsor, poor := w.account(), w.account(), keypair.MustRandom()
	probe := w.probe(user)
	w.must(w.tx(user, &txnbuild.CreateAccount{Destination: poor.Address(), Amount: "1.01"}))
	type envelope = xdr.TransactionEnvelope
	pay := func(amount string, change func(*xdr.Transaction)) envelope {
		return w.resigned(w.tx(user, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: amount, Asset: txnbuild.NativeAsset{}}), change, user)
	}
	count := func(change func(*xdr.Transaction)) envelope {
		return w.resigned(w.call(user, scval.Call(probe, "count", scval.Address(accountAddress(user)))), change, user)
	}
	same := func(*xdr.Transaction) {}
	next := func(t *xdr.Transaction) { t.SeqNum++ }
	skip := func(t *xdr.Transaction) { // one number is left out
		least := t.SeqNum - 1
		t.SeqNum++
		t.Cond = xdr.Preconditions{Type: xdr.PreconditionTypePrecondV2, V2: &xdr.PreconditionsV2{MinSeqNum: &least}}
	}
	first := func() envelope { return pay("1", same) } // bids 100 stroops
	called := func() envelope { return count(same) }   // bids 100 beside its resources
	bumped := func(inner envelope, fee int64) envelope {
		return w.bump(inner, sponsor, int64(inner.V1.Tx.Fee)-100+fee)
	}
	for _, c := range []struct {
		name   string
		waits  func() envelope
		comes  func(waits envelope) envelope
		status node.Status
		code   xdr.TransactionResultCode
	}{
		{"the same", first, func(e envelope) envelope { return e }, node.StatusDuplicate, 0},
		{"the same with another signature", first, func(e envelope) envelope {
			return w.resigned(e, same, user, user)
		}, node.StatusTryAgainLater, 0},
		{"another one", first, func(envelope) envelope { return pay("2", same) }, node.StatusTryAgainLater, 0},
		{"the next one", first, func(envelope) envelope { return pay("2", next) }, node.StatusTryAgainLater, 0},
		{"another one that pays more", first, func(envelope) envelope { return pay("2", func(t *xdr.Transaction) { t.Fee = 10_000 }) }, node.StatusTryAgainLater, 0},
		{"an older one", func() envelope { return pay("1", skip) }, func(envelope) envelope { return pay("2", same) }, node.StatusError, xdr.TransactionResultCodeTxBadSeq},
		{"a fee below zero", first, func(e envelope) envelope { return w.bump(e, sponsor, -1) }, node.StatusError, xdr.TransactionResultCodeTxMalformed},
		{"a contract beside it", first, func(envelope) envelope { return count(next) }, node.StatusTryAgainLater, 0},
		{"a payment beside a contract", called, func(envelope) envelope { return pay("2", next) }, node.StatusTryAgainLater, 0},
		{"a contract after a contract", called, func(envelope) envelope { return count(next) }, node.StatusTryAgainLater, 0},
		{"a contract beyond the limits after a contract", called, func(envelope) envelope {
			return count(func(t *xdr.Transaction) { next(t); t.Ext.SorobanData.Resources.Instructions = 400_000_001 })
		}, node.StatusError, xdr.TransactionResultCodeTxSorobanInvalid},
		{"a bump that pays ten times an operation", first, func(e envelope) envelope { return bumped(e, 2000) }, node.StatusPending, 0},
		{"a bump that pays a stroop less", first, func(e envelope) envelope { return bumped(e, 1999) }, node.StatusError, xdr.TransactionResultCodeTxInsufficientFee},
		{"a bump of another transaction with the same number", first, func(envelope) envelope { return bumped(pay("2", same), 2000) }, node.StatusPending, 0},
		{"a bump of the next one", first, func(envelope) envelope { return bumped(pay("2", next), 2_000_000) }, node.StatusTryAgainLater, 0},
		{"a bump of a bump", func() envelope { return bumped(first(), 200) }, func(envelope) envelope { return bumped(first(), 2000) }, node.StatusPending, 0},
		{"a bump of a bump, a stroop less", func() envelope { return bumped(first(), 200) }, func(envelope) envelope { return bumped(first(), 1999) },
			node.StatusError, xdr.TransactionResultCodeTxInsufficientFee},
		{"the transaction inside the bump", func() envelope { return bumped(first(), 200) }, func(e envelope) envelope {
			return envelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: e.FeeBump.Tx.InnerTx.V1}
		}, node.StatusDuplicate, 0},
		{"a contract's bump that pays ten times", called, func(e envelope) envelope { return bumped(e, 2000) }, node.StatusPending, 0},
		{"a contract's bump that pays a stroop less", called, func(e envelope) envelope { return bumped(e, 1999) }, node.StatusError, xdr.TransactionResultCodeTxInsufficientFee},
		{"a bump that its payer cannot pay", first, func(e envelope) envelope { return w.bump(e, poor, 1_000_000) }, node.StatusError, xdr.TransactionResultCodeTxInsufficientBalance},
		{"a payment of who pays for a contract", func() envelope { return bumped(called(), 200) }, func(envelope) envelope {
			return w.tx(sponsor, &txnbuild.Payment{Destination: user.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
		}, node.StatusTryAgainLater, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Pause(func() {
				waits := c.waits()
				if s, err := w.Send(t.Context(), w.parse(waits)); err != nil || s.Status != node.StatusPending {
					t.Fatalf("the first one: %v %v %v", s.Status, s.Verdict.Result.Result.Code, err)
				}
				comes := c.comes(waits)
				s, err := w.Send(t.Context(), w.parse(comes))
				if err != nil || s.Status != c.status || s.Verdict.Result.Result.Code != c.code {
					t.Errorf("got %v %v %v, want %v %v", s.Status, s.Verdict.Result.Result.Code, err, c.status, c.code)
				}
				if c.code == xdr.TransactionResultCodeTxInsufficientFee {
					if got, least := s.Verdict.Result.FeeCharged, comes.FeeBump.Tx.Fee+1; got != least {
						t.Errorf("the answer names the fee %d, want the least that would do, %d", got, least)
					}
				}
			})
			w.waitQueued(0)
		})
	}
}

// What is replaced ends for whoever waits for it, and what has taken its place is applied.
func TestReplacedTransaction(t *testing.T) {
	w := newWorld(t, node.Options{})
	user, sponsor := w.account(), w.account()
	e := w.tx(user, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
	over := w.bump(e, sponsor, 2000)
	ended := make(chan error, 1)
	w.Pause(func() {
		go func() {
			_, err := w.Submit(t.Context(), e)
			ended <- err
		}()
		w.waitQueued(1)
		if s, err := w.Send(t.Context(), w.parse(over)); err != nil || s.Status != node.StatusPending {
			t.Fatalf("the bump: %v %v", s.Status, err)
		}
		if err := <-ended; !errors.Is(err, node.ErrReplaced) {
			t.Errorf("whoever waited for the first one got %v, want %v", err, node.ErrReplaced)
		}
	})
	w.waitQueued(0)
	at, ok := w.Chain().Transaction(w.parse(over).Hash)
	meta, _, err := w.Chain().Ledger(at.Ledger)
	if !ok || err != nil || len(meta.V2.TxProcessing) != 1 || !meta.V2.TxProcessing[0].Result.Successful() {
		t.Errorf("the bump is not alone in a ledger: %v %v", ok, err)
	}
}

// Who pays for several that wait has to be able to pay for all of them.
func TestFeesOfAllThatWait(t *testing.T) {
	w := newWorld(t, node.Options{})
	users := []*keypair.Full{w.account(), w.account(), w.account()}
	sponsor := keypair.MustRandom()
	w.must(w.tx(users[0], &txnbuild.CreateAccount{Destination: sponsor.Address(), Amount: "1.0001"})) // 1,000 stroops above its reserve
	w.Pause(func() {
		for i, want := range []struct {
			status node.Status
			code   xdr.TransactionResultCode
		}{{node.StatusPending, 0}, {node.StatusPending, 0}, {node.StatusError, xdr.TransactionResultCodeTxInsufficientBalance}} {
			e := w.tx(users[i], &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
			s, err := w.Send(t.Context(), w.parse(w.bump(e, sponsor, 400)))
			if err != nil || s.Status != want.status || s.Verdict.Result.Result.Code != want.code {
				t.Errorf("bump %d of 400 stroops: got %v %v %v, want %v %v", i+1, s.Status, s.Verdict.Result.Result.Code, err, want.status, want.code)
			}
		}
	})
	w.waitQueued(0)
	if left := w.acc(sponsor).Balance; left != 1_000_1000-400 { // two operations of 100 each
		t.Errorf("the sponsor has %d stroops left, want %d", left, 1_000_1000-400)
	}
}
