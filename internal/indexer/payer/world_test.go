package payer_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

const usdc = 10_000_000 // stroops in a unit

// world is a network with the contract deployed, people who trade, and the platform's keys.
type world struct {
	t        *testing.T
	net      *localnet.Network
	node     *rpc.Client
	server   *relayserver.Server
	db       *sqlite.Store
	payer    *payer.Payer
	contract stellar.Address
	asset    stellar.Address
	keys     map[string]*keypair.Full
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newWorld(t *testing.T, people ...string) *world {
	t.Helper()
	net := localnettest.Open(t, localnet.Options{})
	w := &world{t: t, net: net, node: rpctest.Client(t, localnettest.Serve(t, net).URL, net.Passphrase(), nil), keys: map[string]*keypair.Full{}}
	w.db = must(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db")))
	t.Cleanup(func() { _ = w.db.Close() })
	w.server = relayserver.New(relayserver.Config{Node: func() *rpc.Client { return w.node }, Transactions: w.db, Now: time.Now})
	code, issuer, asset := net.USDC()
	w.asset = must(stellar.ParseAddress(asset))
	line := must(txnbuild.CreditAsset{Code: code, Issuer: issuer}.ToChangeTrustAsset())
	for _, name := range append([]string{"operator", "keeper"}, people...) {
		k := localnettest.FundedKey(t, net)
		w.keys[name] = k
		if name == "keeper" {
			continue
		}
		account := rpctest.Account(t, w.node, k.Address())
		tx := must(txnbuild.NewTransaction(txnbuild.TransactionParams{
			SourceAccount: &txnbuild.SimpleAccount{AccountID: k.Address(), Sequence: int64(account.SeqNum)}, IncrementSequenceNum: true, BaseFee: 100,
			Operations: []txnbuild.Operation{&txnbuild.ChangeTrust{Line: line}}, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		}))
		tx = must(tx.Sign(net.Passphrase(), k))
		must(net.Submit(t.Context(), tx.ToXDR()))
		must(net.FundUSDC(t.Context(), k.Address(), 1000*usdc))
	}
	wasmCode, hash, err := wasm.Escrow()
	if err != nil {
		t.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		t.Fatal(err)
	}
	limits := deploy.DefaultLimits()
	limits.InspectionMin, limits.MinDelivery = 60, 60
	deployed, err := deploy.Deploy(t.Context(), w.sender("operator"), deploy.Plan{Code: wasmCode, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: w.address("operator"), FeeBps: 50,
		FeeReceiver: w.address("operator"), Limits: limits, Asset: w.asset})
	if err != nil {
		t.Fatal(err)
	}
	w.contract = deployed.Contract
	w.payer = w.run(w.server, w.db)
	return w
}

// run starts a payer that ends with the test.
func (w *world) run(r payer.Relay, s payer.Store) *payer.Payer {
	w.t.Helper()
	p := payer.New(payer.Config{Relay: r, Store: s, Network: w.node.Network(), Now: w.now, Log: localnettest.Log(w.t)})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	w.t.Cleanup(func() { stop(); running.Wait() })
	return p
}

func (w *world) sender(name string) *deploy.Sender {
	return &deploy.Sender{Client: w.node, Key: w.keys[name], InclusionFee: stellar.MinInclusionFee}
}

func (w *world) address(name string) stellar.Address {
	return must(stellar.ParseAccount(w.keys[name].Address()))
}

func (w *world) rule(name string) escrow.Address { return escrow.Address(w.address(name).String()) }

// now is the network's clock: tests move it.
func (w *world) now() time.Time {
	l, err := w.server.LatestLedger(context.Background())
	if err != nil {
		w.t.Errorf("the network's clock: %v", err)
	}
	return time.Unix(int64(l.CloseTime), 0)
}

// signer is the key of an account for a job.
func (w *world) signer(name string, job signer.Job) *signer.Signer {
	w.t.Helper()
	return must(signer.New(signer.Config{
		Job: job, Account: w.address(name), Seed: func() secret.Secret { return secret.New(w.keys[name].Seed()) }, Network: w.node.Network(),
		Follows: func() []stellar.Address { return []stellar.Address{w.contract} }, MaxFee: 100_000_000, Now: w.now,
	}))
}

// funded is a trade of 100 USDC in one milestone that the buyer has funded.
func (w *world) funded(salt byte) escrow.Terms {
	w.t.Helper()
	now := uint64(w.now().Unix())
	config := must(deploy.ReadConfig(w.t.Context(), w.node, w.contract))
	terms := escrow.Terms{
		Asset: escrow.Address(w.asset.String()), Buyer: w.rule("buyer"), FallbackPpm: 500_000, FeeBps: 50, FundBy: now + 1000, Inspection: 1000,
		Milestones: []escrow.Milestone{{Amount: amount.Int(100 * usdc), DeliverBy: now + 2000}}, Salt: escrow.Hash{salt}, Seller: w.rule("seller"),
		Windows: escrow.Windows{Appeal: config.Limits.RulingMin, Offers: config.Limits.OffersMin, Ruling: config.Limits.RulingMin},
	}
	w.call("buyer", escrow.CallOpen{Terms: terms, By: escrow.Buyer}, nil)
	w.call("seller", escrow.CallAccept{Terms: terms}, &escrow.Trade{OpenedBy: escrow.Buyer})
	w.call("buyer", escrow.CallFund{Terms: terms}, nil)
	return terms
}

func (w *world) call(who string, call escrow.Call, trade *escrow.Trade) {
	w.t.Helper()
	if _, err := w.sender(who).Call(w.t.Context(), w.contract, call, stellar.State{Trade: trade}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	must(w.net.Advance(d))
}

func (w *world) tree(call escrow.Call) stellar.Tree {
	return must(stellar.ExpectedTree(w.contract, call, stellar.State{}))
}

// spent is what today and yesterday have cost: a test may begin before midnight.
func (w *world) spent() (sum store.Spent) {
	day := store.DayOf(w.now().Unix())
	for _, d := range []uint32{day - 1, day} {
		s := must(w.db.Spent(w.t.Context(), store.PurposeKeeper, d, ""))
		sum.Stroops += s.Stroops
		sum.Transactions += s.Transactions
	}
	return sum
}
