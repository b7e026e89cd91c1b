package keeper_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

const (
	usdc = 10_000_000 // stroops in a unit
	xlm  = 10_000_000

	// ahead is how far the network's ledgers may be ahead of its clock: people in tests act faster than once a second.
	ahead = 20 * time.Minute
)

// world is a network with the contract deployed, people who trade, an indexer that follows, and keys of keepers.
type world struct {
	t        *testing.T
	net      *localnet.Network
	node     *rpc.Client
	relay    *relayserver.Server
	db       *sqlite.Store
	indexer  *indexer.Indexer
	clock    *clock
	contract stellar.Address
	asset    stellar.Address
	feeBps   uint32
	keys     map[string]*keypair.Full
	keepers  []keeper.Signer
	running  []*settling
	salt     byte
}

// clock is the machine's, as far as the network is told.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newWorld has so many accounts of keepers, and people with 10,000 USDC each.
func newWorld(t *testing.T, o localnet.Options, keepers int, people ...string) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, keys: map[string]*keypair.Full{}, feeBps: 50}
	o.Now, o.MaxAhead = w.clock.now, ahead
	w.net = localnettest.Open(t, o)
	w.node = rpctest.Client(t, localnettest.Serve(t, w.net).URL, w.net.Passphrase(), nil)
	w.db = must(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db")))
	t.Cleanup(func() { _ = w.db.Close() })
	w.relay = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: w.db, Now: time.Now, Log: localnettest.Log(t)})
	_, _, asset := w.net.USDC()
	w.asset = must(stellar.ParseAddress(asset))
	for _, name := range append([]string{"operator"}, people...) {
		w.keys[name] = localnettest.FundedKey(t, w.net)
		w.holder(name)
	}
	w.deploy()
	for i := range keepers {
		w.addKeeper(fmt.Sprint("keeper ", i))
	}
	w.follow()
	return w
}

func (w *world) addKeeper(name string) {
	w.t.Helper()
	w.keys[name] = localnettest.FundedKey(w.t, w.net)
	w.keepers = append(w.keepers, must(signer.New(signer.Config{
		Job: signer.Keeper, Account: w.address(name), Seed: func() secret.Secret { return secret.New(w.keys[name].Seed()) }, Network: w.node.Network(),
		Follows: func() []stellar.Address { return []stellar.Address{w.contract} }, MaxFee: 1000 * xlm, Now: w.now,
	})))
}

// holder lets somebody hold USDC, and gives them some.
func (w *world) holder(name string) {
	w.t.Helper()
	code, issuer, _ := w.net.USDC()
	w.classic(name, &txnbuild.ChangeTrust{Line: must(txnbuild.CreditAsset{Code: code, Issuer: issuer}.ToChangeTrustAsset())})
	must(w.net.FundUSDC(w.t.Context(), w.keys[name].Address(), 10_000*usdc))
}

func (w *world) classic(name string, op txnbuild.Operation) {
	w.t.Helper()
	account := rpctest.Account(w.t, w.node, w.keys[name].Address())
	tx := must(txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: w.keys[name].Address(), Sequence: int64(account.SeqNum)}, IncrementSequenceNum: true,
		BaseFee: 100, Operations: []txnbuild.Operation{op}, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	}))
	out := must(w.net.Submit(w.t.Context(), must(tx.Sign(w.net.Passphrase(), w.keys[name])).ToXDR()))
	if !out.Successful() {
		w.t.Fatalf("%s: %s", name, out.Result.Result.Code)
	}
}

func (w *world) deploy() {
	w.t.Helper()
	code, _, err := wasm.Escrow()
	if err != nil {
		w.t.Fatal(err)
	}
	admin := w.address("operator")
	rulebookCode, _, err := wasm.Rulebook()
	if err != nil {
		w.t.Fatal(err)
	}
	rulebook := w.create(rulebookCode, 0xff, nil)
	w.contract = w.create(code, 1, stellar.ConstructorArgs(admin, w.feeBps, admin, escrow.Limits{
		AppealMax: 1_000_000, AppealMin: 60, FeeDelay: 86_400, InspectionMax: 1_000_000, InspectionMin: 60, LongestLife: 50_000_000,
		MinDelivery: 60, OffersMax: 1_000_000, OffersMin: 60, RulingMax: 1_000_000, RulingMin: 60,
	}, rulebook))
}

// create uploads code and makes a contract of it.
func (w *world) create(code []byte, salt byte, args []xdr.ScVal) stellar.Address {
	w.t.Helper()
	operator := w.address("operator")
	w.send("operator", func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Upload(e, code) })
	w.send("operator", func(e stellar.Envelope) (stellar.Transaction, error) {
		return stellar.Create(e, operator, [32]byte{salt}, stellar.WasmHash(code), args)
	})
	return must(stellar.ContractID(w.node.Network(), operator, [32]byte{salt}))
}

