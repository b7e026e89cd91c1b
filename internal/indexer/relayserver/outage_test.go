package relayserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// gone is a store whose database cannot be reached.
type gone struct{}

var errGone = fmt.Errorf("%w: connection refused", store.ErrUnavailable)

func (gone) AddTransaction(context.Context, store.Transaction) error { return errGone }

func (gone) UpdateTransaction(context.Context, store.TransactionState, store.Transaction) error {
	return errGone
}

func (gone) Transaction(context.Context, store.Hash) (store.Transaction, error) {
	return store.Transaction{}, errGone
}

func (gone) Transactions(context.Context, store.TransactionFilter) ([]store.Transaction, error) {
	return nil, errGone
}

// While the database is gone the api is told to ask again, not that the indexer has made a mistake; what needs no database is answered.
func TestTheDatabaseIsGone(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	tx, text := w.signedOpen(1)
	server := relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: gone{}, Now: time.Now})
	over := overHTTP(t, server)
	if out, err := over.Submit(t.Context(), text); !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("submit: %+v, %v", out, err)
	}
	hash := tx.Hash(w.network).String()
	if out, err := over.Transaction(t.Context(), hash); !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("a transaction that no ledger has: %+v, %v", out, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	server.Track(ctx) // goes on, and ends with its context
	if _, err := over.LatestLedger(t.Context()); err != nil {
		t.Errorf("the latest ledger: %v", err)
	}
	if out, err := w.relay.Submit(t.Context(), text); err != nil || w.await(out.Hash).State != relay.TransactionIncluded {
		t.Fatalf("%+v, %v", out, err)
	}
	if out, err := over.Transaction(t.Context(), hash); err != nil || out.State != relay.TransactionIncluded {
		t.Errorf("one that a ledger has: %+v, %v", out, err)
	}
}

// ErrInvalid says that a transaction went nowhere: whoever has paid for it then takes that back. Of one that is kept, and will be sent again, it
// is never said, whatever the node refuses to answer.
func TestWhatIsKeptIsNotCalledInvalid(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	tx, text := w.signedOpen(1)
	server, db := w.server(w.behind(&refusing{code: xdr.TransactionResultCodeTxBadSeq, odd: tx.Hash(w.network).String()}))
	if out, err := server.Submit(t.Context(), text); errors.Is(err, relay.ErrInvalid) || !errors.Is(err, relay.ErrUnavailable) {
		t.Errorf("%+v, %v", out, err)
	}
	if kept, err := db.Transaction(t.Context(), store.Hash(tx.Hash(w.network))); err != nil || kept.State != store.TransactionSubmitted {
		t.Errorf("kept: %+v, %v", kept, err)
	}
}

// A transaction that could be included for years would have to be followed for years. It is not taken at all.
func TestATransactionThatLastsTooLong(t *testing.T) {
	w := newWorld(t, "buyer", "seller", "arbitrator")
	server, db := w.server(w.node)
	w.advance(100_000) // the ledgers' clock is a day ahead of ours
	tree := w.tree(escrow.CallOpen{Terms: w.terms(1), By: escrow.Buyer})
	submit := func(notAfter uint64) (relay.Submission, error) {
		t.Helper()
		e := w.from("buyer")
		e.NotAfter = notAfter
		tx, err := stellar.Invoke(e, tree.Call)
		must(t, err)
		tx, err = w.complete(tx, tree, nil).Sign(w.network, w.people["buyer"])
		must(t, err)
		text, err := tx.Base64()
		must(t, err)
		return server.Submit(t.Context(), text)
	}
	if out, err := submit(w.now() + 3*3600); !errors.Is(err, relay.ErrInvalid) || !strings.Contains(err.Error(), "give it an end before") {
		t.Errorf("three hours: %+v, %v", out, err)
	}
	if all, err := db.Transactions(t.Context(), store.TransactionFilter{State: store.TransactionSubmitted, Limit: 1}); err != nil || len(all) > 0 {
		t.Errorf("kept: %+v, %v", all, err)
	}
	if out, err := submit(w.now() + 3600); err != nil || out.State != relay.SubmissionPending {
		t.Errorf("an hour: %+v, %v", out, err)
	}
}
