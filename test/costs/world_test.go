package costs

import (
	"crypto/sha256"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
)

var wasmFile = flag.String("wasm", "", "a build of the contract to measure instead of the committed one, by a path from the repository's root; nothing is compared with the page then")

// birth is the network's first second by its clock, which stands still unless a test moves it.
const birth = 1_790_000_000

const (
	day  = 24 * time.Hour
	usdc = 10_000_000 // stroops
)

// world is a network with the contract on it. All that is random in it comes from fixed seeds.
type world struct {
	t        testing.TB
	net      *localnet.Network
	name     stellar.Network
	contract stellar.Address
	code     stellar.Hash    // of the escrow
	rulebook stellar.Hash    // its code
	asset    stellar.Address // USDC
	deployed []step          // what it took to deploy, in order; the last creates the escrow

	funded, ended int // bytes of the entry of the trade that has lived last
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, net: localnettest.Open(t, localnet.Options{
		Now: func() time.Time { return time.Unix(birth, 0) }, Rand: rand.NewChaCha8(sha256.Sum256([]byte("costs"))),
	})}
	var err error
	if w.name, err = stellar.NewNetwork(w.net.Passphrase()); err != nil {
		t.Fatal(err)
	}
	_, _, contract := w.net.USDC()
	w.asset = w.address(contract)
	w.deploy()
	return w
}

// code is what is measured: the committed contract, or what -wasm names.
func code(t testing.TB) ([]byte, [32]byte) {
	t.Helper()
	if *wasmFile != "" {
		path := *wasmFile
		if !filepath.IsAbs(path) {
			path = filepath.Join("../..", path)
		}
		built, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return built, stellar.WasmHash(built)
	}
	built, hash, err := wasm.Escrow()
	if err != nil {
		t.Fatal(err)
	}
	return built, hash
}

// deploy brings the contract to the network as the program does. It is the only place that knows of what it consists.
func (w *world) deploy() {
	w.t.Helper()
	deployer, admin, receiver := w.account("deployer"), w.account("admin"), w.trader("receiver", 0)
	built, hash := code(w.t)
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		w.t.Fatal(err)
	}
	before := w.last()
	url := localnettest.Serve(w.t, w.net).URL
	d, err := deploy.Deploy(w.t.Context(), &deploy.Sender{Client: rpctest.Client(w.t, url, w.net.Passphrase(), nil), Key: deployer}, deploy.Plan{
		Code: built, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: w.address(admin.Address()), FeeBps: 50, FeeReceiver: w.address(receiver.Address()),
		Limits: deploy.DefaultLimits(), Asset: w.asset,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.contract, w.code, w.rulebook = d.Contract, d.CodeHash, rulebookHash
	names := []string{"upload of the rulebook", "creation of the rulebook", "upload of the escrow", "`__constructor`: creation of the escrow"}
	if sent := int(w.last() - before); sent != len(names) {
		w.t.Fatalf("to deploy took %d transactions, want %d: %q", sent, len(names), names)
	}
	for i, name := range names {
		w.deployed = append(w.deployed, step{name, w.applied(before + 1 + uint32(i))})
	}
}

func key(name string) *keypair.Full {
	k, err := keypair.FromRawSeed(sha256.Sum256([]byte("costs " + name)))
	if err != nil {
		panic(err) // 32 bytes are a seed
	}
	return k
}

func (w *world) address(text string) stellar.Address {
	w.t.Helper()
	a, err := stellar.ParseAddress(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// account is somebody with lumens.
func (w *world) account(name string) *keypair.Full {
	w.t.Helper()
	k := key(name)
	if _, err := w.net.Fund(w.t.Context(), k.Address()); err != nil {
		w.t.Fatal(err)
	}
	return k
}

// trader is somebody with lumens, a trustline to USDC, and so much of it.
func (w *world) trader(name string, stroops int64) *keypair.Full {
	w.t.Helper()
	k := w.account(name)
	code, issuer, _ := w.net.USDC()
	w.classic(k, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: txnbuild.CreditAsset{Code: code, Issuer: issuer}}})
	if stroops > 0 {
		if _, err := w.net.FundUSDC(w.t.Context(), k.Address(), stroops); err != nil {
			w.t.Fatal(err)
		}
	}
	return k
}

func (w *world) classic(from *keypair.Full, op txnbuild.Operation) {
	w.t.Helper()
	t, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount: &txnbuild.SimpleAccount{AccountID: from.Address(), Sequence: w.sequence(from)}, IncrementSequenceNum: true,
		Operations: []txnbuild.Operation{op}, BaseFee: txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		t, err = t.Sign(w.net.Passphrase(), from)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if o, err := w.net.Submit(w.t.Context(), t.ToXDR()); err != nil || !o.Successful() {
		w.t.Fatalf("%T: %v, %v", op, o.Result.Result.Code, err)
	}
}

// last is the newest ledger, now its time in unix seconds.
func (w *world) last() uint32 { return w.net.Chain().Last().Sequence() }
func (w *world) now() uint64  { return uint64(w.net.Chain().Last().CloseTime()) }

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if _, err := w.net.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) entry(k ledger.Key) (*xdr.LedgerEntry, uint32) {
	w.t.Helper()
	view := w.net.Chain().View()
	defer view.Close()
	raw, ok := view.Get(k)
	if !ok {
		w.t.Fatalf("no entry %x", k)
	}
	until, _ := ledger.LiveUntil(view, k)
	return ledger.Decode(raw), until
}

