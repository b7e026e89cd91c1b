package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TransactionOut is what is known of a transaction.
type TransactionOut struct {
	Hash        string         `json:"hash"`
	State       string         `json:"state" enum:"prepared,submitted,included,projected,failed,expired" doc:"prepared: handed out to be signed; submitted: the network has it; included: in a ledger; projected: included, and its effects can be read here; failed: in a ledger, paid for, without effect; expired: no ledger can include it any more"`
	Action      string         `json:"action,omitempty" doc:"If it was prepared here; restore: it only brings archived entries back"`
	Trade       string         `json:"trade,omitempty" doc:"If it was prepared here"`
	Source      escrow.Address `json:"source,omitempty" doc:"If it was prepared here"`
	ValidUntil  *Time          `json:"valid_until,omitempty" doc:"If it was prepared here"`
	Ledger      *Ledger        `json:"ledger,omitempty" doc:"The ledger that includes it: min_ledger for reads of what it did"`
	FeeCharged  string         `json:"fee_charged,omitempty" doc:"What it cost after the refund, in stroops of XLM"`
	FeeXLM      string         `json:"fee_charged_xlm,omitempty"`
	Error       *TxError       `json:"error,omitempty" doc:"Why it failed, or expired before its time"`
	RetrySafe   bool           `json:"retry_safe" doc:"Whether the action can be prepared anew without a chance of doing it twice. Submitting the very same transaction again is always safe"`
	NextActions []NextAction   `json:"next_actions" nullable:"false"`
	Latest      Ledger         `json:"latest" doc:"The network's newest ledger"`
}

// TxError is why a transaction failed.
type TxError struct {
	Code     string         `json:"code" doc:"The network's"`
	Contract *ContractError `json:"contract_error,omitempty" doc:"The escrow contract's refusal"`
	Detail   string         `json:"detail"`
	NextStep string         `json:"next_step"`
}

const (
	statePrepared  = "prepared"
	stateSubmitted = "submitted"
	stateIncluded  = "included"
	stateProjected = "projected"
	stateFailed    = "failed"
	stateExpired   = "expired"
)

func (t *TransactionOut) final() bool {
	return t.State == stateProjected || t.State == stateFailed || t.State == stateExpired
}

// Waiting lets a client wait for an outcome.
type Waiting struct {
	Wait int `query:"wait" minimum:"0" maximum:"30" doc:"Seconds to wait until the state is projected, failed or expired; the state at the end is answered in any case"`
}

func (w Waiting) wait() time.Duration { return min(time.Duration(w.Wait)*time.Second, maxWait) }

type readTransactionIn struct {
	Waiting
	Hash string `path:"hash" maxLength:"100" doc:"The transaction's hash, 64 hex digits"`
}

func (s *server) readTransaction(ctx context.Context, in *readTransactionIn) (*Answer[TransactionOut], error) {
	hash, err := stellar.ParseHash(in.Hash)
	if err != nil {
		return nil, invalid([]FieldError{{Location: "path.hash", Message: "not the hash of a transaction: 64 hex digits", Value: echo(in.Hash)}})
	}
	out, err := s.waitFor(ctx, hash.String(), in.wait(), TransactionOut{})
	if err != nil {
		return nil, err
	}
	return &Answer[TransactionOut]{out}, nil
}

// waitFor reads a transaction's state until it is final or the wait is over. otherwise is what is told if nothing is known, unless it is empty too.
func (s *server) waitFor(ctx context.Context, hash string, wait time.Duration, otherwise TransactionOut) (TransactionOut, error) {
	var out TransactionOut
	err := s.poll(ctx, wait, func(ctx context.Context) (bool, error) {
		var err error
		out, err = s.transaction(ctx, hash, otherwise)
		return out.final(), err
	})
	if err != nil && !errors.Is(err, errNotInTime) && !errors.Is(err, errStopping) {
		return out, err
	}
	opened, err := s.opened(ctx, &out)
	out.NextActions = nextOf(&out, opened)
	return out, err
}

