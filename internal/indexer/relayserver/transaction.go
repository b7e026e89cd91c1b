package relayserver

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Submit implements relay.Relay.
func (s *Server) Submit(ctx context.Context, envelope string) (relay.Submission, error) {
	tx, err := stellar.ParseTransaction(envelope)
	if err != nil {
		return relay.Submission{}, invalid(err)
	}
	if tx.Signatures() == 0 {
		return relay.Submission{}, invalid(errors.New("the transaction is not signed"))
	}
	hash := tx.Hash(s.node.Network())
	// Before it is sent: when the answer is lost, it may still have arrived.
	first := s.submitted.add(hash, tx.NotAfter())
	answer, err := s.node.Send(ctx, envelope)
	if err != nil {
		return relay.Submission{}, kind(err)
	}
	out := relay.Submission{
		Hash:   hash.String(),
		Ledger: relay.Ledger{Sequence: answer.LatestLedger, CloseTime: uint64(max(answer.LatestLedgerCloseTime, 0))},
	}
	switch answer.Status {
	case "PENDING":
		out.State = relay.SubmissionPending
	case "DUPLICATE":
		out.State = relay.SubmissionDuplicate
	case "TRY_AGAIN_LATER":
		out.State = relay.SubmissionLater
		if first {
			s.submitted.drop(hash)
		}
	case "ERROR":
		if err := s.rejected(ctx, hash, first, answer, &out); err != nil {
			return relay.Submission{}, err
		}
	default:
		return relay.Submission{}, fmt.Errorf("submit: the node says %.40q: %w", answer.Status, rpc.ErrAnswer)
	}
	return out, nil
}

// rejected reads why the node refuses a transaction. One that a ledger has already is refused too: it has used its sequence number itself. Whoever were
// told that it never will be included would have the action prepared anew, and do it twice; so the ledgers are asked first. If they cannot be, what has
// become of it is not known, and that is the error. first tells that it was not submitted here before.
func (s *Server) rejected(ctx context.Context, hash stellar.Hash, first bool, answer protocol.SendTransactionResponse, out *relay.Submission) error {
	var result xdr.TransactionResult
	if err := stellar.Decode("transaction result", answer.ErrorResultXDR, &result); err != nil {
		return fmt.Errorf("submit: %w: %w", rpc.ErrAnswer, err)
	}
	out.State, out.Code = relay.SubmissionRejected, resultCode(result)
	known, err := s.node.Transaction(ctx, hash)
	if err != nil {
		return fmt.Errorf("submit: refused with %s; look for it in a ledger: %w", out.Code, kind(err))
	}
	// The node may take a moment to read the ledger whose state it already judges by: what it once took is pending until it is found or its time is over.
	overtaken := !first && (out.Code == "tx_bad_seq" || out.Code == "tx_too_late")
	if known.Status != protocol.TransactionStatusNotFound || overtaken {
		out.State, out.Code = relay.SubmissionDuplicate, ""
		return nil
	}
	if first {
		s.submitted.drop(hash)
	}
	if events, err := decodeAll[xdr.DiagnosticEvent](answer.DiagnosticEventsXDR); err == nil {
		if f := failureOfEvents(events); f != nil {
			out.Detail = f.Detail
		}
	}
	return nil
}

// Transaction implements relay.Relay.
func (s *Server) Transaction(ctx context.Context, hash string) (relay.Transaction, error) {
	id, err := stellar.ParseHash(hash)
	if err != nil {
		return relay.Transaction{}, invalid(err)
	}
	answer, err := s.node.Transaction(ctx, id)
	if err != nil {
		return relay.Transaction{}, kind(err)
	}
	out := relay.Transaction{
		Hash:   id.String(),
		Latest: relay.Ledger{Sequence: answer.LatestLedger, CloseTime: uint64(max(answer.LatestLedgerCloseTime, 0))},
	}
	if answer.Status == protocol.TransactionStatusNotFound {
		out.State = relay.TransactionNotFound
		if notAfter, known := s.submitted.get(id); known {
			out.State = relay.TransactionPending
			if out.Latest.CloseTime > notAfter {
				out.State = relay.TransactionExpired
			}
		}
		return out, nil
	}
	if err := outcome(answer, &out); err != nil {
		return relay.Transaction{}, fmt.Errorf("transaction %s: %w: %w", id, rpc.ErrAnswer, err)
	}
	s.submitted.drop(id)
	return out, nil
}

