package relayserver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Transactions keeps what is submitted. internal/store says what each method promises.
type Transactions interface {
	AddTransaction(ctx context.Context, t store.Transaction) error
	UpdateTransaction(ctx context.Context, from store.TransactionState, t store.Transaction) error
	Transaction(ctx context.Context, h store.Hash) (store.Transaction, error)
	Transactions(ctx context.Context, f store.TransactionFilter) ([]store.Transaction, error)
}

// maxAhead is how far ahead the end of a transaction's time may be: until then it is followed, and sent again, whoever has made it. What the api
// prepares has an hour at most.
const maxAhead = 2 * time.Hour

// Submit implements relay.Relay; of a fee bump the hash is the bump's own, not that of the transaction inside. The transaction is stored before it
// is sent: when the answer is lost, or the node does not take it now, it is sent again (Track) until a ledger has it or its time is over. So
// ErrInvalid says that it went nowhere, and after any other error it may be on its way.
func (s *Server) Submit(ctx context.Context, envelope string) (relay.Submission, error) {
	tx, bump, err := stellar.ParseSubmitted(envelope)
	if err != nil {
		return relay.Submission{}, invalid(err)
	}
	hash := tx.Hash(s.node().Network())
	if tx.Signatures() == 0 {
		return relay.Submission{}, invalid(errors.New("the transaction is not signed"))
	}
	if bump != nil {
		if bump.Signatures() == 0 {
			return relay.Submission{}, invalid(errors.New("the fee bump is not signed"))
		}
		hash = bump.Hash(s.node().Network())
	}
	raw, err := base64.StdEncoding.DecodeString(envelope)
	if err != nil {
		return relay.Submission{}, invalid(err)
	}
	if err := s.ends(ctx, tx.NotAfter()); err != nil {
		return relay.Submission{}, err
	}
	kept, first, err := s.keep(ctx, tx, store.Hash(hash), raw)
	if err != nil {
		return relay.Submission{}, kind(err)
	}
	out := relay.Submission{Hash: hash.String()}
	if kept.State != store.TransactionSubmitted { // a ledger has it, or its time is over
		out.State = relay.SubmissionDuplicate
		out.Ledger, err = s.LatestLedger(ctx)
		return out, unsure(err)
	}
	answer, err := s.node().Send(ctx, envelope)
	if err != nil {
		if ctx.Err() != nil {
			return relay.Submission{}, unsure(err)
		}
		s.log.Warn("a transaction could not be sent; it will be sent again", "tx", hash, "err", err)
		out.State = relay.SubmissionPending
		return out, nil
	}
	out.Ledger = relay.Ledger{Sequence: answer.LatestLedger, CloseTime: uint64(max(answer.LatestLedgerCloseTime, 0))}
	switch answer.Status {
	case "PENDING", "TRY_AGAIN_LATER":
		out.State = relay.SubmissionPending
	case "DUPLICATE":
		out.State = relay.SubmissionDuplicate
	case "ERROR":
		if err := s.rejected(ctx, hash, kept, first, answer, &out); err != nil {
			return relay.Submission{}, err
		}
	default:
		return relay.Submission{}, fmt.Errorf("submit: the node says %.40q: %w", answer.Status, rpc.ErrAnswer)
	}
	return out, nil
}

// keep stores a transaction as submitted, unless it is so already, and returns it as it is stored; first tells that it was not submitted
// here before. What was submitted once stays as it was: the same transaction with other signatures must not take its place.
func (s *Server) keep(ctx context.Context, tx stellar.Transaction, hash store.Hash, envelope []byte) (kept store.Transaction, first bool, err error) {
	now := uint64(s.now().Unix())
	t := store.Transaction{
		Hash: hash, State: store.TransactionSubmitted, Account: tx.Source().String(), Envelope: envelope, ValidUntil: tx.NotAfter(), CreatedAt: now, UpdatedAt: now,
	}
	if call, ok := tx.Call(); ok {
		t.Action = string(call.FunctionName)
	}
	if err = s.transactions.AddTransaction(ctx, t); err == nil {
		return t, true, nil
	} else if !errors.Is(err, store.ErrMoved) {
		return t, false, err
	}
	if kept, err = s.transactions.Transaction(ctx, hash); err != nil || kept.State != store.TransactionPrepared {
		return kept, false, err
	}
	// It was prepared here: what is known of it stays, and it now has signatures.
	kept.State, kept.Envelope, kept.Problem, kept.UpdatedAt = t.State, t.Envelope, "", t.UpdatedAt
	switch err = s.transactions.UpdateTransaction(ctx, store.TransactionPrepared, kept); {
	case errors.Is(err, store.ErrMoved): // somebody submits it at this moment, too
		kept, err = s.transactions.Transaction(ctx, hash)
		return kept, false, err
	default:
		return kept, true, err
	}
}

