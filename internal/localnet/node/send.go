package node

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// Status is a node's answer to a transaction, in the words of Stellar RPC.
type Status string

const (
	// StatusPending: it is valid and waits for the next ledger.
	StatusPending Status = "PENDING"
	// StatusDuplicate: it waits already, or has just been applied.
	StatusDuplicate Status = "DUPLICATE"
	// StatusTryAgainLater: another transaction of its account waits, or too many do.
	StatusTryAgainLater Status = "TRY_AGAIN_LATER"
	// StatusError: it is not valid.
	StatusError Status = "ERROR"
)

// Sent is what became of a transaction when it was handed in.
type Sent struct {
	Status  Status
	Last    ledger.Closed // the last ledger when it was
	Verdict tx.Verdict    // with StatusError
}

// Send hands in a transaction for the next ledger.
func (n *Node) Send(ctx context.Context, f *tx.Frame) (Sent, error) {
	s, _, err := n.send(ctx, f)
	return s, err
}

func (n *Node) send(ctx context.Context, f *tx.Frame) (Sent, *queued, error) {
	if err := n.CatchUp(); err != nil {
		return Sent{}, nil, err
	}
	view := n.chain.View()
	defer view.Close()
	s := Sent{Last: view.Last}
	if n.seen(f.Hash, view.Last) {
		s.Status = StatusDuplicate
		return s, nil, nil
	}
	h, err := n.hosts.take(ctx, view)
	if err != nil {
		return s, nil, err
	}
	defer n.hosts.give(h)
	l := n.ledgerAfter(view.Last, n.Now().Unix())
	l.Host = func(r ledger.Reader) tx.Host { return h }
	if s.Verdict, err = tx.Check(ctx, l, view, f); err != nil {
		return s, nil, fmt.Errorf("check transaction %s: %w", f.Hash.HexString(), err)
	}
	if !s.Verdict.Valid {
		s.Status = StatusError
		return s, nil, nil
	}
	e := n.queue.add(f)
	if e == nil {
		s.Status = StatusTryAgainLater
		if n.seen(f.Hash, view.Last) {
			s.Status = StatusDuplicate
		}
		return s, nil, nil
	}
	s.Status = StatusPending
	return s, e, nil
}

// seen tells whether a transaction waits, or was applied so lately that on the main network it would still wait.
func (n *Node) seen(hash xdr.Hash, last ledger.Closed) bool {
	if n.queue.pending(hash) != nil {
		return true
	}
	at, ok := n.chain.Transaction(hash)
	if !ok {
		return false
	}
	meta, ok, err := n.chain.Ledger(at.Ledger)
	return err == nil && ok && last.CloseTime()-meta.LedgerCloseTime() < ledger.CloseSeconds
}

// Outcome is an applied transaction.
type Outcome struct {
	Hash      xdr.Hash
	Ledger    uint32
	CloseTime int64 // Unix seconds
	Result    xdr.TransactionResult
	Meta      xdr.TransactionMeta
}

// Successful tells whether all operations were.
func (o Outcome) Successful() bool { return o.Result.Successful() }

// Invalid is the error of a transaction that was not applied.
type Invalid struct {
	Status  Status
	Verdict tx.Verdict
}

func (e *Invalid) Error() string {
	if e.Status != StatusError {
		return "the transaction was not taken: " + string(e.Status)
	}
	return "the transaction is not valid: " + resultText(e.Verdict.Result)
}

func resultText(r xdr.TransactionResult) string {
	text := r.Result.Code.String()
	if inner := r.Result.InnerResultPair; inner != nil {
		text += ", " + inner.Result.Result.Code.String()
	}
	return text
}

// Submit hands in a transaction and waits for its ledger. A transaction that was applied and failed is an Outcome; one that was not
// applied is an *Invalid.
func (n *Node) Submit(ctx context.Context, envelope xdr.TransactionEnvelope) (Outcome, error) {
	f, err := tx.Parse(envelope, n.opts.Passphrase)
	if err != nil {
		return Outcome{}, err
	}
	s, e, err := n.send(ctx, f)
	if err != nil {
		return Outcome{}, err
	}
	if s.Status != StatusPending {
		return Outcome{}, &Invalid{s.Status, s.Verdict}
	}
	if err := e.wait(ctx); err != nil {
		return Outcome{}, fmt.Errorf("wait for transaction %s: %w", f.Hash.HexString(), err)
	}
	if e.dropped != nil {
		return Outcome{}, &Invalid{StatusError, *e.dropped}
	}
	return e.outcome, nil
}

// Simulation is a moment to simulate in: the entries as they are, the ledger that would close now, and a contract host.
type Simulation struct {
	ledger.View
	Host *host.Host
	Info host.Info
}

// Simulate calls f with the newest state. Several may be under way at once.
func (n *Node) Simulate(ctx context.Context, f func(Simulation) error) error {
	if err := n.CatchUp(); err != nil {
		return err
	}
	view := n.chain.View()
	defer view.Close()
	h, err := n.hosts.take(ctx, view)
	if err != nil {
		return err
	}
	defer n.hosts.give(h)
	return f(Simulation{View: view, Host: h.Host, Info: n.ledgerAfter(view.Last, n.Now().Unix()).Info()})
}
