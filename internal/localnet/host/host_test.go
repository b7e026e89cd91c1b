package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

func TestNotConfigured(t *testing.T) {
	w := bareWorld(t, compiler)
	fee := func() error {
		_, _, err := w.host.ResourceFee(t.Context(), Resources{})
		return err
	}
	if err := fee(); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("a fee before Configure: %v", err)
	}
	if err := w.host.Configure(t.Context()); !refusedWith(err, "ContractComputeV0 is not present") {
		t.Errorf("Configure without settings: %v, want the missing one named", err)
	}
	if err := fee(); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("a fee after a Configure that failed: %v", err)
	}
	w.settings()
	if err := w.host.Configure(t.Context()); err != nil {
		t.Error(err)
	}
	if err := fee(); err != nil {
		t.Error(err)
	}
}

func TestConfigureReadsAnew(t *testing.T) {
	w := newWorld(t, compiler)
	fee := func() int64 {
		fixed, _, err := w.host.ResourceFee(t.Context(), Resources{WriteEntries: 1})
		if err != nil {
			t.Fatal(err)
		}
		return fixed
	}
	before := fee()
	key := xdr.LedgerKey{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{ConfigSettingId: xdr.ConfigSettingIdConfigSettingContractLedgerCostV0}}
	var entry xdr.LedgerEntry
	if err := xdr.SafeUnmarshal(w.entries[string(w.encode(key))].XDR, &entry); err != nil {
		t.Fatal(err)
	}
	entry.Data.ConfigSetting.ContractLedgerCost.FeeWriteLedgerEntry += 11
	w.put(entry.Data)
	if got := fee(); got != before {
		t.Errorf("the fee went from %d to %d without Configure", before, got)
	}
	if err := w.host.Configure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fee(); got != before+11 {
		t.Errorf("the fee is %d after Configure, want %d", got, before+11)
	}
}

func TestDefaultCosts(t *testing.T) {
	w := bareWorld(t, compiler)
	cpu, memory, err := w.host.DefaultCosts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(cpu) != 86 || len(memory) != 86 {
		t.Errorf("%d and %d cost rows, want the 86 of protocol 27", len(cpu), len(memory))
	}
	if got := cpu[xdr.ContractCostTypeWasmInsnExec].ConstTerm; got != 4 {
		t.Errorf("an instruction of a contract costs %d, want 4", got)
	}
	if got := memory[xdr.ContractCostTypeMemAlloc]; got.ConstTerm != 16 || got.LinearTerm != 128 {
		t.Errorf("an allocation costs %+v of memory, want 16 and 128/128 a byte", got)
	}
}

// A trap ends its call. The next one runs, configured as before, on an instance of its own.
func TestTrapEndsItsCallOnly(t *testing.T) {
	s := newStage(t, compiler)
	count := scval.Call(s.probe, "count", scval.Address(account(s.bob)))
	unreadable := errors.New("the disk is on fire")
	traps := []struct {
		name string
		do   func() error
		text string
		is   error
	}{
		{"a panic", func() error {
			_, err := s.host.do(t.Context(), opPanic, nil)
			return err
		}, "asked to by a test", nil},
		{"a ledger that cannot be read", func() error {
			s.failing = unreadable
			defer func() { s.failing = nil }()
			_, err := s.host.Simulate(t.Context(), SimulateRequest{Info: s.info, Source: xdr.MustAddress(s.bob.Address()), Function: count})
			return err
		}, "the disk is on fire", unreadable},
		{"a request larger than the memory may become", func() error {
			_, err := s.host.running.buffer.Call(t.Context(), maxMemoryBytes)
			if err != nil {
				_ = s.host.drop(t.Context())
				err = &Trap{Cause: err}
			}
			return err
		}, "", nil},
	}
	for _, c := range traps {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			before, running := s.snapshot(), s.host.running
			err := c.do()
			var trap *Trap
			if !errors.As(err, &trap) || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("%v, want a trap with %q", err, c.text)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err.Error())
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v does not unwrap to %v", err, c.is)
			}
			if !s.unchanged(before) {
				t.Error("the ledger changed")
			}
			s.must(s.bob, count)
			if s.host.running == running {
				t.Error("the trapped instance is still in use")
			}
		})
	}
	s.t = t
}

// A renewed instance that cannot be configured is not kept half made.
func TestRenewalFailsAndRecovers(t *testing.T) {
	s := newStage(t, compiler)
	count := scval.Call(s.probe, "count", scval.Address(account(s.bob)))
	if _, err := s.host.do(t.Context(), opPanic, nil); err == nil {
		t.Fatal("no trap")
	}
	all := s.entries
	s.entries = map[string]Entry{}
	for range 2 {
		if _, _, err := s.host.ResourceFee(t.Context(), Resources{}); !refusedWith(err, "is not present") {
			t.Errorf("on a ledger without settings: %v", err)
		}
	}
	s.entries = all
	s.must(s.bob, count)
}

// A call that goes to the memory limit does not leave its memory behind.
func TestInstanceThatGrewIsReplaced(t *testing.T) {
	s := newStage(t, compiler)
	running := s.host.running
	sim := s.simulate(s.bob, scval.Call(s.probe, "hoard", scval.U32(30)))
	if got := failure(sim.Failure); got != "Error(Budget, ExceededLimit)" {
		t.Fatalf("failure %q, want the memory limit", got)
	}
	if s.host.running == running {
		t.Fatalf("an instance of %d bytes is kept", running.module.Memory().Size())
	}
	s.must(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob))))
	if size := s.host.running.module.Memory().Size(); size > recycleBytes/2 {
		t.Errorf("the new instance has %d bytes", size)
	}
}

