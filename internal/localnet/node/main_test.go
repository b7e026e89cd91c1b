package node_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// clock is a machine's clock that stands still unless it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a network in a test, with what the tests do again and again.
type world struct {
	t testing.TB
	*node.Node
	clock *clock
}

func newWorld(t testing.TB, o node.Options) *world {
	t.Helper()
	w := openWorld(t, o)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// openWorld leaves closing to its caller.
func openWorld(t testing.TB, o node.Options) *world {
	t.Helper()
	o.Machine, o.Log = localnettest.Machine(t), localnettest.Log(t)
	c := &clock{now: time.Unix(1_790_000_000, 0)}
	if o.Now == nil {
		o.Now = c.Now
	}
	n, err := node.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, Node: n, clock: c}
}

// account makes a funded account.
func (w *world) account() *keypair.Full {
	w.t.Helper()
	k := keypair.MustRandom()
	if _, err := w.Fund(w.t.Context(), k.Address()); err != nil {
		w.t.Fatal(err)
	}
	return k
}

// holder makes an account with stroops of USDC.
func (w *world) holder(stroops int64) *keypair.Full {
	w.t.Helper()
	k := w.account()
	w.must(w.tx(k, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: w.asset()}}))
	if stroops > 0 {
		if _, err := w.FundUSDC(w.t.Context(), k.Address(), stroops); err != nil {
			w.t.Fatal(err)
		}
	}
	return k
}

func (w *world) asset() txnbuild.CreditAsset {
	code, issuer, _ := w.USDC()
	return txnbuild.CreditAsset{Code: code, Issuer: issuer}
}

// view calls f with the state as it is.
func (w *world) view(f func(ledger.View)) {
	v := w.Chain().View()
	defer v.Close()
	f(v)
}

// entry returns an entry, nil if there is none.
func (w *world) entry(k ledger.Key) (e *xdr.LedgerEntry) {
	w.view(func(v ledger.View) {
		if raw, ok := v.Get(k); ok {
			e = ledger.Decode(raw)
		}
	})
	return e
}

func id(k *keypair.Full) xdr.AccountId { return xdr.MustAddress(k.Address()) }

func (w *world) acc(k *keypair.Full) *xdr.AccountEntry {
	w.t.Helper()
	e := w.entry(ledger.AccountKey(id(k)))
	if e == nil {
		w.t.Fatalf("account %s does not exist", k.Address())
	}
	return e.Data.Account
}

// params are those of a transaction that is valid but for its signatures.
func (w *world) params(source *keypair.Full, ops ...txnbuild.Operation) txnbuild.TransactionParams {
	w.t.Helper()
	return txnbuild.TransactionParams{SourceAccount: &txnbuild.SimpleAccount{AccountID: source.Address(), Sequence: int64(w.acc(source).SeqNum)},
		IncrementSequenceNum: true, Operations: ops, BaseFee: txnbuild.MinBaseFee,
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}}
}

