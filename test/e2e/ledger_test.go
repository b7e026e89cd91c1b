package e2e

import (
	"context"
	"crypto/rand"
	"encoding/binary"
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

const (
	passphrase = "StellarEscrow stories ; 2026"
	protocol   = 27
	lumens     = 100_000_000_000 // stroops that every account begins with
)

// chain is localnet's ledger without its clock: it closes a ledger with one transaction in whatever second it is told, also twice in the same
// one. A network puts transactions of one second into one ledger; a contract cannot tell the two apart, and a story needs them one by one.
// One goroutine uses it.
type chain struct {
	name   string // the passphrase
	set    settings.Network
	state  *ledger.State
	view   *ledger.Snapshot // of the state
	last   ledger.Closed
	host   *host.Host
	reader ledger.Reader // what the host reads
	source *keypair.Full // sends and pays for every transaction, and is nobody in any story
	seq    int64         // the last one that source has used
}

// newChain starts the network with that passphrase, the main network's settings and an account for each key.
func newChain(ctx context.Context, passphrase string, keys ...*keypair.Full) (*chain, error) {
	m, err := localnettest.Compiled()
	if err != nil {
		return nil, fmt.Errorf("start the contract host: %w", err)
	}
	c := &chain{name: passphrase, state: ledger.NewState(), source: keypair.MustRandom()}
	if c.host, err = m.NewHost(ctx, c); err != nil {
		return nil, fmt.Errorf("start a contract host: %w", err)
	}
	cpu, memory, err := c.host.DefaultCosts(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the cost tables: %w", err)
	}
	c.set = settings.MainNetwork(cpu, memory)

	last, entries := ledger.Genesis(passphrase, protocol)
	c.last = last
	c.state.Apply(entries)
	c.view = c.state.Snapshot()
	d := ledger.NewDelta(c.view, c.last.Sequence())
	for _, e := range c.set.Entries {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &e})
	}
	for _, k := range append(keys, c.source) {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
			AccountId: xdr.MustAddress(k.Address()), Balance: lumens, Thresholds: xdr.Thresholds{1},
		}})
	}
	c.commit(d)
	return c, c.host.Configure(ctx)
}

func (c *chain) commit(d *ledger.Delta) {
	c.state.Apply(d.All())
	c.view.Close()
	c.view = c.state.Snapshot()
	c.reader = c.view
}

// Find is part of host.Entries.
func (c *chain) Find(key []byte) (host.Entry, bool, error) {
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

// next is the ledger after the last one, closed at the given unix second.
func (c *chain) next(at uint64, set xdr.GeneralizedTransactionSet) *tx.Ledger {
	header := ledger.Next(c.last, set, int64(at))
	return &tx.Ledger{Passphrase: c.name, Limits: c.set.Limits, Header: &header, Host: func(r ledger.Reader) tx.Host {
		c.reader = r
		return c.host
	}}
}

// simulate tries a host function at the given second, with exactly these authorisations, or recording what it asks for.
func (c *chain) simulate(ctx context.Context, at uint64, f xdr.HostFunction, mode host.AuthMode, auth []xdr.SorobanAuthorizationEntry) (host.SimulateResult, error) {
	q := host.SimulateRequest{
		Info: c.next(at, ledger.TxSet(c.last.Hash, nil, nil)).Info(), Seed: random32(), Source: xdr.MustAddress(c.source.Address()),
		Function: f, AuthMode: mode, Auth: auth, Diagnostics: f.Type == xdr.HostFunctionTypeHostFunctionTypeCreateContractV2,
	}
	return c.host.Simulate(ctx, q)
}

// done is a transaction that was applied and succeeded.
type done struct {
	value  *xdr.ScVal
	events []xdr.ContractEvent
}

// refused is how a host function failed, with its diagnostic events where they were asked for.
type refused struct {
	*host.Failure
	diagnostics []xdr.DiagnosticEvent
}

func (r *refused) Error() string { return r.Text }

// run simulates a host function and, if it succeeds, closes a ledger with a transaction of it. A function that fails when it is simulated is a
// *refused error; once it has not, a transaction that is not valid or fails is another.
func (c *chain) run(ctx context.Context, at uint64, f xdr.HostFunction, mode host.AuthMode, auth []xdr.SorobanAuthorizationEntry) (done, error) {
	sim, err := c.simulate(ctx, at, f, mode, auth)
	if err != nil {
		return done{}, err
	}
	if sim.Failure != nil {
		return done{}, &refused{sim.Failure, sim.Diagnostics}
	}
	t, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: c.source.Address(), Sequence: c.seq}, IncrementSequenceNum: true,
		Operations:    []txnbuild.Operation{&txnbuild.InvokeHostFunction{HostFunction: f, Auth: sim.Auth, Ext: xdr.TransactionExt{V: 1, SorobanData: sim.Data}}},
		BaseFee:       txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		return done{}, fmt.Errorf("build a transaction: %w", err)
	}
	if t, err = t.Sign(c.name, c.source); err != nil {
		return done{}, fmt.Errorf("sign a transaction: %w", err)
	}
	frame, err := tx.Parse(t.ToXDR(), c.name)
	if err != nil {
		return done{}, err
	}
	return c.close(ctx, at, frame)
}

// close closes a ledger with one transaction, which must be valid and succeed.
func (c *chain) close(ctx context.Context, at uint64, frame *tx.Frame) (done, error) {
	set := ledger.TxSet(c.last.Hash, nil, []xdr.TransactionEnvelope{frame.Envelope})
	l := c.next(at, set)
	verdict, err := tx.Check(ctx, l, c.view, frame)
	if err != nil {
		return done{}, err
	}
	if !verdict.Valid {
		return done{}, fmt.Errorf("the transaction is not valid: %s", verdict.Result.Result.Code)
	}
	d := ledger.NewDelta(c.view, uint32(l.Header.LedgerSeq))
	applied, err := tx.Apply(ctx, l, d, []*tx.Frame{frame}, l.Header.ScpValue.TxSetHash)
	if err != nil {
		return done{}, err
	}
	a := applied[0]
	if a.Problem != nil {
		return done{}, a.Problem
	}
	c.seq++
	c.last = ledger.Seal(*l.Header, []xdr.TransactionResultPair{a.Meta.Result}, d.All())
	c.commit(d)
	if !a.Meta.Result.Result.Successful() {
		return done{}, fmt.Errorf("simulated it succeeds, applied it fails: %s", a.Meta.Result.Result.Result.Code)
	}
	meta := a.Meta.TxApplyProcessing.V4
	if meta == nil || len(meta.Operations) != 1 || meta.SorobanMeta == nil {
		return done{}, fmt.Errorf("the transaction's meta is not that of one contract call (version %d)", a.Meta.TxApplyProcessing.V)
	}
	return done{value: meta.SorobanMeta.ReturnValue, events: meta.Operations[0].Events}, nil
}

func random32() (b [32]byte) {
	_, _ = rand.Read(b[:]) // never fails
	return b
}

func randomNonce() xdr.Int64 {
	b := random32()
	return xdr.Int64(binary.BigEndian.Uint64(b[:]))
}