// send has somebody send a transaction, with whatever authorisations of their own it asks for.
func (w *world) send(who string, build func(stellar.Envelope) (stellar.Transaction, error)) localnet.Outcome {
	w.t.Helper()
	account := rpctest.Account(w.t, w.node, w.keys[who].Address())
	tx := must(build(stellar.Envelope{Source: w.address(who), Sequence: int64(account.SeqNum), NotAfter: uint64(w.now().Unix()) + 300, InclusionFee: 100}))
	sim, err := w.relay.Simulate(w.t.Context(), must(tx.Base64()))
	if err != nil || sim.Failure != nil {
		w.t.Fatalf("%s: %+v, %v", who, sim.Failure, err)
	}
	auth := make([]xdr.SorobanAuthorizationEntry, len(sim.Auth))
	for i, text := range sim.Auth {
		if err := stellar.Decode("authorisation", text, &auth[i]); err != nil {
			w.t.Fatal(err)
		}
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("data", sim.TransactionData, &data); err != nil {
		w.t.Fatal(err)
	}
	tx = must(must(tx.Assemble(data, sim.MinResourceFee, auth)).Sign(w.node.Network(), w.keys[who]))
	var envelope xdr.TransactionEnvelope
	if err := stellar.Decode("transaction", must(tx.Base64()), &envelope); err != nil {
		w.t.Fatal(err)
	}
	out := must(w.net.Submit(w.t.Context(), envelope))
	if !out.Successful() {
		w.t.Fatalf("%s: %s", who, out.Result.Result.Code)
	}
	return out
}

func (w *world) call(who string, call escrow.Call) {
	w.t.Helper()
	args := must(stellar.EncodeCall(w.contract, call))
	w.send(who, func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Invoke(e, args) })
}

// follow runs the indexer until the test ends.
func (w *world) follow() {
	w.t.Helper()
	kept := must(w.node.Range(w.t.Context()))
	w.indexer = must(indexer.New(indexer.Config{
		Network: w.node.Network(), Contracts: []indexer.Contract{{Address: w.contract, Start: kept.Oldest.Sequence}}, Source: w.node, Store: w.db,
		Bus: feed.NewBus(0), Now: time.Now, Poll: 20 * time.Millisecond, Log: localnettest.Log(w.t),
	}))
	w.run(func(ctx context.Context) {
		if err := w.indexer.Run(ctx); err != nil {
			w.t.Errorf("the indexer: %v", err)
		}
	})
}

// run does something until stop, or until the test ends.
func (w *world) run(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { do(ctx) })
	stop = func() { cancel(); running.Wait() }
	w.t.Cleanup(stop)
	return stop
}

func (w *world) address(name string) stellar.Address {
	return must(stellar.ParseAccount(w.keys[name].Address()))
}

func (w *world) rule(name string) escrow.Address { return escrow.Address(w.address(name).String()) }

// now is the ledgers' clock.
func (w *world) now() time.Time { return time.Unix(w.net.Chain().Last().CloseTime(), 0) }

func (w *world) latest() uint32 { return w.net.Chain().Last().Sequence() }

// projected waits until everything that has happened is in the store.
func (w *world) projected() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if _, err := w.indexer.WaitLedger(ctx, w.latest()); err != nil {
		w.t.Fatal(err)
	}
}

// reach moves the clock to the first ledger whose close time is at or after a time, and returns its number.
func (w *world) reach(at uint64) uint32 {
	w.t.Helper()
	must(w.net.AdvanceTo(time.Unix(int64(at), 0)))
	for uint64(w.now().Unix()) < at {
		must(w.net.Advance(time.Second))
	}
	return w.latest()
}

// hold keeps the next ledger from closing for a while of real time, so that it takes all that is sent meanwhile.
func (w *world) hold(d time.Duration) {
	next := time.Unix(w.net.Chain().Last().CloseTime()+1, 0)
	w.clock.move(next.Sub(w.net.Now()) - ahead - d)
}

// terms is a trade of a buyer and a seller of 100 USDC in one milestone; due when the clock says so.
func (w *world) terms(buyer, seller string, due uint64) escrow.Terms {
	w.salt++
	return escrow.Terms{
		Asset: escrow.Address(w.asset.String()), Buyer: w.rule(buyer), FallbackPpm: 500_000, FeeBps: w.feeBps, FundBy: uint64(w.now().Unix()) + 1_500, Inspection: 1000,
		Milestones: []escrow.Milestone{{Amount: amount.Int(100 * usdc), DeliverBy: due}}, Salt: escrow.Hash{w.salt}, Seller: w.rule(seller),
		Windows: escrow.Windows{Appeal: 1000, Offers: 1000, Ruling: 1000},
	}
}

// fund opens and funds a trade, and returns its id.
func (w *world) fund(buyer, seller string, terms escrow.Terms) escrow.ID {
	w.t.Helper()
	w.call(seller, escrow.CallOpen{Terms: terms, By: escrow.Seller})
	w.call(buyer, escrow.CallFund{Terms: terms})
	return must(stellar.TermsID(w.node.Network(), w.contract, terms))
}

// funded are n trades that are due at the same time.
func (w *world) funded(n int, due uint64) (ids []escrow.ID) {
	w.t.Helper()
	for range n {
		ids = append(ids, w.fund("buyer", "seller", w.terms("buyer", "seller", due)))
	}
	w.projected()
	return ids
}
