package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Source is what the pool asks of a node, and what the indexer asks of the pool.
type Source interface {
	CheckNetwork(ctx context.Context) (protocol uint32, err error)
	LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error)
	Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error)
	Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error)
}

// linked is a source that knows the hashes of the ledgers it has read events from.
type linked interface {
	Link(seq uint32) (source.Link, bool)
	Forget()
}

// Endpoint is a node and its name for people: the host of its URL (rpc.Client.Host), since the rest may hold a key.
type Endpoint struct {
	Name   string
	Source Source
}

// Config says which nodes there are, the preferred one first. Endpoints and Now are required.
type Config struct {
	Endpoints []Endpoint
	Now       func() time.Time
	Look      time.Duration // how often all nodes are looked at; DefaultLook if 0
	Log       *slog.Logger  // nil logs nothing
}

// The bounds of a pool.
const (
	DefaultLook = 5 * time.Second
	lookTimeout = 10 * time.Second // of one look at one node

	lagLedgers = 3 // a node may be behind the others
	// wildLedgers is how far the newest ledger that was ever reported may be above what every node has: more than an hour of ledgers do not vanish,
	// so whoever reported it was wrong.
	wildLedgers = 1000
	stallAfter  = 60 * time.Second // without a new ledger, twelve times the usual
	slowAfter   = 2 * time.Second  // for an answer, when another node needs less than half

	maxChecks = 16 // ledgers by which nodes are compared

	retryFirst = 5 * time.Second // after which a node that was left may be used again; doubled each time
	retryMost  = 5 * time.Minute // at most
	// After being well for so long a node is taken to be as good as new: it begins with retryFirst again.
	steady = 10 * time.Minute
)

// Pool is several nodes as one source. It is safe for concurrent use.
type Pool struct {
	config Config
	chain  *source.Chain

	mu       sync.Mutex
	nodes    []*node // in order of preference
	current  *node   // that answered last
	switches uint64
	read     uint32        // events were given up to this ledger
	checks   []source.Link // ledgers up to it whose hash is known, the newest maxChecks, in order
	claims   claims        // ledgers behind it
	newest   rpc.Ledger    // that was reported; it never moves back, but where it was wild
	stored   []source.Link // ledgers that the store has, in order
}

// New makes a pool. It asks nobody anything yet. Let Run go on beside whoever uses it.
func New(c Config) (*Pool, error) {
	if len(c.Endpoints) == 0 {
		return nil, errors.New("pool: no node is named")
	}
	if c.Look == 0 {
		c.Look = DefaultLook
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{config: c, chain: source.NewChain()}
	seen := map[string]int{}
	for _, e := range c.Endpoints {
		if seen[e.Name]++; seen[e.Name] > 1 {
			e.Name = fmt.Sprintf("%s (%d)", e.Name, seen[e.Name])
		}
		p.nodes = append(p.nodes, &node{Endpoint: e, state: Unknown, since: c.Now()})
	}
	return p, nil
}

// Trust takes the store's word for a ledger. Nodes that say otherwise are forked, whatever they said before. Of several such ledgers the newest
// is the mark.
func (p *Pool) Trust(seq uint32, hash stellar.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	link := source.Link{Sequence: seq, Hash: hash}
	p.remember(link)
	known, ok := p.chain.Link(seq)
	broken := p.chain.Check(link)
	p.chain.Trust(seq, hash)
	if ok && known.Hash == hash || slices.Contains(p.claims.links, link) {
		return // it is what the nodes in use have said
	}
	if broken != nil {
		p.forget()
	}
	for _, n := range p.nodes {
		p.enter(n, Unknown, nil)
	}
}

// CheckNetwork returns the protocol of the first node that can be used. It is rpc.ErrWrongNetwork only if every node is of another network:
// one that is misnamed is left. After a reset of the network it is the preferred node's answer, so that whoever goes on to ask for ledgers sees it.
func (p *Pool) CheckNetwork(ctx context.Context) (uint32, error) {
	protocol, err := ask(ctx, p, func(ctx context.Context, s Source) (uint32, error) { return s.CheckNetwork(ctx) }, nil)
	if err != nil && p.reset(ctx) {
		return p.nodes[0].Source.CheckNetwork(ctx)
	}
	return protocol, err
}

// LatestHash is the newest ledger of the first node that can be used and has all that was reported before it was asked. What others learn while it answers does
// not make its answer wrong.
func (p *Pool) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	type latest struct {
		rpc.Ledger
		hash stellar.Hash
		seen uint32 // when the node was asked
	}
	got, err := ask(ctx, p, func(ctx context.Context, s Source) (latest, error) {
		p.mu.Lock()
		seen := p.newest.Sequence
		p.mu.Unlock()
		l, h, err := s.LatestHash(ctx)
		return latest{l, h, seen}, err
	}, func(n *node, l latest) error {
		if l.Sequence < min(l.seen, p.newest.Sequence) { // which may have been wild, and moved back
			return fmt.Errorf("its newest ledger is %d, %d had been seen: %w", l.Sequence, l.seen, errBehind)
		}
		if err := p.claim(n, source.Link{Sequence: l.Sequence, Hash: l.hash}); err != nil {
			return err
		}
		if l.Sequence >= p.newest.Sequence {
			n.tipIs(l.Ledger, p.config.Now())
			p.newest = l.Ledger
		}
		return nil
	})
	if errors.Is(err, errBehind) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return rpc.Ledger{}, stellar.Hash{}, fmt.Errorf("ledger %d has been seen, and no node that can be used has it: %w", p.newest.Sequence, rpc.ErrUnavailable)
	}
	return got.Ledger, got.hash, err
}

