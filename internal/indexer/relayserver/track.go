package relayserver

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The bounds of tracking.
const (
	trackEvery  = time.Second
	trackPage   = 100
	resendFirst = 2 * time.Second // after a transaction was stored, doubled each time
	resendMost  = 15 * time.Second
)

// Track follows what was submitted until a ledger has it or its time is over, and sends again what has not arrived. It goes on where an
// earlier process has stopped. It returns when ctx ends; whatever else happens is logged and tried again. Several processes may do it at
// once: a transaction can be included once only.
func (s *Server) Track(ctx context.Context) {
	resend := map[store.Hash]attempt{}
	for ctx.Err() == nil {
		if err := s.track(ctx, resend); err != nil && ctx.Err() == nil {
			s.log.Warn("submitted transactions could not be followed", "err", err)
		}
		timer := time.NewTimer(trackEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

// attempt is when a transaction is sent again, and how long is waited after that.
type attempt struct {
	at   time.Time
	wait time.Duration
}

// track looks at every transaction that is on its way, once. One that cannot be followed keeps no other from it, unless the node or the store
// cannot be asked at all. The error is the first.
func (s *Server) track(ctx context.Context, resend map[store.Hash]attempt) error {
	var first error
	filter := store.TransactionFilter{State: store.TransactionSubmitted, Limit: trackPage}
	seen := map[store.Hash]bool{}
	for {
		page, err := s.transactions.Transactions(ctx, filter)
		if err != nil {
			return err
		}
		for _, t := range page {
			seen[t.Hash] = true
			if err := s.follow(ctx, t, resend); err != nil {
				err = fmt.Errorf("transaction %x: %w", t.Hash, err)
				if ctx.Err() != nil || errors.Is(kind(err), relay.ErrUnavailable) {
					return err
				}
				first = cmp.Or(first, err)
			}
		}
		if len(page) < trackPage {
			break
		}
		key := page[len(page)-1].Key()
		filter.After = &key
	}
	for hash := range resend {
		if !seen[hash] {
			delete(resend, hash)
		}
	}
	return first
}

// follow looks for one transaction, and stores what has become of it or sends it again.
func (s *Server) follow(ctx context.Context, t store.Transaction, resend map[store.Hash]attempt) error {
	answer, err := s.node().Transaction(ctx, stellar.Hash(t.Hash))
	if err != nil {
		return err
	}
	next := t
	next.UpdatedAt = uint64(s.now().Unix())
	switch latest := uint64(max(answer.LatestLedgerCloseTime, 0)); {
	case answer.Status != protocol.TransactionStatusNotFound:
		out := relay.Transaction{Hash: stellar.Hash(t.Hash).String()}
		if err := outcome(answer, &out); err != nil {
			return err
		}
		next.State, next.Ledger = store.TransactionIncluded, out.Ledger.Sequence
		if out.State == relay.TransactionFailed {
			next.State, next.Problem = store.TransactionFailed, out.Code
		}
	case t.ValidUntil > 0 && latest > t.ValidUntil:
		next.State = store.TransactionExpired
		if oldest := uint64(max(answer.OldestLedgerCloseTime, 0)); oldest > t.CreatedAt {
			// We were away for longer than the node remembers. Nothing will be done twice: the contract says what it did.
			next.Problem = "the node no longer has the ledgers that could have included it: read the trade to see whether they did"
		}
	default:
		return s.sendAgain(ctx, t, resend)
	}
	log := s.log
	if next.Problem != "" {
		log = log.With("err", next.Problem)
	}
	log.Info("a submitted transaction has an outcome", "tx", stellar.Hash(t.Hash), "state", string(next.State), "ledger", next.Ledger)
	if err := s.transactions.UpdateTransaction(ctx, store.TransactionSubmitted, next); err != nil && !errors.Is(err, store.ErrMoved) {
		return err // ErrMoved: another process was first
	}
	return nil
}

// sendAgain sends what no ledger has, less and less often. Whatever the node says to it, the ledgers decide.
func (s *Server) sendAgain(ctx context.Context, t store.Transaction, resend map[store.Hash]attempt) error {
	now := s.now()
	a, known := resend[t.Hash]
	if !known {
		a = attempt{time.Unix(int64(t.UpdatedAt), 0).Add(resendFirst), resendFirst}
	}
	if now.Before(a.at) {
		resend[t.Hash] = a
		return nil
	}
	a.wait = min(2*a.wait, resendMost)
	a.at = now.Add(a.wait)
	resend[t.Hash] = a
	answer, err := s.node().Send(ctx, base64.StdEncoding.EncodeToString(t.Envelope))
	if err != nil {
		return err
	}
	s.log.Info("a transaction was sent again", "tx", stellar.Hash(t.Hash), "state", answer.Status)
	return nil
}
