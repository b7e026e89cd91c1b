package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Operations of the module's single entry point (shim/src/abi.rs).
const (
	opConfigure uint32 = iota
	opInvoke
	opSimulate
	opSimulateTTL
	opResourceFee
	opDefaultCosts
	opRentFee
	opPanic // what a bug in the host would do; for tests
)

// Statuses that a reply begins with.
const (
	statusRefused uint32 = iota
	statusDone
	statusArchived
)

// instance is one running copy of the module. It serves one call at a time, and none after a trap.
type instance struct {
	module  api.Module
	entries Entries
	found   Entry  // what the last find found, until take fetches it
	panic   string // text of the panic before a trap
	callFn  api.Function
	buffer  api.Function
	release api.Function
}

type instanceKey struct{}

func (m *Machine) instantiate(ctx context.Context, entries Entries) (*instance, error) {
	module, err := m.runtime.InstantiateModule(ctx, m.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("start an instance of the host: %w", err)
	}
	return &instance{module: module, entries: entries, callFn: module.ExportedFunction("call"),
		buffer: module.ExportedFunction("buffer"), release: module.ExportedFunction("release")}, nil
}

// call writes the request into the module's memory, runs the operation and copies the reply out. An error is a trap.
func (in *instance) call(ctx context.Context, op uint32, request []byte) (status uint32, reply []byte, err error) {
	// The functions offered to the module are shared by all instances of the runtime: this says whose ledger is meant.
	ctx = context.WithValue(ctx, instanceKey{}, in)
	stack := [3]uint64{uint64(len(request))}
	if err := in.buffer.CallWithStack(ctx, stack[:1]); err != nil {
		return 0, nil, fmt.Errorf("make room for a request of %d bytes: %w", len(request), err)
	}
	at := stack[0]
	if !in.module.Memory().Write(uint32(at), request) {
		return 0, nil, fmt.Errorf("a request of %d bytes lies outside the memory", len(request))
	}
	stack = [3]uint64{uint64(op), at, uint64(len(request))} // the module takes the request over
	if err := in.callFn.CallWithStack(ctx, stack[:]); err != nil {
		return 0, nil, err
	}
	from, size := uint32(stack[0]>>32), uint32(stack[0])
	view, ok := in.module.Memory().Read(from, size)
	if !ok || size < 4 {
		return 0, nil, fmt.Errorf("a reply of %d bytes at %d lies outside the memory", size, from)
	}
	status = binary.LittleEndian.Uint32(view)
	reply = append([]byte(nil), view[4:]...)
	stack = [3]uint64{uint64(from), uint64(size)}
	if err := in.release.CallWithStack(ctx, stack[:2]); err != nil {
		return 0, nil, fmt.Errorf("free a reply of %d bytes: %w", size, err)
	}
	return status, reply, nil
}

// entryHeader is what an entry begins with inside the module: whether it has a lifetime, and its end.
const entryHeader = 8

var errMemory = errors.New("the module named a place outside its memory")

// The three functions below are all that the module can reach. A panic in one of them ends the call as a trap.

// find(key, len) looks an entry up, keeps it, and returns the size that take needs: 0 for none.
func find(ctx context.Context, m api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	key, ok := m.Memory().Read(uint32(stack[0]), uint32(stack[1]))
	if !ok {
		panic(errMemory)
	}
	e, ok, err := in.entries.Find(key)
	if err != nil {
		panic(fmt.Errorf("read the ledger: %w", err))
	}
	stack[0] = 0
	if ok {
		in.found = e
		stack[0] = uint64(entryHeader + len(e.XDR))
	}
}

// take(into) copies what the last find found.
func take(ctx context.Context, m api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	var header [entryHeader]byte
	if in.found.HasTTL {
		binary.LittleEndian.PutUint32(header[:], 1)
		binary.LittleEndian.PutUint32(header[4:], in.found.LiveUntil)
	}
	at := uint32(stack[0])
	if !m.Memory().Write(at, header[:]) || !m.Memory().Write(at+entryHeader, in.found.XDR) {
		panic(errMemory)
	}
	in.found = Entry{}
}

// panicked(text, len) says why the module is about to trap.
func panicked(ctx context.Context, m api.Module, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*instance)
	if text, ok := m.Memory().Read(uint32(stack[0]), uint32(stack[1])); ok {
		in.panic = string(text)
	}
}
