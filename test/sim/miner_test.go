package sim

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
	ledgers "github.com/Abdullahi130/StellarEscrow/test/chain"
)

const (
	passphrase = "StellarEscrow simulations ; 2026"
	lumens     = 100_000_000_000_000 // stroops that every account begins with
	genesis    = 1_800_000_000       // unix seconds
)

// miner closes ledgers whose hashes a seed alone decides, and keeps their metas. One goroutine uses it.
type miner struct {
	*ledgers.Chain
	rng   *rand.Rand
	seqs  map[string]int64 // the last number that an account has used
	metas []xdr.LedgerCloseMeta
}

// newMiner begins a network in which each key has an account.
func newMiner(ctx context.Context, rng *rand.Rand, keys []*keypair.Full) (*miner, error) {
	c, err := ledgers.New(ctx, passphrase, lumens, keys...)
	return &miner{Chain: c, rng: rng, seqs: map[string]int64{}}, err
}

func (m *miner) random32() (b [32]byte) {
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], m.rng.Uint64())
	}
	return b
}

// try simulates a host function of an account's, and makes the transaction of it; nil if the contract refuses.
func (m *miner) try(ctx context.Context, at uint64, from *keypair.Full, f xdr.HostFunction) (*tx.Frame, error) {
	sim, err := m.Host.Simulate(ctx, host.SimulateRequest{
		Info: m.Next(at, ledger.TxSet(m.Last.Hash, nil, nil)).Info(), Seed: m.random32(), Source: xdr.MustAddress(from.Address()), Function: f, AuthMode: host.RecordAuth,
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
	return m.Call(from, m.seqs[from.Address()], f, sim.Auth, sim.Data)
}

// close closes a ledger with transactions of different accounts, and answers how many of them succeeded.
func (m *miner) close(ctx context.Context, at uint64, frames ...*tx.Frame) (succeeded int, err error) {
	applied, set, err := m.Close(ctx, at, frames...)
	if err != nil {
		return 0, err
	}
	var metas []xdr.TransactionResultMetaV1
	for _, a := range applied {
		source := a.Frame.Source()
		m.seqs[source.Address()]++
		if metas = append(metas, a.Meta); a.Meta.Result.Result.Successful() {
			succeeded++
		}
	}
	m.metas = append(m.metas, xdr.LedgerCloseMeta{V: 2, V2: &xdr.LedgerCloseMetaV2{
		LedgerHeader: xdr.LedgerHeaderHistoryEntry{Hash: m.Last.Hash, Header: m.Last.Header}, TxSet: set, TxProcessing: metas,
		TotalByteSizeOfLiveSorobanState: xdr.Uint64(m.Set.Limits.LiveSorobanStateBytes),
	}})
	return succeeded, nil
}
