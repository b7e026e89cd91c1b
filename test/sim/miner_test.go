package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

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
	passphrase = "StellarEscrow simulations ; 2026"
	version    = 27                  // of the protocol
	lumens     = 100_000_000_000_000 // stroops that every account begins with
	genesis    = 1_800_000_000       // unix seconds
)

// miner is localnet's ledger without its clock and its queue: it closes ledgers with the transactions and at the seconds it is told, so that the same
// seed makes the same chain, hash by hash. One goroutine uses it.
type miner struct {
	set    settings.Network
	state  *ledger.State
	view   *ledger.Snapshot // of the state
	last   ledger.Closed
	host   *host.Host
	reader ledger.Reader // what the host reads
	rng    *rand.Rand
	seqs   map[string]int64 // the last number that an account has used
	metas  []xdr.LedgerCloseMeta
}

// newMiner begins a network of the main network's settings, in which each key has an account.
func newMiner(ctx context.Context, rng *rand.Rand, keys []*keypair.Full) (*miner, error) {
	machine, err := localnettest.Compiled()
	if err != nil {
		return nil, fmt.Errorf("start the contract host: %w", err)
	}
	m := &miner{state: ledger.NewState(), rng: rng, seqs: map[string]int64{}}
	if m.host, err = machine.NewHost(ctx, m); err != nil {
		return nil, fmt.Errorf("start a contract host: %w", err)
	}
	cpu, memory, err := m.host.DefaultCosts(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the cost tables: %w", err)
	}
	m.set = settings.MainNetwork(cpu, memory)
	last, entries := ledger.Genesis(passphrase, version)
	m.last = last
	m.state.Apply(entries)
	m.view = m.state.Snapshot()
	d := ledger.NewDelta(m.view, m.last.Sequence())
	for _, e := range m.set.Entries {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &e})
	}
	for _, k := range keys {
		d.PutData(xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.AccountEntry{
			AccountId: xdr.MustAddress(k.Address()), Balance: lumens, Thresholds: xdr.Thresholds{1},
		}})
	}
	m.commit(d)
	return m, m.host.Configure(ctx)
}

func (m *miner) commit(d *ledger.Delta) {
	m.state.Apply(d.All())
	m.view.Close()
	m.view = m.state.Snapshot()
	m.reader = m.view
}

// Find is part of host.Entries.
func (m *miner) Find(key []byte) (host.Entry, bool, error) {
	k := ledger.Key(key)
	raw, ok := m.reader.Get(k)
	if !ok {
		return host.Entry{}, false, nil
	}
	e := host.Entry{XDR: raw, HasTTL: k.HasTTL()}
	if e.HasTTL {
		if e.LiveUntil, ok = ledger.LiveUntil(m.reader, k); !ok {
			return e, false, fmt.Errorf("a contract entry without lifetime: %x", key)
		}
	}
	return e, true, nil
}

// next is the ledger after the last one, closed at the given unix second.
func (m *miner) next(at uint64, set xdr.GeneralizedTransactionSet) *tx.Ledger {
	header := ledger.Next(m.last, set, int64(at))
	return &tx.Ledger{Passphrase: passphrase, Limits: m.set.Limits, Header: &header, Host: func(r ledger.Reader) tx.Host {
		m.reader = r
		return m.host
	}}
}

func (m *miner) random32() (b [32]byte) {
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], m.rng.Uint64())
	}
	return b
}

// try simulates a host function of an account's, and makes the transaction of it; nil if the contract refuses.
func (m *miner) try(ctx context.Context, at uint64, from *keypair.Full, f xdr.HostFunction) (*tx.Frame, error) {
	sim, err := m.host.Simulate(ctx, host.SimulateRequest{
		Info: m.next(at, ledger.TxSet(m.last.Hash, nil, nil)).Info(), Seed: m.random32(), Source: xdr.MustAddress(from.Address()), Function: f, AuthMode: host.RecordAuth,
	})
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, nil
	}
	// Transactions of the same ledger come before it: what they add must fit into what it declares.
	sim.Data.Resources.Instructions += 2_000_000
	sim.Data.Resources.DiskReadBytes += 2_000
	sim.Data.Resources.WriteBytes += 2_000
	sim.Data.ResourceFee += 10_000_000
	t, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: from.Address(), Sequence: m.seqs[from.Address()]}, IncrementSequenceNum: true,
		Operations:    []txnbuild.Operation{&txnbuild.InvokeHostFunction{HostFunction: f, Auth: sim.Auth, Ext: xdr.TransactionExt{V: 1, SorobanData: sim.Data}}},
		BaseFee:       txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err != nil {
		return nil, fmt.Errorf("build a transaction: %w", err)
	}
	if t, err = t.Sign(passphrase, from); err != nil {
		return nil, fmt.Errorf("sign a transaction: %w", err)
	}
	return tx.Parse(t.ToXDR(), passphrase)
}

// close closes a ledger with transactions of different accounts, and answers how many of them succeeded.
func (m *miner) close(ctx context.Context, at uint64, frames ...*tx.Frame) (succeeded int, err error) {
	var envelopes []xdr.TransactionEnvelope
	for _, f := range frames {
		envelopes = append(envelopes, f.Envelope)
	}
	set := ledger.TxSet(m.last.Hash, nil, envelopes)
	l := m.next(at, set)
	for _, f := range frames {
		verdict, err := tx.Check(ctx, l, m.view, f)
		if err != nil {
			return 0, err
		}
		if !verdict.Valid {
			return 0, fmt.Errorf("a transaction is not valid: %s", verdict.Result.Result.Code)
		}
	}
	d := ledger.NewDelta(m.view, uint32(l.Header.LedgerSeq))
	applied, err := tx.Apply(ctx, l, d, frames, l.Header.ScpValue.TxSetHash)
	if err != nil {
		return 0, err
	}
	var results []xdr.TransactionResultPair
	var metas []xdr.TransactionResultMetaV1
	for _, a := range applied {
		if a.Problem != nil {
			return 0, a.Problem
		}
		source := a.Frame.Source()
		m.seqs[source.Address()]++
		results, metas = append(results, a.Meta.Result), append(metas, a.Meta)
		if a.Meta.Result.Result.Successful() {
			succeeded++
		}
	}
	m.last = ledger.Seal(*l.Header, results, d.All())
	m.commit(d)
	m.metas = append(m.metas, xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{
		LedgerHeader: xdr.LedgerHeaderHistoryEntry{Hash: m.last.Hash, Header: m.last.Header}, TxSet: set, TxProcessing: metas,
		TotalByteSizeOfLiveSorobanState: xdr.Uint64(m.set.Limits.LiveSorobanStateBytes),
	}})
	return succeeded, nil
}
