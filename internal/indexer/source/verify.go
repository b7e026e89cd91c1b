package source

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// MismatchError is about a ledger of which a part does not have the hash that it should have: it was changed or damaged on the way. It is an
// rpc.ErrAnswer.
type MismatchError struct {
	Ledger uint32
	Part   string // in words
	Is     stellar.Hash
	Want   stellar.Hash // as the ledger itself says
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("ledger %d: its %s has the hash %s, the ledger says %s: it was changed or damaged", e.Ledger, e.Part, e.Is, e.Want)
}

// Unwrap makes it one of the kinds of package rpc.
func (e *MismatchError) Unwrap() error { return rpc.ErrAnswer }

// Verify checks all that the header's hash stands for: the header itself, the transactions, their results, and through the results what
// contract calls returned and announced. A part that differs is a *MismatchError.
//
// Not covered by any hash are changes of entries, and the events that are of no contract call (payments and fees): Events sees to it that no
// others are among them. Events from before protocol 23 in the form of later ones (transaction meta 4) are taken as they are: nodes may
// rewrite them.
func (m *Meta) Verify() error {
	checks := []struct {
		part string
		of   []byte
		want xdr.Hash
	}{
		{"header", m.header, xdr.Hash(m.Hash)},
		{"set of transactions", m.set, m.setHash},
		{"list of results", m.resultSet(), m.resultHash},
	}
	for _, c := range checks {
		if is := sha256.Sum256(c.of); is != c.want {
			return &MismatchError{m.Sequence, c.part, is, stellar.Hash(c.want)}
		}
	}
	for _, t := range m.results {
		var err error
		if broken := xdr.TryVoid(func() { err = m.verifyCall(t) }); broken != nil {
			err = fmt.Errorf("ledger %d: transaction %x: %w: %w", m.Sequence, t.hash, rpc.ErrAnswer, broken)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resultSet is the TransactionResultSet of the ledger.
func (m *Meta) resultSet() []byte {
	set := binary.BigEndian.AppendUint32(nil, uint32(len(m.results)))
	for _, t := range m.results {
		set = append(set, t.result...)
	}
	return set
}

// unifiedEvents is the protocol since which contracts' events are in meta 4 as the host made them (CAP-67).
const unifiedEvents = 23

// verifyCall checks what a contract call returned and announced: the result holds the hash of both (InvokeHostFunctionSuccessPreImage). What
// is to be there is asked of the result, never of the meta, which anybody could leave a part out of.
func (m *Meta) verifyCall(t transaction) error {
	want, called, err := t.call()
	if err != nil {
		return fmt.Errorf("ledger %d: transaction %x: %w: %w", m.Sequence, t.hash, rpc.ErrAnswer, err)
	}
	if !called {
		return nil // Events takes no other contract's events of it than an asset's
	}
	if t.version == 4 && m.Protocol < unifiedEvents {
		return nil
	}
	h := sha256.New()
	h.Write(t.value)
	h.Write(t.called)
	if t.ops != nil && count(t.ops) == 1 {
		h.Write(must(xdr.OperationMetaV2View(t.ops[4:]).Fields()).Events)
	}
	if is := xdr.Hash(h.Sum(nil)); is != want {
		return &MismatchError{m.Sequence, fmt.Sprintf("transaction %x: what the contract announced", t.hash), stellar.Hash(is), stellar.Hash(want)}
	}
	return nil
}

// call is what a transaction's result says of its contract call; it answers false for one that called none with success.
func (t transaction) call() (xdr.Hash, bool, error) {
	if !t.ok {
		return xdr.Hash{}, false, nil
	}
	var p xdr.TransactionResultPair
	if err := xdr.SafeUnmarshal(t.result, &p); err != nil {
		return xdr.Hash{}, false, fmt.Errorf("result: %w", err)
	}
	results, ok := p.OperationResults()
	if !ok || len(results) != 1 { // a transaction that calls contracts has one operation
		return xdr.Hash{}, false, nil
	}
	tr, ok := results[0].GetTr()
	if !ok {
		return xdr.Hash{}, false, nil
	}
	result, ok := tr.GetInvokeHostFunctionResult()
	if !ok {
		return xdr.Hash{}, false, nil
	}
	hash, ok := result.GetSuccess()
	return hash, ok, nil
}
