package payer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// signed is a transaction as it is submitted.
type signed struct {
	envelope string
	hash     stellar.Hash
	sequence int64 // that it uses
	action   string
	most     int64 // that it can cost, in stroops
}

// dispatch takes what a transaction can cost from the day's limit, and submits it. freed is called when nothing of it is on its way any
// more, unless nothing is returned: then nothing was sent.
func (p *Payer) dispatch(ctx context.Context, pay *Payment, r ready, freed func()) (*Sent, error) {
	// It is signed first: what a key refuses then takes nothing from anybody's day. It leaves this process only once it is reserved.
	first, err := p.sign(pay, r)
	if err != nil {
		return nil, err
	}
	o := &open{
		spending: store.Spending{Purpose: pay.Purpose, Day: store.DayOf(p.c.Now().Unix()), Account: pay.Account, Stroops: first.most},
		reserved: first.most, began: r.began, notAfter: r.notAfter, source: pay.source(), ours: pay.Signed == nil, freed: freed, ready: make(chan struct{}), done: make(chan struct{}),
	}
	if err := p.follow(ctx, o); err != nil { // first somebody must be there to settle it
		return nil, err
	}
	// From here on Run has it, and waits for ready.
	defer close(o.ready)
	if err := p.c.Store.Reserve(ctx, o.spending, pay.Limits); err != nil {
		// Of an answer that was lost it is not known whether it was reserved: then it stays so.
		return nil, err
	}
	o.owed = true
	sub, err := p.submit(ctx, pay, r, first, o)
	if o.hash == "" {
		return nil, err
	}
	sub.Hash = o.hash
	return &Sent{Submission: sub, open: o}, err
}

// submit submits what is signed, and what was prepared anew in its place when its sequence number was used by another transaction. o says
// afterwards what to follow.
func (p *Payer) submit(ctx context.Context, pay *Payment, r ready, s signed, o *open) (relay.Submission, error) {
	pause := pauseFirst
	for n := 1; ; n++ {
		if err := p.note(ctx, pay, r, s); err != nil {
			return relay.Submission{}, err
		}
		o.hash, o.sequence = s.hash.String(), s.sequence
		sub, err := p.c.Relay.Submit(ctx, s.envelope)
		switch {
		case errors.Is(err, relay.ErrInvalid):
			o.hash = "" // it went nowhere
			return sub, fmt.Errorf("submit: %w", err)
		case err != nil:
			return relay.Submission{State: relay.SubmissionPending}, fmt.Errorf("transaction %s was submitted, whether it arrived is not known: %w", s.hash, err)
		case sub.State != relay.SubmissionRejected:
			return sub, nil
		}
		rejected := &RejectedError{Hash: o.hash, Code: sub.Code, Detail: sub.Detail}
		if sub.Code != "tx_bad_seq" || pay.Signed != nil || n == maxTries {
			o.rejected = rejected
			return sub, rejected
		}
		p.c.Log.Info("a sequence number was refused, it is tried again", "tx", o.hash, "result", sub.Code, "wait", pause)
		if err := wait(ctx, pause); err != nil {
			o.rejected = rejected
			return sub, fmt.Errorf("%w: %w", rejected, err)
		}
		pause *= 2
		used, dead, err := p.dead(ctx, o)
		switch {
		case err != nil:
			o.rejected = rejected
			return sub, fmt.Errorf("%w: read the sequence number again: %w", rejected, err)
		case !dead:
			continue // the node lags behind the one that told the number: the very same transaction again
		}
		o.hash = "" // it can cost nothing any more
		if r, s, err = p.anew(ctx, pay, r, used, o.reserved); err != nil {
			if errors.Is(err, errChanged) {
				err = fmt.Errorf("%w: %w", rejected, err)
			}
			return sub, fmt.Errorf("prepare it anew, since its sequence number was used: %w", err)
		}
	}
}

