package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// stage is a world with three people, a token and a probe.
type stage struct {
	*world
	issuer, ann, bob *keypair.Full
	usd              xdr.Asset
	token, probe     xdr.ScAddress
	code             xdr.Hash
}

func newStage(t testing.TB, machine func() (*Machine, error)) *stage {
	t.Helper()
	s := &stage{world: newWorld(t, machine)}
	s.issuer, s.ann, s.bob = s.person("issuer"), s.person("ann"), s.person("bob")
	s.usd = xdr.MustNewCreditAsset("USD", s.issuer.Address())
	s.trust(s.ann, s.usd, 5000)
	s.trust(s.bob, s.usd, 0)
	s.code = s.upload(s.bob)
	s.probe = s.world.probe(s.ann, s.bob, s.code, 1)
	s.token = s.assetContract(s.bob, s.usd)
	return s
}

func TestContractRuns(t *testing.T) {
	s := newStage(t, compiler)
	res := s.submit(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob))))
	if res.Failure != nil || uint32(*res.Value.U32) != 41 {
		t.Fatalf("count gave %+v, failure %v; want 41: the constructor had set 40", res.Value, failure(res.Failure))
	}
	if len(res.Events) != 1 || *res.Events[0].ContractId != *s.probe.ContractId {
		t.Fatalf("count emitted %+v, want one event of the contract's", res.Events)
	}
	var instance *Change
	for i, c := range res.Changes {
		if c.Entry != nil {
			if instance != nil {
				t.Fatalf("count changed %v and %v, want the instance alone", instance.Key, c.Key)
			}
			instance = &res.Changes[i]
		}
	}
	if instance == nil || instance.ReadOnly || instance.TTL == nil || instance.TTL.Before != instance.TTL.After {
		t.Fatalf("the changed instance is %+v, want a read-write entry whose lifetime stays", instance)
	}
	if v := s.must(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob)))); uint32(*v.U32) != 42 {
		t.Fatalf("the second count gave %v, want 42", *v.U32)
	}
	if res.Instructions == 0 || res.MemoryBytes == 0 || len(res.Diagnostics) == 0 {
		t.Errorf("metered %d instructions, %d bytes, %d diagnostic events; want all above 0", res.Instructions, res.MemoryBytes, len(res.Diagnostics))
	}
}