// Ledgers are those of the first node that can be used and has them. If every node says that the ledger which the store has marked is
// another one, they are the preferred node's all the same: the network was reset, and whoever asks has to see it.
func (p *Pool) Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	type answer struct {
		list []rpc.ClosedLedger
		kept rpc.Range
	}
	read := func(ctx context.Context, s Source) (answer, error) {
		list, kept, err := s.Ledgers(ctx, from, limit)
		return answer{list, kept}, err
	}
	got, err := ask(ctx, p, read, func(n *node, a answer) error {
		if a.kept.Latest.Sequence == 0 {
			return fmt.Errorf("ledgers from %d: it says nothing of what it keeps: %w", from, rpc.ErrAnswer)
		}
		for i, l := range a.list {
			if l.Sequence != from+uint32(i) {
				return fmt.Errorf("asked for ledger %d, got %d: %w", from+uint32(i), l.Sequence, rpc.ErrAnswer)
			}
			if err := p.contradicts(n, source.Link{Sequence: l.Sequence, Hash: l.Hash}); err != nil {
				return err
			}
		}
		if len(a.list) == 0 && from <= p.best() {
			return fmt.Errorf("it does not have ledger %d yet: %w", from, errBehind)
		}
		p.report(&a.kept)
		return nil
	})
	var gap *rpc.GapError
	switch {
	case errors.As(err, &gap):
		return nil, gap.Kept, err
	case errors.Is(err, errBehind):
		p.mu.Lock()
		defer p.mu.Unlock()
		p.report(&got.kept)
		return nil, got.kept, nil // none of them has it: it is yet to be
	case err != nil && p.reset(ctx):
		got, err = read(ctx, p.nodes[0].Source)
	}
	return got.list, got.kept, err
}

// Events is a page of the first node that can be used and gives one. A node that no longer has what comes next is passed over: only if none
// has it, it is a *rpc.GapError.
func (p *Pool) Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error) {
	page, err := ask(ctx, p, func(ctx context.Context, s Source) (rpc.EventPage, error) {
		page, err := s.Events(ctx, from, contracts, limit)
		if err == nil {
			err = source.CheckPage(page, from, contracts)
		}
		return page, err
	}, func(n *node, page rpc.EventPage) error {
		if err := p.continues(n, from, page); err != nil {
			return err
		}
		n.tipIs(page.Kept.Latest, p.config.Now())
		if page.Cursor == from.Cursor && page.Kept.Latest.Sequence < p.best() {
			return fmt.Errorf("its newest ledger is %d, there is %d: %w", page.Kept.Latest.Sequence, p.best(), errBehind)
		}
		p.delivered(n, store.EventID(page.Cursor).Ledger())
		return nil
	})
	if errors.Is(err, errBehind) {
		err = nil // nobody has more: the page is empty
	}
	if err != nil {
		return rpc.EventPage{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report(&page.Kept)
	return page, nil
}

// continues holds the ledgers that a page is of against those that were read before, if the node's source knows their hashes.
func (p *Pool) continues(n *node, from rpc.From, page rpc.EventPage) error {
	s, ok := n.Source.(linked)
	if !ok || page.Cursor == "" || page.Cursor == from.Cursor {
		return nil
	}
	first := max(store.EventID(from.Cursor).Complete()+1, from.Ledger)
	for _, seq := range []uint32{first, store.EventID(page.Cursor).Ledger()} {
		if link, ok := s.Link(seq); ok {
			if err := p.keep(n, link); err != nil {
				return err
			}
		}
	}
	return nil
}

// report brings a range up to the newest ledger there is on a node that can be used: whoever reads up to it asks again at once, and is given
// what another node has. Its caller holds p.mu.
func (p *Pool) report(kept *rpc.Range) {
	if kept.Latest.Sequence > p.newest.Sequence {
		p.newest = kept.Latest
	}
	for _, n := range p.nodes {
		if n.state.agrees() && n.tip.Sequence > p.newest.Sequence {
			p.newest = n.tip
		}
	}
	kept.Latest = p.newest
}

// best is the newest ledger that a node which can be used has. Its caller holds p.mu.
func (p *Pool) best() uint32 {
	best := p.newest.Sequence
	for _, n := range p.nodes {
		if n.state.agrees() {
			best = max(best, n.tip.Sequence)
		}
	}
	return best
}
