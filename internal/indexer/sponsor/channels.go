package sponsor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// The bounds of waiting for a channel account.
const (
	leaseWait  = 10 * time.Second // in all
	leaseEvery = 100 * time.Millisecond
	maxWaiting = 500 // at once; each asks the store ten times a second
	// leaseMargin is how long a lease outlasts its transaction's time: the ledgers' clock may be behind ours, and a node behind the ledgers.
	leaseMargin = time.Minute
	// endWait bounds the giving back of a lease. One that was not given back ends by itself.
	endWait = 5 * time.Second
)

// channels are the accounts that send calls, each leased by one call at a time among all processes.
type channels struct {
	store Store
	now   func() time.Time
	rand  io.Reader
	log   *slog.Logger

	mu      sync.Mutex
	byName  map[string]payer.Source
	waiting int
	order   []string // the one that was given back longest ago first: its sequence number has had the most time to be known everywhere
	leased  int
}

func newChannels(c Config) *channels {
	out := &channels{store: c.Store, now: c.Now, rand: c.Rand, log: c.Log, byName: map[string]payer.Source{}}
	for _, s := range c.Keys.Channels {
		name := s.Account().String()
		if out.byName[name] == nil {
			out.byName[name] = s
			out.order = append(out.order, name)
		}
	}
	return out
}

// lease waits for a channel account that nobody uses. free gives it back.
func (c *channels) lease(ctx context.Context) (source payer.Source, free func(), err error) {
	holder := make([]byte, 16)
	if _, err := io.ReadFull(c.rand, holder); err != nil {
		return nil, nil, fmt.Errorf("no randomness to name a lease: %w", err)
	}
	name := hex.EncodeToString(holder)
	if !c.queue(1) {
		return nil, nil, refuse(reasonBusy, relay.ErrBusy, "%d requests wait for one of %d channel accounts: ask again in %s", maxWaiting, len(c.byName), leaseWait)
	}
	defer c.queue(-1)
	waited := time.NewTimer(leaseWait)
	defer waited.Stop()
	for {
		source, free, err := c.try(ctx, name)
		if !errors.Is(err, store.ErrNoneFree) {
			return source, free, err
		}
		again := time.NewTimer(leaseEvery)
		select {
		case <-again.C:
			continue
		case <-waited.C:
			err = refuse(reasonBusy, relay.ErrBusy, "all %d channel accounts are in use: ask again in %s", len(c.byName), leaseWait)
		case <-ctx.Done():
			err = fmt.Errorf("wait for one of %d channel accounts: %w", len(c.byName), ctx.Err())
		}
		again.Stop()
		return nil, nil, err
	}
}

// queue counts who waits; false if no more may.
func (c *channels) queue(more int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting+more > maxWaiting {
		return false
	}
	c.waiting += more
	return true
}

func (c *channels) try(ctx context.Context, holder string) (payer.Source, func(), error) {
	c.mu.Lock()
	names := append([]string(nil), c.order...)
	c.mu.Unlock()
	if len(names) == 0 {
		return nil, nil, store.ErrNoneFree
	}
	now := c.now()
	lease, err := c.store.Lease(ctx, names, holder, uint64(now.Unix()), uint64(now.Add(payer.Life+leaseMargin).Unix()))
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leased++
	c.remove(lease.Name)
	return c.byName[lease.Name], func() { c.end(context.WithoutCancel(ctx), lease) }, nil
}

func (c *channels) end(ctx context.Context, lease store.Lease) {
	ctx, cancel := context.WithTimeout(ctx, endWait)
	defer cancel()
	if err := c.store.EndLease(ctx, lease); err != nil {
		c.log.Warn("a channel account could not be given back; its lease ends by itself", "account", lease.Name, "err", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leased--
	c.remove(lease.Name)
	c.order = append(c.order, lease.Name)
}

func (c *channels) remove(name string) {
	for i, n := range c.order {
		if n == name {
			c.order = append(c.order[:i:i], c.order[i+1:]...)
			return
		}
	}
}

// count is how many there are, and how many of them this process uses.
func (c *channels) count() (total, leased int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.byName), c.leased
}