// opened tells whether the trade that a transaction is about can be read: the one that an open was to bring about may never have come.
func (s *server) opened(ctx context.Context, t *TransactionOut) (bool, error) {
	if t.Trade == "" || t.Action != "open" && t.Action != actionRestore {
		return true, nil
	}
	var id escrow.ID
	if err := id.UnmarshalText([]byte(t.Trade)); err != nil {
		return false, fmt.Errorf("trade of transaction %s: %w", t.Hash, err)
	}
	switch _, err := s.Trades.Trade(ctx, id); {
	case errors.Is(err, ErrNoTrade):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read trade %s: %w", id, err)
	}
	return true, nil
}

func (s *server) transaction(ctx context.Context, hash string, otherwise TransactionOut) (TransactionOut, error) {
	known, err := s.Relay.Transaction(ctx, hash)
	if err != nil {
		return otherwise, fmt.Errorf("ask about transaction %s: %w", hash, err)
	}
	kept, here, err := s.Transactions.Get(ctx, hash)
	if err != nil {
		return otherwise, fmt.Errorf("look for transaction %s: %w", hash, err)
	}
	out := TransactionOut{Hash: hash, Latest: ledgerOf(known.Latest)}
	if here {
		out.Action, out.Source, out.ValidUntil = kept.Action, kept.Source, since(kept.ValidUntil)
		if kept.Trade != nil {
			out.Trade = kept.Trade.String()
		}
	}
	switch known.State {
	case relay.TransactionNotFound:
		return s.notFound(ctx, out, kept, here, otherwise)
	case relay.TransactionPending:
		out.State = stateSubmitted
		if here {
			if err := s.overtaken(ctx, hash, kept, &out); err != nil {
				return out, err
			}
		}
	case relay.TransactionExpired:
		out.State, out.RetrySafe = stateExpired, true
	case relay.TransactionFailed:
		out.State, out.RetrySafe = stateFailed, true
		if out.Error, err = s.txError(ctx, known); err != nil {
			return out, err
		}
	case relay.TransactionIncluded:
		out.State = stateIncluded
		head, err := s.Trades.Head(ctx)
		if err != nil {
			return out, fmt.Errorf("ask how far the ledger has been read: %w", err)
		}
		if head.Sequence >= known.Ledger.Sequence {
			out.State = stateProjected
		}
	default:
		return out, fmt.Errorf("transaction %s is in a state %q that this API does not know", hash, known.State)
	}
	if known.Ledger.Sequence != 0 {
		at := ledgerOf(known.Ledger)
		out.Ledger = &at
		out.FeeCharged, out.FeeXLM = strconv.FormatInt(known.FeeCharged, 10), amount.Stroops(known.FeeCharged).String()
	}
	return out, nil
}

// notFound is a transaction that no ledger has, as far as the network's node remembers.
func (s *server) notFound(ctx context.Context, out TransactionOut, kept Transaction, here bool, otherwise TransactionOut) (TransactionOut, error) {
	if !here {
		if otherwise.State != "" {
			return otherwise, nil
		}
		return out, problemf(kindNoTx, "%s is neither on the network, as far back as its node remembers, nor was it prepared here lately", out.Hash)
	}
	out.State = statePrepared
	if otherwise.State != "" {
		out.State = otherwise.State
	}
	if uint64(out.Latest.ClosedAt) <= kept.ValidUntil {
		out.RetrySafe = out.State == statePrepared
		return out, nil
	}
	// Expired, unless a node that forgets might have forgotten it.
	net, err := s.network(ctx)
	if err != nil {
		return out, err
	}
	if net.Oldest.CloseTime > kept.PreparedAt {
		return out, problemf(kindNoTx, "%s is over, and the network's node no longer remembers that time; read the trade", out.Hash)
	}
	out.State, out.RetrySafe = stateExpired, true
	return out, nil
}

