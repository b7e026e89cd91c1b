package payertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Fate is what becomes of a submission.
type Fate struct {
	Arrives bool          // the network has it, whatever the answer says
	Answer  error         // instead of an answer
	Code    string        // the node refuses it with this
	After   time.Duration // from when on a ledger includes it, if it arrives
	Failed  bool          // in that ledger
	Charged int64         // at most what it offers; 0: all of that
}

// Charge is what a ledger has charged for a transaction.
type Charge struct {
	Hash    string
	Source  string
	Stroops int64
	At      time.Time
}

// Network is a relay whose node runs no contracts: what a call does and costs is the test's to say. Its clock is time.Now. Each transaction uses its
// source's next sequence number within its time, once, as on a real network.
type Network struct {
	Name stellar.Network
	Cost func() int64 // of the next simulation, resources in stroops
	Auth []string     // what each simulation asks to be authorised
	// Sim, if set, changes an answer to a simulation.
	Sim func(*relay.Simulation)
	// Fate is asked for each submission that the network would take; nil: each is included at once and charged whole.
	Fate func() Fate
	// Lag, if set, is by how much the sequence number that a node tells is behind.
	Lag func() int64
	// Forgets tells a node that remembers of a transaction only that a ledger had it.
	Forgets bool
	// Oldest, if set, is the close time of the first ledger that the node knows the transactions of, unix seconds.
	Oldest func() uint64
	// Down, if set, is the error of every question about a transaction.
	Down func() error

	mu        sync.Mutex
	sequences map[string]int64
	onWay     []*sent
	known     map[string]*sent
	charges   []Charge
}

type sent struct {
	hash     string
	source   string
	sequence int64
	notAfter uint64
	fee      int64
	at       time.Time // from when on a ledger takes it
	failed   bool
	ledger   uint32 // that has it
	told     bool   // the node has said that it took it
}

// firstSequence is the number of every account at first.
const firstSequence = 1000

func (n *Network) ledger() relay.Ledger {
	now := time.Now().Unix()
	return relay.Ledger{Sequence: uint32(now % (1 << 31)), CloseTime: uint64(now)}
}

// step includes what was on its way until now; it is called with the lock held.
func (n *Network) step() {
	if n.known == nil {
		n.known, n.sequences = map[string]*sent{}, map[string]int64{}
	}
	now := time.Now()
	var left []*sent
	for _, s := range n.onWay {
		switch {
		case uint64(s.at.Unix()) > s.notAfter || s.sequence <= n.sequences[s.source]+firstSequence:
		case now.Before(s.at) || s.sequence > n.sequences[s.source]+firstSequence+1:
			left = append(left, s)
		default:
			n.sequences[s.source]++
			s.ledger = n.ledger().Sequence
			n.charges = append(n.charges, Charge{s.hash, s.source, s.fee, s.at})
		}
	}
	n.onWay = left
}

// Charges are all so far.
func (n *Network) Charges() []Charge {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step()
	return append([]Charge(nil), n.charges...)
}

// Use has somebody else use an account's next sequence number.
func (n *Network) Use(account string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step()
	n.sequences[account]++
}

// Network implements payer.Relay.
func (n *Network) Network(ctx context.Context) (relay.Network, error) {
	return relay.Network{Passphrase: n.Name.Passphrase(), Latest: n.ledger(), InclusionFee: stellar.MinInclusionFee}, ctx.Err()
}

// Account implements payer.Relay: every account exists.
func (n *Network) Account(ctx context.Context, address string) (relay.Account, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step()
	out := relay.Account{Address: address, Exists: true, Sequence: firstSequence + n.sequences[address], Ledger: n.ledger()}
	if n.Lag != nil {
		out.Sequence -= n.Lag()
	}
	return out, ctx.Err()
}