func (w *world) signed(p txnbuild.TransactionParams, keys ...*keypair.Full) *txnbuild.Transaction {
	w.t.Helper()
	tx, err := txnbuild.NewTransaction(p)
	if err == nil {
		tx, err = tx.Sign(w.Passphrase(), keys...)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return tx
}

// tx is a transaction signed by its source and others.
func (w *world) tx(source *keypair.Full, op txnbuild.Operation, others ...*keypair.Full) xdr.TransactionEnvelope {
	w.t.Helper()
	return w.signed(w.params(source, op), append([]*keypair.Full{source}, others...)...).ToXDR()
}

// must submits what has to succeed.
func (w *world) must(e xdr.TransactionEnvelope) node.Outcome {
	w.t.Helper()
	o, err := w.Submit(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	if !o.Successful() {
		results, _ := o.Result.OperationResults()
		raw, _ := o.Result.MarshalBinary()
		w.t.Fatalf("the transaction failed: %v %v %x %v", o.Result.Result.Code, results, raw, o.Meta.V4.DiagnosticEvents)
	}
	return o
}

// call simulates a host function, signed by its source alone, and returns the envelope.
func (w *world) call(source *keypair.Full, fn xdr.HostFunction, change ...func(*txnbuild.InvokeHostFunction)) xdr.TransactionEnvelope {
	w.t.Helper()
	e, ok := w.simulated(source, fn, change...)
	if !ok {
		w.t.Fatal("the simulation failed")
	}
	return e
}

// simulated is call that answers false when the contract fails.
func (w *world) simulated(source *keypair.Full, fn xdr.HostFunction, change ...func(*txnbuild.InvokeHostFunction)) (xdr.TransactionEnvelope, bool) {
	w.t.Helper()
	var sim host.SimulateResult
	err := w.Simulate(w.t.Context(), func(s node.Simulation) (err error) {
		seed, err := w.Seed()
		if err != nil {
			return err
		}
		sim, err = s.Host.Simulate(w.t.Context(), host.SimulateRequest{Info: s.Info, Seed: seed, Source: id(source), Function: fn})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if sim.Failure != nil {
		w.t.Log(sim.Failure.Text)
		return xdr.TransactionEnvelope{}, false
	}
	op := &txnbuild.InvokeHostFunction{HostFunction: fn, Auth: sim.Auth, Ext: xdr.TransactionExt{V: 1, SorobanData: sim.Data}}
	for _, f := range change {
		f(op)
	}
	return w.tx(source, op), true
}

// probe uploads and creates the host's test contract.
func (w *world) probe(owner *keypair.Full) xdr.ScAddress {
	w.t.Helper()
	wasm, err := os.ReadFile("../host/testdata/probe.wasm")
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(w.call(owner, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm}))
	hash := xdr.Hash(sha256.Sum256(wasm))
	o := w.must(w.call(owner, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: accountAddress(owner), Salt: xdr.Uint256{1}}},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
		ConstructorArgs: []xdr.ScVal{scval.Address(accountAddress(owner)), scval.U32(40)}}}))
	return *o.Meta.V4.SorobanMeta.ReturnValue.Address
}

func accountAddress(k *keypair.Full) xdr.ScAddress {
	return scval.Account(id(k))
}

// codes returns the innermost transaction code, and the code of the first operation: its own, or that of the frame around it.
func codes(r xdr.TransactionResult) (tx xdr.TransactionResultCode, op string) {
	tx = r.Result.Code
	if r.Result.InnerResultPair != nil {
		tx = r.Result.InnerResultPair.Result.Result.Code
	}
	results, ok := r.OperationResults()
	if !ok || len(results) == 0 {
		return tx, ""
	}
	if results[0].Code != xdr.OperationResultCodeOpInner {
		return tx, results[0].Code.String()
	}
	tr := results[0].Tr
	for _, c := range []interface{ String() string }{
		code(tr.CreateAccountResult, func(r *xdr.CreateAccountResult) interface{ String() string } { return r.Code }),
		code(tr.PaymentResult, func(r *xdr.PaymentResult) interface{ String() string } { return r.Code }),
		code(tr.ChangeTrustResult, func(r *xdr.ChangeTrustResult) interface{ String() string } { return r.Code }),
		code(tr.SetOptionsResult, func(r *xdr.SetOptionsResult) interface{ String() string } { return r.Code }),
		code(tr.SetTrustLineFlagsResult, func(r *xdr.SetTrustLineFlagsResult) interface{ String() string } { return r.Code }),
		code(tr.InvokeHostFunctionResult, func(r *xdr.InvokeHostFunctionResult) interface{ String() string } { return r.Code }),
		code(tr.ExtendFootprintTtlResult, func(r *xdr.ExtendFootprintTtlResult) interface{ String() string } { return r.Code }),
		code(tr.RestoreFootprintResult, func(r *xdr.RestoreFootprintResult) interface{ String() string } { return r.Code }),
	} {
		if c != nil {
			return tx, c.String()
		}
	}
	return tx, "?"
}

func code[R any](r *R, f func(*R) interface{ String() string }) interface{ String() string } {
	if r == nil {
		return nil
	}
	return f(r)
}

// result submits and returns the result, whether it was applied or not.
func (w *world) result(e xdr.TransactionEnvelope) (r xdr.TransactionResult, applied bool) {
	w.t.Helper()
	o, err := w.Submit(w.t.Context(), e)
	if invalid := (*node.Invalid)(nil); errors.As(err, &invalid) {
		return invalid.Verdict.Result, false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return o.Result, true
}