func (w *world) sequence(k *keypair.Full) int64 {
	w.t.Helper()
	e, _ := w.entry(ledger.AccountKey(xdr.MustAddress(k.Address())))
	return int64(e.Data.Account.SeqNum)
}

// applied is the one transaction of a ledger.
func (w *world) applied(seq uint32) cost {
	w.t.Helper()
	meta, ok, err := w.net.Chain().Ledger(seq)
	if err != nil || !ok {
		w.t.Fatalf("ledger %d: there %t, %v", seq, ok, err)
	}
	c, err := measure(meta, w.net.Passphrase())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// envelope is one of the next transaction by from.
func (w *world) envelope(from *keypair.Full) stellar.Envelope {
	w.t.Helper()
	return stellar.Envelope{Source: w.address(from.Address()), Sequence: w.sequence(from), NotAfter: w.now() + 180, InclusionFee: stellar.MinInclusionFee}
}

// simulate tries a transaction as a node's simulateTransaction does: given authorisations are checked, else recorded.
func (w *world) simulate(t stellar.Transaction, f xdr.HostFunction, auth []xdr.SorobanAuthorizationEntry) host.SimulateResult {
	w.t.Helper()
	var out host.SimulateResult
	err := w.net.Simulate(w.t.Context(), func(s node.Simulation) (err error) {
		q := host.SimulateRequest{Info: s.Info, Source: xdr.MustAddress(t.Source().String()), Function: f, Auth: auth}
		if len(auth) > 0 {
			q.AuthMode = host.EnforceAuth
		}
		if q.Seed, err = w.net.Seed(); err != nil {
			return err
		}
		out, err = s.Host.Simulate(w.t.Context(), q)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if out.Failure != nil {
		w.t.Fatalf("simulated, it fails: %s", out.Failure.Text)
	}
	return out
}

// submit completes a transaction with what a simulation says, signs it by its source, and measures it once a ledger has it.
func (w *world) submit(from *keypair.Full, t stellar.Transaction, sim host.SimulateResult) cost {
	w.t.Helper()
	t, err := t.Assemble(*sim.Data, int64(sim.Data.ResourceFee), sim.Auth)
	if err == nil {
		t, err = t.Sign(w.name, from)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return w.included(t)
}

func (w *world) included(t stellar.Transaction) cost {
	w.t.Helper()
	text, err := t.Base64()
	if err != nil {
		w.t.Fatal(err)
	}
	var e xdr.TransactionEnvelope
	if err := stellar.Decode("transaction", text, &e); err != nil {
		w.t.Fatal(err)
	}
	o, err := w.net.Submit(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.applied(o.Ledger)
	if c.failed {
		w.t.Fatalf("simulated it succeeds, applied it fails: %s %v", o.Result.Result.Code, o.Meta.V4.DiagnosticEvents)
	}
	return c
}

// invoke is a call that from alone signs for, or nobody.
func (w *world) invoke(from *keypair.Full, args xdr.InvokeContractArgs, allowed func(host.SimulateResult) error) cost {
	w.t.Helper()
	t, err := stellar.Invoke(w.envelope(from), args)
	if err != nil {
		w.t.Fatal(err)
	}
	sim := w.simulate(t, hostCall(args), nil)
	if err := allowed(sim); err != nil {
		w.t.Fatal(err)
	}
	return w.submit(from, t, sim)
}

func hostCall(args xdr.InvokeContractArgs) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &args}
}

// call makes a call of the contract by from, who sends it and signs for it by that, as a wallet does that pays for itself.
func (w *world) call(from *keypair.Full, call escrow.Call) cost {
	w.t.Helper()
	want := w.tree(call)
	return w.invoke(from, want.Call, func(sim host.SimulateResult) error {
		return stellar.CheckTree(want, w.address(from.Address()), sim.Auth)
	})
}

// sponsored makes a call that somebody else sends and pays for: the signer's authorisation then has a nonce and a signature of its own.
func (w *world) sponsored(payer, signer *keypair.Full, call escrow.Call) cost {
	w.t.Helper()
	want := w.tree(call)
	t, err := stellar.Invoke(w.envelope(payer), want.Call)
	if err != nil {
		w.t.Fatal(err)
	}
	asked := w.simulate(t, hostCall(want.Call), nil).Auth
	if err := stellar.CheckTree(want, t.Source(), asked); err != nil {
		w.t.Fatal(err)
	}
	signed, err := stellar.SignAuth(w.name, asked[0], w.last()+100, signer)
	if err != nil {
		w.t.Fatal(err)
	}
	auth := []xdr.SorobanAuthorizationEntry{signed}
	sim := w.simulate(t, hostCall(want.Call), auth)
	sim.Auth = auth
	return w.submit(payer, t, sim)
}

// tree is what the call may ask of anybody's signature in the state that the contract is in.
func (w *world) tree(call escrow.Call) stellar.Tree {
	w.t.Helper()
	var state stellar.State
	switch c := call.(type) {
	case escrow.CallAccept:
		state.Trade = w.trade(c.Terms)
	case escrow.CallDispute:
		state.Trade = w.trade(c.Terms)
	default:
		if _, ok := escrow.TermsOf(call); !ok {
			config, err := stellar.DecodeConfig(w.view(stellar.ViewConfig(w.contract)))
			if err != nil {
				w.t.Fatal(err)
			}
			state.Config = &config
		}
	}
	tree, err := stellar.ExpectedTree(w.contract, call, state)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree
}

func (w *world) trade(terms escrow.Terms) *escrow.Trade {
	w.t.Helper()
	trade, err := stellar.DecodeTrade(w.view(stellar.ViewTrade(w.contract, w.id(terms))))
	if err != nil {
		w.t.Fatal(err)
	}
	return trade
}

func (w *world) id(terms escrow.Terms) escrow.ID {
	w.t.Helper()
	id, err := stellar.TermsID(w.name, w.contract, terms)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) tradeKey(terms escrow.Terms) ledger.Key {
	w.t.Helper()
	return ledger.KeyOf(stellar.TradeKey(w.contract, w.id(terms)))
}

// view is a call for its answer only.
func (w *world) view(args xdr.InvokeContractArgs) xdr.ScVal {
	w.t.Helper()
	t, err := stellar.Invoke(stellar.Envelope{NotAfter: w.now() + 180, InclusionFee: stellar.MinInclusionFee}, args)
	if err != nil {
		w.t.Fatal(err)
	}
	return *w.simulate(t, hostCall(args), nil).Value
}