// Simulate implements payer.Relay.
func (n *Network) Simulate(ctx context.Context, envelope string) (relay.Simulation, error) {
	if _, err := stellar.ParseTransaction(envelope); err != nil {
		return relay.Simulation{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	data, err := stellar.Encode(xdr.SorobanTransactionData{})
	if err != nil {
		return relay.Simulation{}, err
	}
	out := relay.Simulation{Ledger: n.ledger(), TransactionData: data, MinResourceFee: 1000, Auth: n.Auth}
	if n.Cost != nil {
		out.MinResourceFee = n.Cost()
	}
	if n.Sim != nil {
		n.Sim(&out)
	}
	return out, ctx.Err()
}

// Read implements sponsor.Relay: no contract is there to answer.
func (n *Network) Read(context.Context, string) (relay.Reading, error) {
	return relay.Reading{Ledger: n.ledger(), Failure: &relay.Failure{Kind: relay.FailedByHost, Detail: "no contract"}}, nil
}

// Submit implements payer.Relay.
func (n *Network) Submit(ctx context.Context, envelope string) (relay.Submission, error) {
	tx, bump, err := stellar.ParseSubmitted(envelope)
	if err != nil {
		return relay.Submission{}, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	}
	if ctx.Err() != nil {
		return relay.Submission{}, ctx.Err()
	}
	s := &sent{hash: tx.Hash(n.Name).String(), source: tx.Source().String(), sequence: tx.Sequence(), notAfter: tx.NotAfter(), fee: tx.MaxFee()}
	if bump != nil {
		s.hash, s.fee = bump.Hash(n.Name).String(), bump.MaxFee()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step()
	out := relay.Submission{Hash: s.hash, State: relay.SubmissionPending, Ledger: n.ledger()}
	if before := n.known[s.hash]; before != nil {
		if before.told || before.ledger > 0 {
			out.State = relay.SubmissionDuplicate
			return out, nil
		}
		s = before // it may be on its way all the same
	}
	switch {
	case uint64(time.Now().Unix()) > s.notAfter:
		out.State, out.Code = relay.SubmissionRejected, "tx_too_late"
		return out, nil
	case s.sequence != n.sequences[s.source]+firstSequence+1:
		out.State, out.Code = relay.SubmissionRejected, "tx_bad_seq"
		return out, nil
	}
	fate := Fate{Arrives: true}
	if n.Fate != nil {
		fate = n.Fate()
	}
	n.known[s.hash] = s
	if fate.Arrives && !slices.Contains(n.onWay, s) {
		s.at, s.failed = time.Now().Add(fate.After), fate.Failed
		if fate.Charged > 0 {
			s.fee = min(s.fee, fate.Charged)
		}
		n.onWay = append(n.onWay, s)
	}
	if fate.Code != "" {
		out.State, out.Code = relay.SubmissionRejected, fate.Code
		return out, nil
	}
	s.told = fate.Answer == nil
	n.step()
	return out, fate.Answer
}

// Transaction implements payer.Relay.
func (n *Network) Transaction(ctx context.Context, hash string) (relay.Transaction, error) {
	if n.Down != nil {
		if err := n.Down(); err != nil {
			return relay.Transaction{}, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step()
	out := relay.Transaction{Hash: hash, State: relay.TransactionNotFound, Latest: n.ledger()}
	if n.Oldest != nil {
		out.Oldest.CloseTime = n.Oldest()
	}
	s := n.known[hash]
	switch {
	case s == nil, s.ledger > 0 && uint64(s.at.Unix()) < out.Oldest.CloseTime:
	case s.ledger > 0:
		out.State, out.Ledger.Sequence, out.FeeCharged = relay.TransactionIncluded, s.ledger, s.fee
		if s.failed {
			out.State, out.Code = relay.TransactionFailed, "invoke_host_function_trapped"
			out.Failure = &relay.Failure{Kind: relay.FailedByContract, Code: 7, Detail: "refused"}
		}
		if n.Forgets {
			out.FeeCharged = 0
		}
	case s.told && out.Latest.CloseTime > s.notAfter:
		out.State = relay.TransactionExpired
	case s.told:
		out.State = relay.TransactionPending
	}
	return out, ctx.Err()
}

// ErrLost is the answer that did not come.
var ErrLost = errors.New("the answer was lost")