// overtaken notices that another transaction of the same account has used the sequence number of one that is on its way: of those prepared at the same
// time, the network includes one. It asks for the transaction after the account, so that what has used the number cannot be the transaction itself.
func (s *server) overtaken(ctx context.Context, hash string, kept Transaction, out *TransactionOut) error {
	tx, err := stellar.ParseTransaction(kept.Envelope)
	if err != nil {
		return fmt.Errorf("kept transaction %s: %w", hash, err)
	}
	account, err := s.Relay.Account(ctx, tx.Source().String())
	if err != nil {
		return fmt.Errorf("look at account %s: %w", tx.Source(), err)
	}
	if account.Sequence < tx.Sequence() {
		return nil
	}
	again, err := s.Relay.Transaction(ctx, hash)
	if err != nil {
		return fmt.Errorf("ask about transaction %s: %w", hash, err)
	}
	if again.State == relay.TransactionPending && again.Latest.Sequence >= account.Ledger.Sequence {
		out.State, out.RetrySafe = stateExpired, true
		out.Error = &TxError{Code: "tx_bad_seq", Detail: fmt.Sprintf("another transaction of %s came first and used its sequence number %d", tx.Source(), tx.Sequence()),
			NextStep: "prepare the action again; prepare the next one of an account after the one before is in a ledger, or let each have a source of its own"}
	}
	return nil
}

// txError says why an included transaction had no effect.
func (s *server) txError(ctx context.Context, t relay.Transaction) (*TxError, error) {
	out := &TxError{Code: t.Code, Detail: "the network carried it out without effect", NextStep: "prepare it again: it is tried anew on the newest ledger, and refused if it cannot work"}
	f := t.Failure
	if f == nil {
		return out, nil
	}
	out.Detail = firstLine(f.Detail)
	if f.Kind != relay.FailedByContract {
		return out, nil
	}
	contracts, err := s.contracts(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range contracts {
		if r, ok := refusalByCode(f.Code); ok && c.String() == f.Contract {
			out.Contract, out.Detail, out.NextStep = &ContractError{r.Code, r.Name}, r.Title, r.Next
		}
	}
	return out, nil
}

// nextOf is what to do about a transaction; opened tells whether its trade can be read.
func nextOf(t *TransactionOut, opened bool) []NextAction {
	path := "/v1/transactions/" + t.Hash
	read := NextAction{Action: "read_trade", Detail: "read the trade"}
	if t.Trade != "" {
		read.Path = "/v1/trades/" + t.Trade
	}
	if t.Ledger != nil && read.Path != "" {
		read.Path += "?min_ledger=" + strconv.FormatUint(uint64(t.Ledger.Sequence), 10)
	}
	switch t.State {
	case statePrepared:
		return []NextAction{signNext(string(t.Source)), submitNext}
	case stateSubmitted:
		return []NextAction{{Action: "wait", Detail: "ask again until it is in a ledger", Path: path + "?wait=10"}}
	case stateIncluded:
		return []NextAction{{Action: "wait", Detail: "its effects are about to be readable", Path: path + "?wait=10"}}
	}
	if !opened {
		return []NextAction{{Action: "prepare", Detail: "the trade has not been opened: prepare it again, with its terms", Path: "/v1/trades"}}
	}
	switch t.State {
	case stateProjected:
		if t.Action == actionRestore {
			return []NextAction{read, {Action: "prepare", Detail: "prepare the action that needed it again"}}
		}
		return []NextAction{read}
	}
	prepare := NextAction{Action: "prepare", Detail: "prepare the action again"}
	if t.Trade != "" && t.Action != "" && t.Action != "open" && t.Action != actionRestore {
		prepare.Path = "/v1/trades/" + t.Trade + "/actions/" + t.Action
	}
	return []NextAction{read, prepare}
}
