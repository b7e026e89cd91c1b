package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

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
	// StatusTryAgainLater: another transaction of its account waits, or too many do, or it was applied in one of the last ledgers.
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
	answer := func(s Sent, e *queued, err error) (Sent, *queued, error) {
		s.Last = view.Last
		return s, e, err
	}
	l := n.ledgerAfter(view.Last, n.Now().Unix())
	if s := n.applied(l, f, view.Last); s.Status != "" {
		return answer(s, nil, nil)
	}
	h, err := n.hosts.take(ctx, view)
	if err != nil {
		return answer(Sent{}, nil, err)
	}
	defer n.hosts.give(h)
	l.Host = func(r ledger.Reader) tx.Host { return h }
	// The order is a real node's: those that wait come first, and a fee that is none before them.
	if v := tx.CheckFee(f); !v.Valid {
		return answer(Sent{Status: StatusError, Verdict: v}, nil, nil)
	}
	if s := n.queue.judge(l, f); s.Status != StatusPending {
		return answer(s, nil, nil)
	}
	v, err := tx.CheckSubmitted(ctx, l, view, f)
	if err != nil {
		return answer(Sent{}, nil, fmt.Errorf("check transaction %s: %w", f.Hash.HexString(), err))
	}
	if !v.Valid {
		return answer(Sent{Status: StatusError, Verdict: v}, nil, nil)
	}
	s, e := n.queue.add(l, view, f)
	if s.Status != StatusPending {
		// Another one may have come in between and gone into a ledger already.
		if was := n.applied(l, f, n.chain.Last()); was.Status != "" {
			s = was
		}
	}
	return answer(s, e, nil)
}

// bannedLedgers is for how many ledgers a node does not look again at what was applied (stellar-core, TRANSACTION_QUEUE_BAN_LEDGERS: the
// tenth of them is begun with the ledger that applies it).
const bannedLedgers = 9

// applied is the answer to a transaction that was applied lately, without a status to any other. As long as it would still wait on the main network, that is what
// a node says because of it; then for some ledgers TRY_AGAIN_LATER. A node knows a transaction by its signatures too: with others it is another one.
func (n *Node) applied(l *tx.Ledger, f *tx.Frame, last ledger.Closed) Sent {
	at, ok := n.chain.Transaction(f.Hash)
	if !ok || last.Sequence() >= at.Ledger+bannedLedgers {
		return Sent{}
	}
	meta, ok, err := n.chain.Ledger(at.Ledger)
	if err != nil || !ok {
		return Sent{}
	}
	waits := last.CloseTime()-meta.LedgerCloseTime() < ledger.CloseSeconds
	for _, e := range meta.TransactionEnvelopes() {
		old, err := tx.Parse(e, n.opts.Passphrase)
		switch {
		case err != nil || old.Hash != meta.V2.TxProcessing[at.Index].Result.TransactionHash:
		case waits:
			if s := beside(l, f, old); s.Status != StatusPending {
				return s
			}
		case f.Signed == old.Signed:
			return Sent{Status: StatusTryAgainLater}
		}
	}
	return Sent{}
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

	lent  *lentHost
	lives uint32 // of an entry that is restored, in ledgers
}

// AsRestored calls f while Host reads archived entries as if they had just been restored, and tells which it has read.
func (s Simulation) AsRestored(f func() error) ([]xdr.LedgerKey, error) {
	r := &restored{in: s.Info.Sequence, until: s.Info.Sequence + s.lives - 1, keys: map[ledger.Key]bool{}}
	s.lent.restored = r
	err := f()
	s.lent.restored = nil
	var keys []xdr.LedgerKey
	for _, k := range slices.Sorted(maps.Keys(r.keys)) {
		lk, badKey := k.LedgerKey()
		if err = errors.Join(err, badKey); badKey == nil {
			keys = append(keys, lk)
		}
	}
	return keys, err
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
	return f(Simulation{View: view, Host: h.Host, Info: n.ledgerAfter(view.Last, n.Now().Unix()).Info(), lent: h, lives: n.set.Limits.MinPersistentTTL})
}
