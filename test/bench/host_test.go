package bench

import (
	"crypto/rand"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What a call in localnet may take, as a multiple of what it is compared with.
const (
	invokeLimit = 4.0 // of the native host for the same request
	// assetLimit is invokeLimit for the asset's own contract, which misses the goal of 4 (docs/decisions/0016): it runs no code of its own, and half of
	// what the host does for it is charging the budget, by multiplications whose overflow one instruction of a processor tells, and none of WebAssembly.
	assetLimit    = 5.5
	simulateLimit = 5.25 // of invoking the same call: 5, and a twentieth for the machine, since the shortest call takes 4.7 to 5.0 times
	// rulebookLimit is simulateLimit for a call that asks the rulebook; some miss the goal of 5 (docs/decisions/0016): a simulation parses both
	// contracts anew, 60 kB, where an invocation takes them parsed, and the crate (soroban-simulation 27.0.1) lets nobody hand in parsed ones.
	rulebookLimit = 7.0
)

// BenchmarkInvoke is what the contract host takes in localnet, WebAssembly in this process, beside a native build of the same crates and shim that runs
// the very same requests, whose answers are compared as well.
func BenchmarkInvoke(b *testing.B) {
	program := buildNative(b)
	eachCall(b, func(b *testing.B, sim node.Simulation, q host.SimulateRequest) {
		invoke := asked(b, sim, q)
		request, err := invoke.MarshalBinary()
		if err != nil {
			b.Fatal(err)
		}
		n := startNative(b, program, opInvoke, request, sim, invoke.Data.Resources.Footprint)
		_, raw := n.run(b, 1)
		var theirs host.InvokeResult
		if err := theirs.UnmarshalBinary(raw); err != nil {
			b.Fatal(err)
		}
		done, err := sim.Host.Invoke(b.Context(), invoke)
		if err != nil || done.Failure != nil {
			b.Fatalf("invoke: %v, %+v", err, done.Failure)
		}
		if !reflect.DeepEqual(done, theirs) {
			b.Fatalf("the two builds answer differently:\n%+v\n%+v", done, theirs)
		}
		limit := invokeLimit
		if codes(invoke.Data) == 0 {
			limit = assetLimit
		}
		beside(b, "invoke", limit, func(rounds int) time.Duration {
			return ours(b, rounds, func() error { _, err := sim.Host.Invoke(b.Context(), invoke); return err })
		}, "native", func(rounds int) time.Duration { d, _ := n.run(b, rounds); return d })
		b.ReportMetric(float64(done.Instructions), "instructions")
	})
}

// BenchmarkSimulate is what trying a call takes in localnet beside invoking it.
func BenchmarkSimulate(b *testing.B) {
	eachCall(b, func(b *testing.B, sim node.Simulation, q host.SimulateRequest) {
		invoke := asked(b, sim, q)
		limit := simulateLimit
		if codes(invoke.Data) > 1 {
			limit = rulebookLimit
		}
		beside(b, "simulate", limit, func(rounds int) time.Duration {
			return ours(b, rounds, func() error { _, err := sim.Host.Simulate(b.Context(), q); return err })
		}, "invoke", func(rounds int) time.Duration {
			return ours(b, rounds, func() error { _, err := sim.Host.Invoke(b.Context(), invoke); return err })
		})
	})
}

// codes counts the contracts whose code a call runs.
func codes(data xdr.SorobanTransactionData) (n int) {
	for _, k := range data.Resources.Footprint.ReadOnly {
		if k.Type == xdr.LedgerEntryTypeContractCode {
			n++
		}
	}
	return n
}

// asked is the call as a transaction would make it, with all that a simulation says.
func asked(b *testing.B, sim node.Simulation, q host.SimulateRequest) host.InvokeRequest {
	b.Helper()
	out, err := sim.Host.Simulate(b.Context(), q)
	if err != nil || out.Failure != nil {
		b.Fatalf("simulate: %v, %+v", err, out.Failure)
	}
	return host.InvokeRequest{Info: q.Info, Seed: q.Seed, Source: q.Source, Function: q.Function, Auth: out.Auth, Data: *out.Data, Diagnostics: true}
}

// ours is what the processors do for this process while it does something so often.
func ours(b *testing.B, rounds int, do func() error) time.Duration {
	b.Helper()
	before := worked()
	for range rounds {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
	return worked() - before
}

// beside lets two ways of doing the same take turns, and compares the least processor time that each took: what else the machine does can only add to it,
// and to time by the clock much more. More than limit times as much is a failure.
func beside(b *testing.B, name string, limit float64, do func(rounds int) time.Duration, other string, with func(rounds int) time.Duration) {
	b.Helper()
	const turns, turn = 10, 10 * time.Millisecond
	least, leastOther := time.Hour, time.Hour
	rounds := 10
	for with(rounds) < turn && rounds < 1000 { // a turn of a short call would be of the clock's own grain
		rounds *= 2
	}
	do(rounds) // warm
	for range turns {
		least, leastOther = min(least, do(rounds)/time.Duration(rounds)), min(leastOther, with(rounds)/time.Duration(rounds))
	}
	times := least.Seconds() / leastOther.Seconds()
	b.ReportMetric(float64(least.Microseconds()), name+"-us")
	b.ReportMetric(float64(leastOther.Microseconds()), other+"-us")
	b.ReportMetric(times, "times-"+other)
	if times > limit {
		b.Errorf("%s takes %s, %.2f times what %s does: the limit is %.2f", name, least, times, other, limit)
	}
}

// eachCall lets measure look at each of some calls, on a ledger where it is about to be made: the life of a trade in which all goes well, one in dispute,
// about which the rulebook is asked, one that anybody ends, and the asset's own contract.
func eachCall(b *testing.B, measure func(*testing.B, node.Simulation, host.SimulateRequest)) {
	b.Helper()
	p := newPlatform(b, 1, slog.DiscardHandler)
	c := p.pairs[0]
	look := func(name string, who *person, call xdr.InvokeContractArgs) {
		b.Helper()
		b.Run(name, func(b *testing.B) {
			q := host.SimulateRequest{
				Source: xdr.MustAddress(who.key.Address()), Diagnostics: true,
				Function: xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &call},
			}
			if _, err := rand.Read(q.Seed[:]); err != nil {
				b.Fatal(err)
			}
			if err := p.net.Simulate(b.Context(), func(sim node.Simulation) error {
				q.Info = sim.Info
				measure(b, sim, q)
				return nil
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
	do := func(who *person, call escrow.Call) {
		b.Helper()
		if err := who.call(b.Context(), p, call); err != nil {
			b.Fatal(err)
		}
	}
	step := func(who *person, call escrow.Call) {
		b.Helper()
		args, err := stellar.EncodeCall(p.contract, call)
		if err != nil {
			b.Fatal(err)
		}
		look(call.Function(), who, args)
		do(who, call)
	}
	begin := func() escrow.Terms {
		b.Helper()
		terms, err := c.terms()
		if err != nil {
			b.Fatal(err)
		}
		return terms
	}

	t := begin()
	step(c.seller, escrow.CallOpen{Terms: t, By: escrow.Seller})
	step(c.buyer, escrow.CallFund{Terms: t})
	step(c.seller, escrow.CallDeliver{Terms: t, Proof: escrow.Hash{1}})
	step(c.buyer, escrow.CallRelease{Terms: t, Amount: amount.Int(unit)})

	t = begin()
	do(c.seller, escrow.CallOpen{Terms: t, By: escrow.Seller})
	do(c.buyer, escrow.CallFund{Terms: t})
	step(c.buyer, escrow.CallDispute{Terms: t, By: escrow.Buyer, Reason: escrow.Hash{2}})
	step(c.seller, escrow.CallOffer{Terms: t, By: escrow.Seller, Of: amount.Int(unit), SellerAmount: amount.Int(unit / 2)})
	step(c.buyer, escrow.CallAcceptOffer{Terms: t, By: escrow.Buyer, Of: amount.Int(unit), SellerAmount: amount.Int(unit / 2)})

	t = begin()
	do(c.seller, escrow.CallOpen{Terms: t, By: escrow.Seller})
	do(c.buyer, escrow.CallFund{Terms: t})
	if _, err := p.net.AdvanceTo(time.Unix(int64(t.Milestones[0].DeliverBy), 0)); err != nil {
		b.Fatal(err)
	}
	step(c.buyer, escrow.CallSettle{Terms: t, Milestones: []uint32{0}, Push: true})

	look("transfer", c.buyer, xdr.InvokeContractArgs{ContractAddress: p.usdc.ScAddress(), FunctionName: "transfer", Args: []xdr.ScVal{
		scval.Address(c.buyer.address.ScAddress()), scval.Address(c.seller.address.ScAddress()), {Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Lo: unit}},
	}})
}