// A call that has begun goes to its end, which the budget bounds: stopping it in between would cost every call its speed.
func TestBudgetEndsALoop(t *testing.T) {
	s := newStage(t, compiler)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	sim, err := s.host.Simulate(ctx, SimulateRequest{Info: s.info, Source: xdr.MustAddress(s.bob.Address()), Function: scval.Call(s.probe, "spin", scval.U32(1<<31))})
	if err != nil || failure(sim.Failure) != "Error(Budget, ExceededLimit)" {
		t.Errorf("an endless loop: failure %q, %v", failure(sim.Failure), err)
	}
	if sim.Instructions < 400_000_000 {
		t.Errorf("it ended after %d instructions, before the budget of 400,000,000", sim.Instructions)
	}
}

// Memory does not grow with use.
func TestMemoryStaysAsItIs(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "pay", scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(1))
	s.must(s.bob, fn, s.ann)
	before, running := s.host.running.module.Memory().Size(), s.host.running
	for range 300 {
		s.must(s.bob, fn, s.ann)
	}
	if after := s.host.running.module.Memory().Size(); after != before || s.host.running != running {
		t.Errorf("memory went from %d to %d bytes in 300 payments", before, after)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	w := newWorld(t, compiler)
	running := w.host.running
	requests := [][]byte{nil, {1}, make([]byte, 10), make([]byte, 64), make([]byte, 500), slices.Repeat([]byte{0xff}, 300)}
	for op := opInvoke; op <= opRentFee; op++ {
		if op == opDefaultCosts { // takes no request
			continue
		}
		for i, request := range requests {
			if _, err := w.host.do(t.Context(), op, request); !refusedWith(err, "") && !(op == opRentFee && i == 2) {
				t.Errorf("operation %d with garbage %d: %v, want it refused", op, i, err)
			}
		}
	}
	if _, err := w.host.do(t.Context(), 99, nil); !refusedWith(err, "no such operation") {
		t.Errorf("an unknown operation: %v", err)
	}
	if w.host.running != running {
		t.Error("the instance did not survive garbage")
	}
}

func TestMalformedRequestIsToldBeforeItIsSent(t *testing.T) {
	w := newWorld(t, compiler)
	_, err := w.host.Invoke(t.Context(), InvokeRequest{Source: xdr.MustAddress(w.person("ann").Address()), Function: xdr.HostFunction{Type: 99}})
	if err == nil || !strings.Contains(err.Error(), "encode the") {
		t.Errorf("a request that is no XDR: %v", err)
	}
}

func TestRestoreIndexBeyondTheFootprint(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "count", scval.Address(account(s.bob)))
	q := s.invokeRequest(s.bob, fn, s.simulate(s.bob, fn))
	q.Data.Ext = xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: []xdr.Uint32{7}}}
	if _, err := s.host.Invoke(t.Context(), q); !refusedWith(err, "beyond the read-write footprint") {
		t.Errorf("%v, want it refused", err)
	}
}

func TestMoreInstructionsThanAllowed(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "count", scval.Address(account(s.bob)))
	q := s.invokeRequest(s.bob, fn, s.simulate(s.bob, fn))
	q.Data.Resources.Instructions = 400_000_001
	if _, err := s.host.Invoke(t.Context(), q); !refusedWith(err, "more instructions") {
		t.Errorf("%v, want it refused", err)
	}
	q.Data.Resources.Instructions = 400_000_000
	if res, err := s.host.Invoke(t.Context(), q); err != nil || res.Failure != nil {
		t.Errorf("%v, %v with as many as are allowed", err, failure(res.Failure))
	}
}

// Many callers share a Host; several Hosts run side by side and give the same.
func TestManyCallers(t *testing.T) {
	s := newStage(t, compiler)
	fn := scval.Call(s.probe, "spin", scval.U32(1000))
	want := s.simulate(s.bob, fn).Instructions
	other, err := s.host.machine.NewHost(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(t.Context()) }()
	if err := other.Configure(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		h := s.host
		if i%2 == 1 {
			h = other
		}
		wg.Go(func() {
			for range 5 {
				res, err := h.Simulate(t.Context(), SimulateRequest{Info: s.info, Source: xdr.MustAddress(s.bob.Address()), Function: fn})
				if err != nil || res.Instructions != want {
					t.Errorf("%d instructions (%v), want %d", res.Instructions, err, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestWaitEndsWithItsContext(t *testing.T) {
	w := newWorld(t, compiler)
	if err := w.host.enter(t.Context()); err != nil { // somebody else's call
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.host.ResourceFee(ctx, Resources{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that waits for its turn: %v", err)
	}
	w.host.leave()
	if _, _, err := w.host.ResourceFee(t.Context(), Resources{}); err != nil {
		t.Errorf("after the turn was free again: %v", err)
	}
}

func TestClosedHost(t *testing.T) {
	w := newWorld(t, compiler)
	for range 2 {
		if err := w.host.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := w.host.ResourceFee(t.Context(), Resources{}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a call of a closed host: %v", err)
	}
}