func TestAssetContractMovesTrustlines(t *testing.T) {
	s := newStage(t, compiler)
	want, err := s.usd.ContractID(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if *s.token.ContractId != xdr.ContractId(want) {
		t.Fatalf("the asset's contract is %x, want %x", *s.token.ContractId, want)
	}
	transfer := func(amount int64) xdr.HostFunction {
		return scval.Call(s.token, "transfer", scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(amount))
	}
	s.must(s.ann, transfer(100))       // authorised by being the source
	s.must(s.bob, transfer(50), s.ann) // by a signed entry
	pay := scval.Call(s.probe, "pay", scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(7))
	s.must(s.bob, pay, s.ann) // through a contract
	if a, b := s.balance(s.ann, s.usd), s.balance(s.bob, s.usd); a != 4843 || b != 157 {
		t.Fatalf("balances %d and %d, want 4843 and 157", a, b)
	}
	s.must(s.issuer, scval.Call(s.token, "mint", scval.Address(account(s.bob)), scval.I128(3)))
	if b := s.balance(s.bob, s.usd); b != 160 {
		t.Fatalf("balance after minting %d, want 160", b)
	}
}

// Every way in which a contract can fail is a result, changes nothing and leaves the same instance running.
func TestContractFails(t *testing.T) {
	s := newStage(t, compiler)
	pay := func(amount int64) xdr.HostFunction {
		return scval.Call(s.probe, "pay", scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(amount))
	}
	cases := []struct {
		name, want string
		fn         xdr.HostFunction
		cheap      xdr.HostFunction // simulated for the footprint instead, where fn fails in its simulation already
		signer     *keypair.Full
	}{
		{name: "its own error", want: "Error(Contract, #7)", fn: scval.Call(s.probe, "refuse"), cheap: scval.Call(s.probe, "spin", scval.U32(1))},
		{name: "a panic", want: "Error(WasmVm, InvalidAction)", fn: scval.Call(s.probe, "panics"), cheap: scval.Call(s.probe, "spin", scval.U32(1))},
		{name: "an endless loop", want: "Error(Budget, ExceededLimit)", fn: scval.Call(s.probe, "spin", scval.U32(1<<31)), cheap: scval.Call(s.probe, "spin", scval.U32(1000))},
		{name: "a hoard", want: "Error(Budget, ExceededLimit)", fn: scval.Call(s.probe, "hoard", scval.U32(30)), cheap: scval.Call(s.probe, "hoard", scval.U32(1))},
		{name: "no such function", want: "Error(WasmVm, MissingValue)", fn: scval.Call(s.probe, "nothing"), cheap: scval.Call(s.probe, "spin", scval.U32(1))},
		{name: "a wrong argument", want: "Error(WasmVm, InvalidAction)", fn: scval.Call(s.probe, "spin", scval.Bytes(nil)), cheap: scval.Call(s.probe, "spin", scval.U32(1))},
		{name: "no signature", want: "Error(Auth, InvalidAction)", fn: pay(1), cheap: pay(1)},
		{name: "too little money", want: "Error(Contract, #10)", fn: pay(6000), cheap: pay(1), signer: s.ann},
		{name: "a footprint that lacks an entry", want: "Error(Storage, ExceededLimit)", fn: scval.Call(s.probe, "keep", scval.U32(2), scval.Bytes([]byte("x"))), cheap: scval.Call(s.probe, "spin", scval.U32(1))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			before, running := s.snapshot(), s.host.running
			q := s.invokeRequest(s.bob, c.fn, s.simulate(s.bob, c.cheap))
			if c.signer != nil { // what was signed is the failing call
				q.Auth[0].RootInvocation.Function.ContractFn.Args[3] = scval.I128(6000)
				q.Auth[0].RootInvocation.SubInvocations[0].Function.ContractFn.Args[2] = scval.I128(6000)
				q.Auth = s.sign(q.Auth, c.signer)
			}
			res := s.invoke(q)
			if got := failure(res.Failure); got != c.want {
				t.Fatalf("failure %q, want %q", got, c.want)
			}
			if res.Value != nil || res.Changes != nil || res.Events != nil || res.RentFee != 0 {
				t.Errorf("a failed call left %+v", res)
			}
			if res.Instructions == 0 || len(res.Diagnostics) == 0 {
				t.Errorf("metered %d instructions with %d diagnostic events, want some of both", res.Instructions, len(res.Diagnostics))
			}
			if !s.unchanged(before) || s.host.running != running {
				t.Error("the ledger changed, or the instance did not survive")
			}
		})
	}
	s.t = t
	s.must(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob))))
}

// The error is decoded, not only told.
func TestFailureIsTyped(t *testing.T) {
	s := newStage(t, compiler)
	sim := s.simulate(s.bob, scval.Call(s.probe, "refuse"))
	if sim.Failure == nil || sim.Failure.Error.Type != xdr.ScErrorTypeSceContract || *sim.Failure.Error.ContractCode != 7 {
		t.Fatalf("failure %+v, want contract error 7", sim.Failure)
	}
	if sim.Data != nil || sim.Auth != nil || sim.Modified != nil || sim.Archived() != nil {
		t.Errorf("a failed simulation declares %+v", sim)
	}
	sim = s.simulate(s.bob, scval.Call(s.probe, "spin", scval.U32(1<<31)))
	if sim.Failure == nil || sim.Failure.Error.Type != xdr.ScErrorTypeSceBudget || *sim.Failure.Error.Code != xdr.ScErrorCodeScecExceededLimit {
		t.Fatalf("failure %+v, want the budget's limit", sim.Failure)
	}
}

