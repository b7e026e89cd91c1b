package node

import (
	"context"
	"fmt"
	"sync"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
)

// maxHosts is how many simulations run at once; more wait. A host that is busy has 4 MB, at most 16 between calls.
const maxHosts = 8

// hosts hands out contract hosts. Each reads the entries of whoever has it.
type hosts struct {
	machine *host.Machine
	free    chan *lentHost // maxHosts places, nil where no host was needed yet

	mu  sync.Mutex
	all []*lentHost
}

// lentHost is a contract host that reads from another reader each time.
type lentHost struct {
	*host.Host
	reader   ledger.Reader
	restored *restored // nil: archived entries are read as they are
}

// restored lets archived entries be read as if each had been restored in one ledger, and notes which.
type restored struct {
	in, until uint32 // that ledger, and the one that they live until
	keys      map[ledger.Key]bool
}

func newHosts(m *host.Machine) *hosts {
	h := &hosts{machine: m, free: make(chan *lentHost, maxHosts)}
	for range maxHosts {
		h.free <- nil
	}
	return h
}

// Find is part of host.Entries.
func (l *lentHost) Find(key []byte) (host.Entry, bool, error) {
	k := ledger.Key(key)
	raw, until, ok := ledger.Find(l.reader, k)
	if !ok {
		return host.Entry{}, false, nil
	}
	e := host.Entry{XDR: raw, HasTTL: k.HasTTL(), LiveUntil: until}
	if _, live := l.reader.Get(k); live && e.HasTTL && until == 0 {
		return host.Entry{}, false, fmt.Errorf("a contract entry without lifetime: %x", key)
	}
	if r := l.restored; r != nil && e.HasTTL && e.LiveUntil < r.in {
		if k.Temporary() {
			return host.Entry{}, false, nil
		}
		r.keys[k], e.LiveUntil = true, r.until
	}
	return e, true, nil
}

// take lends a host, configured with the settings that r has, until give.
func (h *hosts) take(ctx context.Context, r ledger.Reader) (*lentHost, error) {
	var l *lentHost
	select {
	case l = <-h.free:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a contract host: %w", ctx.Err())
	}
	if l != nil {
		l.reader = r
		return l, nil
	}
	l, err := h.make(ctx, r)
	if err != nil {
		h.free <- nil
		return nil, err
	}
	return l, nil
}

// make makes a host that belongs to its caller until give.
func (h *hosts) make(ctx context.Context, r ledger.Reader) (*lentHost, error) {
	l := &lentHost{reader: r}
	var err error
	if l.Host, err = h.machine.NewHost(ctx, l); err != nil {
		return nil, fmt.Errorf("start a contract host: %w", err)
	}
	if err := l.Configure(ctx); err != nil {
		_ = l.Close(ctx) // the first error is the one to tell
		return nil, fmt.Errorf("configure a contract host: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, l)
	return l, nil
}

func (h *hosts) give(l *lentHost) {
	l.reader, l.restored = nil, nil
	h.free <- l
}

func (h *hosts) close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var first error
	for _, l := range h.all {
		if err := l.Close(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}
