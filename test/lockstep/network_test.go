package lockstep

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

const (
	// birth is a network's first second.
	birth = 1_800_000_000
	// Lifetimes in ledgers where entries live for minutes: what nobody touches is archived within a world.
	shortLife, shortMost = 120, 1200
)

// network is a local network with everybody's account, or contract. One goroutine uses it. Its clock is the steps'.
type network struct {
	*localnet.Network
	ctx   context.Context
	name  stellar.Network
	clock *atomic.Int64
	// every is how many seconds empty ledgers are apart: five, as on the main network, where lifetimes are looked at; elsewhere ten minutes.
	every uint64
	rand  *rand.ChaCha8
	door  *httptest.Server // for deploy, which speaks RPC
	keys  map[string]*keypair.Full
	seqs  map[string]int64
	sites uint64 // deployed so far
	// addresses are those of people who are contracts.
	addresses map[string]stellar.Address

	tokenCode, probe stellar.Hash
}

// keyOf is a person's key, the same on every network. That of a contract signs for it.
func keyOf(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte("lockstep " + name)))
	if err != nil {
		panic(err) // 32 bytes are a seed
	}
	return k
}

func newNetwork(t testing.TB, ctx context.Context, seed uint64, short bool) (*network, error) {
	var at [32]byte
	binary.LittleEndian.PutUint64(at[:], seed)
	n := &network{ctx: ctx, clock: new(atomic.Int64), rand: rand.NewChaCha8(at), keys: map[string]*keypair.Full{}, seqs: map[string]int64{},
		addresses: map[string]stellar.Address{}}
	n.clock.Store(birth)
	o := localnet.Options{
		Machine: localnettest.Machine(t), Log: localnettest.Log(t), Now: func() time.Time { return time.Unix(n.clock.Load(), 0) }, Rand: n.rand,
	}
	if n.every = 600; short {
		n.every, o.Settings = 5, localnettest.Lives(shortLife, shortMost)
	}
	o.EmptyEvery = time.Duration(n.every) * time.Second
	var err error
	if n.Network, err = localnet.Open(ctx, o); err != nil {
		return nil, err
	}
	n.door = httptest.NewServer(n.Handler())
	if n.name, err = stellar.NewNetwork(n.Passphrase()); err != nil {
		return nil, err
	}
	for _, who := range append(people(), payer, issuer) {
		if n.keys[who] = keyOf(who); isContract(who) {
			continue
		}
		if _, err := n.Fund(ctx, n.keys[who].Address()); err != nil {
			return nil, fmt.Errorf("fund %s: %w", who, err)
		}
	}
	token, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		return nil, err
	}
	n.tokenCode = stellar.WasmHash(token)
	revocable, clawback := xdr.Uint32(xdr.AccountFlagsAuthRevocableFlag), xdr.Uint32(xdr.AccountFlagsAuthClawbackEnabledFlag)
	flags := revocable | clawback
	if err := n.classic(n.keys[issuer], nil, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypeSetOptions, SetOptionsOp: &xdr.SetOptionsOp{SetFlags: &flags}}}); err != nil {
		return nil, fmt.Errorf("let the issuer freeze and take back: %w", err)
	}
	return n, n.makeContracts()
}

func (n *network) close() error {
	n.door.Close()
	return n.Close()
}

func (n *network) now() uint64 { return uint64(n.Chain().Last().CloseTime()) }

// at lets the next ledger with a transaction close in that second, which is later than the last one's. Empty ledgers come before it, n.every apart; where
// one of them would take that very second, a transaction of no interest the second before puts them off.
func (n *network) at(unix uint64) error {
	if last := n.now(); unix <= last {
		return fmt.Errorf("a ledger at %d cannot follow one at %d", unix, last)
	} else if gap := unix - last; gap%n.every == 0 {
		n.clock.Store(int64(unix) - 1)
		if err := n.classic(n.keys[payer], nil, xdr.Operation{Body: xdr.OperationBody{Type: xdr.OperationTypeSetOptions, SetOptionsOp: &xdr.SetOptionsOp{}}}); err != nil {
			return fmt.Errorf("pass the time: %w", err)
		}
	}
	n.clock.Store(int64(unix))
	return nil
}

// site is where one plan is played: a contract and two tokens of its own, on a network that has had others.
type site struct {
	*network
	contract, token, coin stellar.Address
	asset                 xdr.Asset // what coin is the contract of
	start                 uint64
	byProof               bool
	code                  stellar.Hash // of the contract
	// learned are entries that calls of this contract need and nobody has told (true: written), simulated the functions that have told theirs.
	learned   map[ledger.Key]bool
	simulated map[string]bool
	decoded   map[ledger.Key]reading
	restored  int // entries that the last call has restored
}

// newSite deploys for a plan, by the program's own Deploy: of how many contracts the platform consists is its business.
func (n *network) newSite(p *plan) (*site, error) {
	n.sites++
	s := &site{network: n, byProof: p.byProof, learned: map[ledger.Key]bool{}, simulated: map[string]bool{}, decoded: map[ledger.Key]reading{}}
	salt := sha256.Sum256(fmt.Append(nil, "site ", n.sites))
	if err := s.makeTokens(sha256.Sum256(fmt.Append(nil, "token ", n.sites))); err != nil {
		return nil, fmt.Errorf("make the tokens: %w", err)
	}
	client, err := rpc.New(rpc.Config{URL: n.door.URL, Network: n.name})
	if err != nil {
		return nil, err
	}
	plan, err := escrowPlan(p)
	if err != nil {
		return nil, err
	}
	plan.Salt, plan.Asset = salt, s.token
	d, err := deploy.Deploy(n.ctx, &deploy.Sender{Client: client, Key: n.keys[payer]}, plan)
	if err != nil {
		return nil, err
	}
	s.contract, s.code = d.Contract, d.CodeHash
	delete(n.seqs, n.keys[payer].Address()) // deploy has used some
	if err := s.handOut(p); err != nil {
		return nil, fmt.Errorf("hand money out: %w", err)
	}
	s.start = n.now() + 1
	return s, nil
}

func (s *site) address(name string) stellar.Address {
	switch name {
	case vectors.Contract:
		return s.contract
	case vectors.Token:
		return s.token
	case coin:
		return s.coin
	case "": // an act that is nobody's
		return stellar.Address{}
	}
	if a, ok := s.addresses[name]; ok {
		return a
	}
	return addressOf(s.keys[name])
}

func addressOf(k *keypair.Full) stellar.Address {
	a, err := stellar.ParseAccount(k.Address())
	if err != nil {
		panic(err) // a key's address is one
	}
	return a
}
