package e2e

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
	ledgers "github.com/Abdullahi130/StellarEscrow/test/chain"
)

const (
	passphrase = "StellarEscrow stories ; 2026"
	lumens     = 100_000_000_000 // stroops that every account begins with
)

// chain closes a ledger with one transaction in whatever second it is told, also twice in the same one. A network puts transactions of one second
// into one ledger; a contract cannot tell the two apart, and a story needs them one by one. One goroutine uses it.
type chain struct {
	*ledgers.Chain
	source *keypair.Full // sends and pays for every transaction, and is nobody in any story
	seq    int64         // the last one that source has used
}

// newChain starts the network with that passphrase and an account for each key.
func newChain(ctx context.Context, passphrase string, keys ...*keypair.Full) (*chain, error) {
	source := keypair.MustRandom()
	c, err := ledgers.New(ctx, passphrase, lumens, append(keys, source)...)
	return &chain{Chain: c, source: source}, err
}

// simulate tries a host function at the given second, with exactly these authorisations, or recording what it asks for.
func (c *chain) simulate(ctx context.Context, at uint64, f xdr.HostFunction, mode host.AuthMode, auth []xdr.SorobanAuthorizationEntry) (host.SimulateResult, error) {
	q := host.SimulateRequest{
		Info: c.Next(at, ledger.TxSet(c.Last.Hash, nil, nil)).Info(), Seed: random32(), Source: xdr.MustAddress(c.source.Address()),
		Function: f, AuthMode: mode, Auth: auth, Diagnostics: f.Type == xdr.HostFunctionTypeHostFunctionTypeCreateContractV2,
	}
	return c.Host.Simulate(ctx, q)
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
	frame, err := c.Call(c.source, c.seq, f, sim.Auth, sim.Data)
	if err != nil {
		return done{}, err
	}
	return c.close(ctx, at, frame)
}

// close closes a ledger with one transaction, which must be valid and succeed.
func (c *chain) close(ctx context.Context, at uint64, frame *tx.Frame) (done, error) {
	applied, _, err := c.Close(ctx, at, frame)
	if err != nil {
		return done{}, err
	}
	a := applied[0]
	c.seq++
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
