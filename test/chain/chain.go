// Package chain is localnet's ledger without its clock and its queue, for tests: it closes a ledger with the transactions and in the second that it
// is told. No program links it.
package chain

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

// Protocol is the network's.
const Protocol = 27

// Chain is a network of the main network's settings. One goroutine uses it.
type Chain struct {
	Passphrase string
	Set        settings.Network
	Last       ledger.Closed
	Host       *host.Host

	state  *ledger.State
	view   *ledger.Snapshot // of the state
	reader ledger.Reader    // what the host reads
}

// New begins a network in which each key has an account with so many stroops.
func New(ctx context.Context, passphrase string, lumens xdr.Int64, keys ...*keypair.Full) (*Chain, error) {
	machine, err := localnettest.Compiled()
	if err != nil {
		return nil, fmt.Errorf("start the contract host: %w", err)
	}
	c := &Chain{Passphrase: passphrase, state: ledger.NewState()}
	if c.Host, err = machine.NewHost(ctx, c); err != nil {
		return nil, fmt.Errorf("start a contract host: %w", err)
	}
	cpu, memory, err := c.Host.DefaultCosts(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the cost tables: %w", err)
	}
	c.Set = settings.MainNetwork(cpu, memory)
	last, entries := ledger.Genesis(passphrase, Protocol)
	c.Last = last
	c.state.Apply(entries)
	c.view = c.state.Snapshot()
	d := ledger.NewDelta(c.view, c.Last.Sequence())
	for _, e := range c.Set.Entries {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &e})
	}
	for _, k := range keys {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
			AccountId: xdr.MustAddress(k.Address()), Balance: lumens, Thresholds: xdr.Thresholds{1},
		}})
	}
	c.commit(d)
	return c, c.Host.Configure(ctx)
}

func (c *Chain) commit(d *ledger.Delta) {
	c.state.Apply(d.All())
	c.view.Close()
	c.view = c.state.Snapshot()
	c.reader = c.view
}

// View is what the last ledger holds, until the next one is closed.
func (c *Chain) View() *ledger.Snapshot { return c.view }

// Find is part of host.Entries.
func (c *Chain) Find(key []byte) (host.Entry, bool, error) {
	k := ledger.Key(key)
	raw, ok := c.reader.Get(k)
	if !ok {
		return host.Entry{}, false, nil
	}
	e := host.Entry{XDR: raw, HasTTL: k.HasTTL()}
	if e.HasTTL {
		if e.LiveUntil, ok = ledger.LiveUntil(c.reader, k); !ok {
			return e, false, fmt.Errorf("a contract entry without lifetime: %x", key)
		}
	}
	return e, true, nil
}

// Next is the ledger after the last one, closed at the given unix second.
func (c *Chain) Next(at uint64, set xdr.GeneralizedTransactionSet) *tx.Ledger {
	header := ledger.Next(c.Last, set, int64(at))
	return &tx.Ledger{Passphrase: c.Passphrase, Limits: c.Set.Limits, Header: &header, Host: func(r ledger.Reader) tx.Host {
		c.reader = r
		return c.Host
	}}
}

// Call is a transaction of one host function by an account whose last sequence number is given, signed and read as a network reads it.
func (c *Chain) Call(from *keypair.Full, sequence int64, f xdr.HostFunction, auth []xdr.SorobanAuthorizationEntry, data *xdr.SorobanTransactionData) (*tx.Frame, error) {
	t, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: from.Address(), Sequence: sequence}, IncrementSequenceNum: true,
		Operations:    []txnbuild.Operation{&txnbuild.InvokeHostFunction{HostFunction: f, Auth: auth, Ext: xdr.TransactionExt{V: 1, SorobanData: data}}},
		BaseFee:       txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		return nil, fmt.Errorf("build a transaction: %w", err)
	}
	if t, err = t.Sign(c.Passphrase, from); err != nil {
		return nil, fmt.Errorf("sign a transaction: %w", err)
	}
	return tx.Parse(t.ToXDR(), c.Passphrase)
}

// Close closes a ledger with transactions of different accounts, each of which must be valid; whether it succeeded its result says.
func (c *Chain) Close(ctx context.Context, at uint64, frames ...*tx.Frame) (applied []tx.Applied, set xdr.GeneralizedTransactionSet, err error) {
	var envelopes []xdr.TransactionEnvelope
	for _, f := range frames {
		envelopes = append(envelopes, f.Envelope)
	}
	set = ledger.TxSet(c.Last.Hash, nil, envelopes)
	l := c.Next(at, set)
	for _, f := range frames {
		verdict, err := tx.Check(ctx, l, c.view, f)
		if err != nil {
			return nil, set, err
		}
		if !verdict.Valid {
			return nil, set, fmt.Errorf("a transaction is not valid: %s", verdict.Result.Result.Code)
		}
	}
	d := ledger.NewDelta(c.view, uint32(l.Header.LedgerSeq))
	if applied, err = tx.Apply(ctx, l, d, frames, l.Header.ScpValue.TxSetHash); err != nil {
		return nil, set, err
	}
	var results []xdr.TransactionResultPair
	for _, a := range applied {
		if a.Problem != nil {
			return nil, set, a.Problem
		}
		results = append(results, a.Meta.Result)
	}
	c.Last = ledger.Seal(*l.Header, results, d.All())
	c.commit(d)
	return applied, set, nil
}