// anew prepares and signs again what can never be included, within what was reserved for it. Whatever has used its number may have done the very
// same: another replica's keeper, say, that has settled this trade. So it is simulated again; signed as it was it would fail, and be paid for.
func (p *Payer) anew(ctx context.Context, pay *Payment, was ready, used, reserved int64) (ready, signed, error) {
	next, restore, err := p.prepare(ctx, pay, was.notAfter)
	if err != nil {
		return ready{}, signed{}, err
	}
	if restore != nil {
		next = *restore
	}
	if next.action != was.action {
		return ready{}, signed{}, fmt.Errorf("%w: what has to be restored before is another", errChanged)
	}
	next.sequence = max(next.sequence, used) // another node may lag behind the one that told it
	s, err := p.sign(pay, next)
	if err == nil && s.most > reserved {
		err = fmt.Errorf("%w: it costs up to %d stroops, and %d are reserved", errChanged, s.most, reserved)
	}
	return next, s, err
}

// errChanged is why what was prepared anew cannot take the place of what it was before.
var errChanged = errors.New("things have changed meanwhile")

// dead tells whether a transaction that no ledger has can never be included: its sequence number is used, and not by it. Another one may then take
// its place within what was reserved. used is the last number of the account.
func (p *Payer) dead(ctx context.Context, o *open) (used int64, dead bool, err error) {
	account, err := p.c.Relay.Account(ctx, o.source.String())
	if err != nil || account.Sequence < o.sequence {
		return 0, false, err
	}
	became, err := p.c.Relay.Transaction(ctx, o.hash)
	if err != nil || became.State == relay.TransactionIncluded || became.State == relay.TransactionFailed || became.Latest.Sequence < account.Ledger.Sequence || !o.knows(became) {
		return 0, false, err
	}
	return account.Sequence, true, nil
}

// sign makes and signs the transaction that uses the number after r.sequence. It refuses one that is too dear.
func (p *Payer) sign(pay *Payment, r ready) (signed, error) {
	tx, err := r.build(r.sequence)
	if err != nil {
		return signed{}, err
	}
	out := signed{sequence: tx.Sequence(), action: r.action, most: tx.MaxFee()}
	if pay.Fee != nil {
		out.most = stellar.BumpFee(tx)
	}
	if out.most > pay.Ceiling {
		return signed{}, fmt.Errorf("up to %d stroops, of which %d for resources and rent, at most %d: %w", out.most, tx.ResourceFee(), pay.Ceiling, ErrTooDear)
	}
	if pay.Signed == nil {
		if tx, err = pay.Source.Sign(tx, r.tree); err != nil {
			return signed{}, err
		}
	}
	if call, ok := tx.Call(); ok && out.action == "" {
		out.action = string(call.FunctionName)
	}
	if pay.Fee == nil {
		out.hash = tx.Hash(p.c.Network)
		out.envelope, err = tx.Base64()
		return out, err
	}
	bump, err := stellar.Bump(tx, pay.Fee.Account(), out.most)
	if err != nil {
		return signed{}, err
	}
	if bump, err = pay.Fee.Bump(bump, r.tree); err != nil {
		return signed{}, err
	}
	out.hash = bump.Hash(p.c.Network)
	out.envelope, err = bump.Base64()
	return out, err
}

// note stores for whom and why a transaction is, before it is submitted: that keeps what is stored.
func (p *Payer) note(ctx context.Context, pay *Payment, r ready, s signed) error {
	raw, err := base64.StdEncoding.DecodeString(s.envelope)
	if err != nil {
		return err
	}
	now := uint64(p.c.Now().Unix())
	t := store.Transaction{
		Hash: store.Hash(s.hash), State: store.TransactionPrepared, Trade: pay.Trade, Action: s.action, Account: pay.source().String(),
		Envelope: raw, ValidUntil: r.notAfter, CreatedAt: now, UpdatedAt: now,
	}
	if pay.Action != "" && r.action == "" {
		t.Action = pay.Action
	}
	if _, err := stellar.ParseAddress(pay.Account); err == nil {
		t.Account = pay.Account
	}
	if err := p.c.Store.AddTransaction(ctx, t); err != nil && !errors.Is(err, store.ErrMoved) { // ErrMoved: this very one is tried again
		return err
	}
	return nil
}

// wait ends with the time or the context.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
