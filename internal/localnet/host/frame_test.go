package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

func TestReplyThatEndsTooEarly(t *testing.T) {
	whole := exampleInvoke()
	if _, err := parseInvoke(whole); err != nil {
		t.Fatalf("the whole reply: %v", err)
	}
	for n := range whole {
		if _, err := parseInvoke(whole[:n]); err == nil {
			t.Errorf("a reply cut after %d of %d bytes was taken for whole", n, len(whole))
		}
	}
	if _, err := parseInvoke(append(whole, 0)); err == nil {
		t.Error("a reply with a byte too many was taken for whole")
	}
	whole = exampleSimulate()
	if _, err := parseSimulate(whole); err != nil {
		t.Fatalf("the whole reply: %v", err)
	}
	for n := range whole {
		if _, err := parseSimulate(whole[:n]); err == nil {
			t.Errorf("a reply cut after %d of %d bytes was taken for whole", n, len(whole))
		}
	}
}

func TestListLongerThanItsReply(t *testing.T) {
	r := &reader{rest: []byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3}}
	if n := r.count(); n != 0 || !errors.Is(r.done(), errShort) {
		t.Errorf("a list of %d items in 3 bytes, error %v", n, r.err)
	}
}

func TestValueShorterThanItsString(t *testing.T) {
	f := &frame{}
	f.blob([]byte{0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0}) // a u32, and four bytes more
	r := &reader{rest: f.bytes}
	r.value("a value", &xdr.ScVal{})
	if err := r.done(); err == nil || !strings.Contains(err.Error(), "decode a value: it ends after 8 of 12 bytes") {
		t.Errorf("a u32 with four bytes behind it: %v, want it to end after 8 of 12 bytes", err)
	}
}

func TestWhatCannotBeEncodedIsNamed(t *testing.T) {
	f := &frame{}
	list(f, "value", []xdr.ScVal{scval.U32(1), {Type: 99}, {Type: 98}}) // there are no such types
	f.xdr("another", xdr.ScVal{Type: 97})
	if _, err := f.done(); err == nil || !strings.HasPrefix(err.Error(), "encode value 1: ") {
		t.Errorf("a list whose second value has no such type: %v, want \"encode value 1: …\"", err)
	}
}

// exampleInvoke is a reply with one of everything.
func exampleInvoke() []byte {
	f := &frame{}
	f.u64(1000)
	f.u64(2000)
	f.u32(1)
	f.xdr("value", scval.U32(7))
	f.u64(55)
	f.u32(2) // changes
	f.u32(0)
	f.xdr("key", exampleKey())
	f.u32(1)
	f.xdr("entry", &xdr.LedgerEntry{Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeTtl, Ttl: &xdr.TtlEntry{LiveUntilLedgerSeq: 9}}})
	f.u32(1)
	f.u32(10)
	f.u32(20)
	f.u32(1)
	f.xdr("key", exampleKey())
	f.u32(0)
	f.u32(0)
	list(f, "event", []xdr.ContractEvent{exampleEvent()})
	list(f, "diagnostic event", []xdr.DiagnosticEvent{{Event: exampleEvent()}})
	return f.bytes
}

func exampleSimulate() []byte {
	f := &frame{}
	f.u64(1000)
	f.u64(2000)
	f.u32(0)
	code := xdr.Uint32(7)
	f.xdr("error", xdr.ScError{Type: xdr.ScErrorTypeSceContract, ContractCode: &code})
	f.blob([]byte("HostError: Error(Contract, #7)"))
	list(f, "auth", []xdr.SorobanAuthorizationEntry{})
	f.u32(1)
	f.xdr("data", &xdr.SorobanTransactionData{ResourceFee: 5})
	list(f, "event", []xdr.ContractEvent{exampleEvent()})
	f.u32(0)
	f.u32(1)
	f.u32(0)
	f.u32(0)
	return f.bytes
}

func exampleKey() xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeTtl, Ttl: &xdr.LedgerKeyTtl{KeyHash: xdr.Hash{1}}}
}

func exampleEvent() xdr.ContractEvent {
	return xdr.ContractEvent{Type: xdr.ContractEventTypeContract, Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Topics: []xdr.ScVal{scval.U32(1)}, Data: scval.U32(2)}}}
}

// Whatever the module answers, reading it is an error or a result that could be written again.
func FuzzReply(f *testing.F) {
	f.Add(exampleInvoke())
	f.Add(exampleSimulate())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, reply []byte) {
		if res, err := parseInvoke(reply); err == nil {
			if (res.Value == nil) == (res.Failure == nil) {
				t.Errorf("value %v and failure %v", res.Value, res.Failure)
			}
			for _, c := range res.Changes {
				if len(c.KeyXDR) == 0 {
					t.Error("a change without a key")
				}
			}
		}
		if res, err := parseSimulate(reply); err == nil {
			if (res.Value == nil) == (res.Failure == nil) {
				t.Errorf("value %v and failure %v", res.Value, res.Failure)
			}
			_ = res.Archived()
		}
	})
}

// Whatever is asked of the module, it answers or refuses, and lives.
func FuzzRequest(f *testing.F) {
	w := newWorld(f, compiler)
	source := w.person("ann")
	q := SimulateRequest{Info: w.info, Source: xdr.MustAddress(source.Address()), Function: xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &probeWasm}}
	simulate, err := q.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	i := InvokeRequest{Info: w.info, Source: q.Source, Function: q.Function}
	invoke, err := i.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(opInvoke, invoke)
	f.Add(opSimulate, simulate)
	f.Add(opSimulateTTL, simulate)
	f.Add(opResourceFee, make([]byte, 28))
	f.Add(opRentFee, make([]byte, 8))
	f.Fuzz(func(t *testing.T, op uint32, request []byte) {
		if op == opPanic || op == opConfigure {
			return
		}
		reply, err := w.host.do(t.Context(), op, request)
		var trap *Trap
		if errors.As(err, &trap) {
			t.Fatalf("operation %d trapped: %v", op, err)
		}
		if err != nil {
			return
		}
		switch op {
		case opInvoke:
			_, err = parseInvoke(reply)
		case opSimulate:
			_, err = parseSimulate(reply)
		}
		if err != nil {
			t.Fatalf("operation %d: %v", op, err)
		}
	})
}