func TestSimulationShowsWhatWouldChange(t *testing.T) {
	s := newStage(t, compiler)
	before := s.snapshot()
	sim := s.simulate(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob))))
	if !s.unchanged(before) {
		t.Fatal("a simulation changed the ledger")
	}
	if len(sim.Modified) != 1 || sim.Modified[0].Before == nil || sim.Modified[0].After == nil {
		t.Fatalf("modified %+v, want the instance before and after", sim.Modified)
	}
	sim = s.simulate(s.bob, scval.Call(s.probe, "keep", scval.U32(1), scval.Bytes([]byte("x"))))
	if len(sim.Modified) != 1 || sim.Modified[0].Before != nil || sim.Modified[0].After == nil {
		t.Fatalf("modified %+v, want a new entry", sim.Modified)
	}
	s.must(s.bob, scval.Call(s.probe, "keep", scval.U32(1), scval.Bytes([]byte("x"))))
	sim = s.simulate(s.bob, scval.Call(s.probe, "forget", scval.U32(1)))
	if len(sim.Modified) != 1 || sim.Modified[0].Before == nil || sim.Modified[0].After != nil {
		t.Fatalf("modified %+v, want an entry removed", sim.Modified)
	}
	res := s.submit(s.bob, scval.Call(s.probe, "forget", scval.U32(1)))
	if !slices.ContainsFunc(res.Changes, func(c Change) bool { return c.Removed() }) {
		t.Fatalf("changes %+v, want one removed", res.Changes)
	}
	if v := s.must(s.bob, scval.Call(s.probe, "kept", scval.U32(1))); v.Type != xdr.ScValTypeScvVoid {
		t.Errorf("what was removed reads as %v", v)
	}
}

// soroban-simulation asks for an entry up to five times, and a contract's code is long.
func TestSimulationReadsAnEntryOnce(t *testing.T) {
	s := newStage(t, compiler)
	s.finds = map[string]int{}
	s.simulate(s.ann, scval.Call(s.probe, "pay", scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(1)))
	if len(s.finds) < 5 {
		t.Fatalf("%d entries were asked for, want the code, two instances and two trustlines at least", len(s.finds))
	}
	for key, n := range s.finds {
		if n != 1 {
			t.Errorf("the entry under %x was asked for %d times, want once", key, n)
		}
	}
}

func TestReserveOfASimulation(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "spin", scval.U32(10))
	exact := s.simulate(s.bob, fn, func(q *SimulateRequest) { q.Exact = true })
	usual := s.simulate(s.bob, fn)
	leeway := s.simulate(s.bob, fn, func(q *SimulateRequest) { q.InstructionLeeway = 1_000_000 })
	measured := uint32(exact.Data.Resources.Instructions)
	if uint64(measured) != exact.Instructions {
		t.Errorf("exactly %d instructions are declared, %d were measured", measured, exact.Instructions)
	}
	if got := uint32(usual.Data.Resources.Instructions); got != measured+50_000 {
		t.Errorf("%d instructions are declared, want 50,000 above %d", got, measured)
	}
	if got := uint32(leeway.Data.Resources.Instructions); got != measured+1_000_000 {
		t.Errorf("%d instructions are declared with a leeway, want 1,000,000 above %d", got, measured)
	}
	if exact.Data.ResourceFee >= usual.Data.ResourceFee {
		t.Errorf("the exact fee %d is not below the usual %d", exact.Data.ResourceFee, usual.Data.ResourceFee)
	}
}

func TestAuthorisationModes(t *testing.T) {
	s := newStage(t, compiler)
	pay := func(name string) xdr.HostFunction {
		return scval.Call(s.probe, name, scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(1))
	}
	mode := func(m AuthMode, auth ...xdr.SorobanAuthorizationEntry) func(*SimulateRequest) {
		return func(q *SimulateRequest) { q.AuthMode, q.Auth = m, auth }
	}
	recorded := s.simulate(s.bob, pay("pay"))
	if len(recorded.Auth) != 1 || recorded.Auth[0].Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsAddress {
		t.Fatalf("recorded %+v, want one entry of ann's", recorded.Auth)
	}
	if sub := recorded.Auth[0].RootInvocation.SubInvocations; len(sub) != 1 || sub[0].Function.ContractFn.FunctionName != "transfer" {
		t.Errorf("the tree below is %+v, want one transfer", sub)
	}
	if got := failure(s.simulate(s.bob, pay("pay_below")).Failure); got != "Error(Auth, InvalidAction)" {
		t.Errorf("an authorisation below the root was recorded, failure %q", got)
	}
	if sim := s.simulate(s.bob, pay("pay_below"), mode(RecordAuthNonRoot)); sim.Failure != nil || len(sim.Auth) != 1 {
		t.Errorf("with non-root authorisations allowed: failure %q, auth %+v", failure(sim.Failure), sim.Auth)
	}
	v2 := s.simulate(s.bob, pay("pay"), func(q *SimulateRequest) { q.AddressV2 = true })
	if len(v2.Auth) != 1 || v2.Auth[0].Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2 {
		t.Errorf("recorded %+v, want credentials V2", v2.Auth)
	}
	if got := failure(s.simulate(s.bob, pay("pay"), mode(EnforceAuth)).Failure); got != "Error(Auth, InvalidAction)" {
		t.Errorf("enforced without an entry: failure %q", got)
	}
	signed := s.sign(recorded.Auth, s.ann)
	if sim := s.simulate(s.bob, pay("pay"), mode(EnforceAuth, signed...)); sim.Failure != nil {
		t.Errorf("enforced with ann's signature: failure %q", failure(sim.Failure))
	}
	forged := s.sign(recorded.Auth, s.bob) // which signs nothing of ann's
	if got := failure(s.simulate(s.bob, pay("pay"), mode(EnforceAuth, forged...)).Failure); got != "Error(Auth, InvalidAction)" {
		t.Errorf("enforced without ann's signature: failure %q", got)
	}
}

