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

// hosts hands out contract hosts, the one that was given back last first: it is still in the processor's caches, and has parsed the contracts that are
// called now. So there are as many as were ever needed at once. Each reads the entries of whoever has it.
type hosts struct {
	machine *host.Machine
	places  chan struct{} // a token for each that is lent, maxHosts at most

	mu   sync.Mutex
	free []*lentHost // the last is taken next
	all  []*lentHost
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
	return &hosts{machine: m, places: make(chan struct{}, maxHosts)}
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
	select {
	case h.places <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a contract host: %w", ctx.Err())
	}
	if l := h.last(); l != nil {
		l.reader = r
		return l, nil
	}
	l, err := h.make(ctx, r)
	if err != nil {
		<-h.places
		return nil, err
	}
	return l, nil
}

// last takes the host that was given back last, nil if all are lent.
func (h *hosts) last() *lentHost {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.free)
	if n == 0 {
		return nil
	}
	l := h.free[n-1]
	h.free = h.free[:n-1]
	return l
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
	h.mu.Lock()
	h.free = append(h.free, l)
	h.mu.Unlock()
	<-h.places
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