// rejected reads why the node refuses a transaction. One that a ledger has already is refused too: it has used its sequence number itself. Whoever were
// told that it never will be included would have the action prepared anew, and do it twice; so the ledgers are asked first. If they cannot be, what has
// become of it is not known, and that is the error. first tells that it was not submitted here before.
func (s *Server) rejected(ctx context.Context, hash stellar.Hash, kept store.Transaction, first bool, answer protocol.SendTransactionResponse, out *relay.Submission) error {
	var result xdr.TransactionResult
	if err := stellar.Decode("transaction result", answer.ErrorResultXDR, &result); err != nil {
		return fmt.Errorf("submit: %w: %w", rpc.ErrAnswer, err)
	}
	out.State, out.Code = relay.SubmissionRejected, resultCode(result)
	known, err := s.node().Transaction(ctx, hash)
	if err != nil {
		return fmt.Errorf("submit: refused with %s; look for it in a ledger: %w", out.Code, unsure(err))
	}
	// The node may take a moment to read the ledger whose state it already judges by: what it once took is pending until it is found or its time is over.
	overtaken := !first && (out.Code == "tx_bad_seq" || out.Code == "tx_too_late")
	if known.Status != protocol.TransactionStatusNotFound || overtaken {
		out.State, out.Code = relay.SubmissionDuplicate, ""
		return nil
	}
	if events, err := decodeAll[xdr.DiagnosticEvent](answer.DiagnosticEventsXDR); err == nil {
		if f := failureOfEvents(events); f != nil {
			out.Detail = f.Detail
		}
	}
	if !first {
		return nil // an earlier one may still be on its way
	}
	// No node has taken it. It can be submitted again while its time lasts: after the one before it, say.
	kept.State, kept.Problem, kept.UpdatedAt = store.TransactionPrepared, out.Code, uint64(s.now().Unix())
	if err := s.transactions.UpdateTransaction(ctx, store.TransactionSubmitted, kept); err != nil && !errors.Is(err, store.ErrMoved) {
		return kind(err)
	}
	return nil
}

// ends refuses a transaction that would have to be followed for too long.
func (s *Server) ends(ctx context.Context, notAfter uint64) error {
	most := uint64(s.now().Add(maxAhead).Unix())
	if notAfter <= most {
		return nil
	}
	latest, err := s.LatestLedger(ctx) // the ledgers' clock may be ahead of ours
	if err != nil {
		return err
	}
	if most = max(most, latest.CloseTime+uint64(maxAhead.Seconds())); notAfter > most {
		return invalid(fmt.Errorf("the transaction could be included until %d (unix time), later than in %s: give it an end before %d", notAfter, maxAhead, most))
	}
	return nil
}

// unsure is kind for a transaction that is kept: it will be sent whatever the node has refused to answer.
func unsure(err error) error {
	if err == nil {
		return nil
	}
	if err = kind(err); errors.Is(err, relay.ErrInvalid) {
		return fmt.Errorf("%w: %s", relay.ErrUnavailable, err) // not wrapped: it is not of that kind
	}
	return err
}

// Transaction implements relay.Relay.
func (s *Server) Transaction(ctx context.Context, hash string) (relay.Transaction, error) {
	id, err := stellar.ParseHash(hash)
	if err != nil {
		return relay.Transaction{}, invalid(err)
	}
	answer, err := s.node().Transaction(ctx, id)
	if err != nil {
		return relay.Transaction{}, kind(err)
	}
	out := relay.Transaction{
		Hash:   id.String(),
		Latest: relay.Ledger{Sequence: answer.LatestLedger, CloseTime: uint64(max(answer.LatestLedgerCloseTime, 0))},
		Oldest: relay.Ledger{Sequence: answer.OldestLedger, CloseTime: uint64(max(answer.OldestLedgerCloseTime, 0))},
	}
	if answer.Status != protocol.TransactionStatusNotFound {
		if err := outcome(answer, &out); err != nil {
			return relay.Transaction{}, fmt.Errorf("transaction %s: %w: %w", id, rpc.ErrAnswer, err)
		}
		return out, nil
	}
	switch kept, err := s.transactions.Transaction(ctx, store.Hash(id)); {
	case errors.Is(err, store.ErrNotFound):
		out.State = relay.TransactionNotFound
	case err != nil:
		return relay.Transaction{}, kind(err)
	default:
		remembered(kept, &out)
	}
	return out, nil
}

// remembered is what is known here of a transaction that the node knows nothing of: no ledger has it, or none that the node still keeps.
func remembered(t store.Transaction, out *relay.Transaction) {
	out.State = relay.TransactionNotFound
	switch t.State {
	case store.TransactionSubmitted:
		out.State = relay.TransactionPending
		if t.ValidUntil > 0 && out.Latest.CloseTime > t.ValidUntil {
			out.State = relay.TransactionExpired
		}
	case store.TransactionExpired:
		out.State = relay.TransactionExpired
	case store.TransactionIncluded, store.TransactionProjected:
		out.State, out.Ledger.Sequence = relay.TransactionIncluded, t.Ledger
	case store.TransactionFailed:
		out.State, out.Ledger.Sequence, out.Code = relay.TransactionFailed, t.Ledger, t.Problem
	}
}