func TestRandomNumbersComeFromTheSeed(t *testing.T) {
	s := newStage(t, compiler)
	draw := func(seed byte) uint64 {
		sim := s.simulate(s.bob, scval.Call(s.probe, "draw"), func(q *SimulateRequest) { q.Seed = [32]byte{seed} })
		return uint64(*sim.Value.U64)
	}
	if a, b, again := draw(1), draw(2), draw(1); a == b || a != again {
		t.Errorf("drew %d, %d and, with the first seed again, %d", a, b, again)
	}
}

func TestDiagnosticsCostNothing(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "count", scval.Address(account(s.bob)))
	q := s.invokeRequest(s.bob, fn, s.simulate(s.bob, fn))
	with := s.invoke(q)
	q.Diagnostics = false
	without := s.invoke(q)
	if len(with.Diagnostics) == 0 || without.Diagnostics != nil {
		t.Errorf("%d diagnostic events where asked for, %d where not", len(with.Diagnostics), len(without.Diagnostics))
	}
	if with.Instructions != without.Instructions || with.MemoryBytes != without.MemoryBytes {
		t.Errorf("metered %d and %d instructions, %d and %d bytes", with.Instructions, without.Instructions, with.MemoryBytes, without.MemoryBytes)
	}
}

// Values may be nested as deeply as the host allows; beyond that they are a clean error on either side.
func TestDeepNesting(t *testing.T) {
	s := newStage(t, compiler)
	for _, depth := range []uint32{1, 50, 97} {
		if sim := s.simulate(s.bob, scval.Call(s.probe, "nest", scval.U32(depth))); sim.Failure != nil {
			t.Errorf("a value nested %d deep: %s", depth, sim.Failure.Text)
		}
	}
	if sim := s.simulate(s.bob, scval.Call(s.probe, "nest", scval.U32(200))); sim.Failure == nil {
		t.Error("a value nested 200 deep came back")
	}
	for _, depth := range []int{50, 120, 480, 3000, 100_000} {
		// A vector of one item, again and again; as bytes, since the Go encoder would recurse as deeply.
		arg := append(bytes.Repeat([]byte{0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1}, depth), s.encode(scval.U32(1))...)
		fn := s.encode(scval.Call(s.probe, "echo"))
		fn = append(binary.BigEndian.AppendUint32(fn[:len(fn)-4], 1), arg...)
		q := SimulateRequest{Info: s.info, Seed: s.seed(), Source: xdr.MustAddress(s.bob.Address()), Function: scval.Call(s.probe, "echo")}
		f := &frame{}
		f.head(q.Info, 0)
		f.bytes = append(f.bytes, q.Seed[:]...)
		f.u32(0)
		f.xdr("source", q.Source)
		f.blob(fn)
		f.u32(0)
		running := s.host.running
		reply, err := s.host.do(t.Context(), opSimulate, f.bytes)
		var refused *Refused
		switch {
		case err == nil:
			sim, err := parseSimulate(reply)
			if err != nil {
				t.Errorf("argument nested %d deep: %v", depth, err)
			} else if (sim.Failure == nil) != (depth == 50) {
				t.Errorf("argument nested %d deep: failure %q", depth, failure(sim.Failure))
			}
		case !errors.As(err, &refused):
			t.Errorf("argument nested %d deep: %v, want it refused", depth, err)
		}
		if s.host.running != running {
			t.Errorf("argument nested %d deep: the instance did not survive", depth)
		}
	}
}