// outcome reads what became of an included transaction.
func outcome(answer protocol.GetTransactionResponse, out *relay.Transaction) error {
	out.Ledger = relay.Ledger{Sequence: answer.Ledger, CloseTime: uint64(max(answer.LedgerCloseTime, 0))}
	out.Order = uint32(max(answer.ApplicationOrder, 0))
	var result xdr.TransactionResult
	if err := xdr.SafeUnmarshalBase64(answer.ResultXDR, &result); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	out.FeeCharged = int64(result.FeeCharged)
	switch answer.Status {
	case protocol.TransactionStatusFailed:
		out.State, out.Code = relay.TransactionFailed, resultCode(result)
		events, err := decodeAll[xdr.DiagnosticEvent](answer.DiagnosticEventsXDR)
		if err != nil {
			return fmt.Errorf("diagnostic events: %w", err)
		}
		if out.Failure = failureOfEvents(events); out.Failure == nil {
			out.Failure = failureOfCode(out.Code)
		}
		return nil
	case protocol.TransactionStatusSuccess:
		out.State = relay.TransactionIncluded
	default:
		return fmt.Errorf("status %.40q", answer.Status)
	}
	for _, ofOperation := range answer.Events.ContractEventsXDR {
		out.Events = append(out.Events, ofOperation...)
	}
	var meta xdr.TransactionMeta
	if err := xdr.SafeUnmarshalBase64(answer.ResultMetaXDR, &meta); err != nil {
		return fmt.Errorf("meta: %w", err)
	}
	if value := returned(meta); value != nil {
		text, err := stellar.Encode(*value)
		if err != nil {
			return err
		}
		out.Value = text
	}
	return nil
}

// returned is what the call returned; nil if the transaction made none.
func returned(meta xdr.TransactionMeta) *xdr.ScVal {
	switch {
	case meta.V4 != nil && meta.V4.SorobanMeta != nil:
		return meta.V4.SorobanMeta.ReturnValue
	case meta.V3 != nil && meta.V3.SorobanMeta != nil:
		return &meta.V3.SorobanMeta.ReturnValue
	}
	return nil
}

// resultCode names why a transaction failed as its XDR does in JSON (SEP-51): tx_bad_seq, or for a failed operation its own reason,
// invoke_host_function_trapped.
func resultCode(result xdr.TransactionResult) string {
	if results, ok := result.OperationResults(); ok && result.Result.Code == xdr.TransactionResultCodeTxFailed && len(results) > 0 {
		op := results[0]
		switch tr := op.Tr; {
		case tr == nil:
			return snake(strings.TrimPrefix(op.Code.String(), "OperationResultCode"))
		case tr.InvokeHostFunctionResult != nil:
			return snake(strings.TrimPrefix(tr.InvokeHostFunctionResult.Code.String(), "InvokeHostFunctionResultCode"))
		case tr.ExtendFootprintTtlResult != nil:
			return snake(strings.TrimPrefix(tr.ExtendFootprintTtlResult.Code.String(), "ExtendFootprintTtlResultCode"))
		case tr.RestoreFootprintResult != nil:
			return snake(strings.TrimPrefix(tr.RestoreFootprintResult.Code.String(), "RestoreFootprintResultCode"))
		}
	}
	return snake(strings.TrimPrefix(result.Result.Code.String(), "TransactionResultCode"))
}

func snake(camel string) string {
	var out strings.Builder
	for i, r := range camel {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// maxSubmitted is how many submitted transactions are remembered; beyond it the oldest are forgotten, and are not_found instead of pending.
const maxSubmitted = 10_000

// memory knows the last time of each transaction that was submitted here, until its outcome is seen.
type memory struct {
	mu    sync.Mutex
	most  int
	known map[stellar.Hash]*list.Element
	order *list.List // of remembered, oldest first; exactly those in known
}

type remembered struct {
	hash     stellar.Hash
	notAfter uint64
}

func newMemory(most int) *memory {
	return &memory{most: most, known: map[stellar.Hash]*list.Element{}, order: list.New()}
}

// add remembers a transaction; it tells whether that is new.
func (m *memory) add(h stellar.Hash, notAfter uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.known[h]; known {
		return false
	}
	for m.order.Len() >= m.most {
		m.forget(m.order.Front())
	}
	m.known[h] = m.order.PushBack(remembered{h, notAfter})
	return true
}

func (m *memory) get(h stellar.Hash) (notAfter uint64, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, known := m.known[h]
	if !known {
		return 0, false
	}
	return e.Value.(remembered).notAfter, true
}

func (m *memory) drop(h stellar.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, known := m.known[h]; known {
		m.forget(e)
	}
}

// forget is called with mu held.
func (m *memory) forget(e *list.Element) {
	delete(m.known, m.order.Remove(e).(remembered).hash)
}
