package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// recycleBytes is the linear memory above which an instance is thrown away after a call: WebAssembly memory never shrinks. An
// instance in use has 3.6 MB; a call that goes to the memory limit leaves 40 MB.
const recycleBytes = 16 << 20

// Entry is a ledger entry as a ledger keeps it.
type Entry struct {
	XDR []byte // of a LedgerEntry; not changed
	// HasTTL tells contract data and code, which live until a ledger, from all other entries.
	HasTTL    bool
	LiveUntil uint32 // the last ledger it is live in; before the current one: archived, or, if temporary, gone
}

// Entries is the ledger that a Host reads. Find gets the XDR of a LedgerKey, valid during the call only. It answers ok = false for
// what does not exist, and archived entries as they are. An error ends the call with a Trap around it.
// Find is called from the goroutine that called the Host.
type Entries interface {
	Find(key []byte) (e Entry, ok bool, err error)
}

// Info is the ledger that a call stands on: the one being closed for Invoke, the one after the last closed for a simulation.
type Info struct {
	Protocol    uint32
	Sequence    uint32
	Time        time.Time // close time, whole seconds
	BaseReserve uint32    // stroops
	NetworkID   [32]byte  // SHA-256 of the passphrase
}

// Host answers calls against one ledger. Many goroutines may call it; it serves one after the other, and a wait for its turn ends
// with the caller's context. A call that has begun goes to its end: the configured budget bounds it, to half a second or so for the
// main network's 400 million instructions; code that could be interrupted runs 2 to 20 times slower.
// It keeps parsed contract code between calls, as a validator does; make several to run in parallel.
type Host struct {
	machine *Machine
	entries Entries
	turn    chan struct{} // holds one token while a call is under way
	running *instance     // nil: the next call makes one
	ready   bool          // Configure has succeeded, so a new instance is configured too
	closed  bool
}

// NewHost makes a Host that reads entries. Its caller closes it, or the Machine.
func (m *Machine) NewHost(ctx context.Context, entries Entries) (*Host, error) {
	h := &Host{machine: m, entries: entries, turn: make(chan struct{}, 1)}
	in, err := m.instantiate(ctx, entries)
	if err != nil {
		return nil, err
	}
	h.running = in
	return h, nil
}

// Configure reads the network's settings (the ten ConfigSetting entries: fees, limits, cost tables, lifetimes, state size) from the
// ledger and keeps them for the calls that follow. Call it again whenever one of them has changed.
// A missing or contradictory setting is a *Refused that names it; what was configured before then stays.
func (h *Host) Configure(ctx context.Context) error {
	_, err := h.do(ctx, opConfigure, nil)
	return err
}

// Close frees the instance. Calls after it fail.
func (h *Host) Close(ctx context.Context) error {
	if err := h.enter(ctx); err != nil {
		return err
	}
	defer h.leave()
	h.closed = true
	return h.drop(ctx)
}

func (h *Host) enter(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the host: %w", ctx.Err())
	}
}

func (h *Host) leave() { <-h.turn }

func (h *Host) drop(ctx context.Context) error {
	in := h.running
	h.running = nil
	if in == nil {
		return nil
	}
	if err := in.module.Close(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("close an instance of the host: %w", err)
	}
	return nil
}

// do runs one operation on the current instance, or on a new one, and returns its reply.
func (h *Host) do(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	if err := h.enter(ctx); err != nil {
		return nil, err
	}
	defer h.leave()
	if h.closed {
		return nil, errors.New("the host is closed")
	}
	if !h.ready && op != opConfigure && op != opDefaultCosts {
		return nil, ErrNotConfigured
	}
	if h.running == nil {
		if err := h.renew(ctx); err != nil {
			return nil, err
		}
	}
	reply, err := h.call(ctx, op, request)
	if err == nil && op == opConfigure {
		h.ready = true
	}
	return reply, err
}

// renew makes an instance in the place of one that was dropped, configured as that one was.
func (h *Host) renew(ctx context.Context) error {
	in, err := h.machine.instantiate(ctx, h.entries)
	if err != nil {
		return err
	}
	h.running = in
	if !h.ready {
		return nil
	}
	if _, err := h.call(ctx, opConfigure, nil); err != nil {
		_ = h.drop(ctx) // half made: the error that stopped it is the one to tell
		return fmt.Errorf("configure a new instance of the host: %w", err)
	}
	return nil
}

// call runs one operation and drops the instance if it trapped or grew too large.
func (h *Host) call(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	in := h.running
	status, reply, err := in.call(ctx, op, request)
	if err != nil {
		_ = h.drop(ctx) // trapped: closing it cannot tell more
		return nil, &Trap{Panic: in.panic, Cause: err}
	}
	if in.module.Memory().Size() > recycleBytes {
		if err := h.drop(ctx); err != nil {
			return nil, err
		}
	}
	switch status {
	case statusDone:
		return reply, nil
	case statusRefused:
		return nil, &Refused{Reason: string(reply)}
	case statusArchived:
		var e EntryArchived
		if err := xdr.SafeUnmarshal(reply, &e.Key); err != nil {
			return nil, fmt.Errorf("read the key of an archived entry: %w", err)
		}
		return nil, &e
	}
	return nil, fmt.Errorf("the host answered with the unknown status %d", status)
}

// head begins every request that runs on a ledger.
func (f *frame) head(i Info, flags uint32) {
	f.u32(flags)
	f.u32(i.Protocol)
	f.u32(i.Sequence)
	f.u64(uint64(i.Time.Unix()))
	f.u32(i.BaseReserve)
	f.bytes = append(f.bytes, i.NetworkID[:]...)
}

// Change is what a host function did to one entry of its footprint.
type Change struct {
	KeyXDR []byte
	Key    xdr.LedgerKey
	// Entry is the new state; nil if the entry was removed, never existed, or only its lifetime changed. The host leaves
	// LastModifiedLedgerSeq as it was (0 for a new entry): the ledger sets it.
	Entry *xdr.LedgerEntry
	// ReadOnly tells an entry of the read-only footprint, whose lifetime alone may have changed: with it, a nil Entry is no removal.
	ReadOnly bool
	TTL      *TTLChange // of contract data and code that exist afterwards
}

// Removed tells that the entry is not there any more, whether or not it was before.
func (c *Change) Removed() bool { return c.Entry == nil && !c.ReadOnly }

// TTLChange is a lifetime before and after; equal values mean that nothing changed. Before is 0 for a new entry, and for one that
// was restored. The key hash is SHA-256 of Change.KeyXDR.
type TTLChange struct{ Before, After uint32 }
