package pool

import (
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Status is how the pool is.
type Status struct {
	Newest   rpc.Ledger // that was reported
	Switches uint64     // how often another node was taken
	Nodes    []NodeStatus
}

// NodeStatus is how a node is.
type NodeStatus struct {
	Name    string
	Current bool // it answered last
	State   State
	Since   time.Time
	Why     string     // why it is not used; empty if it can be
	Tip     rpc.Ledger // its newest ledger
	Latency time.Duration
	RetryAt time.Time // not before that it is used again; past if it can be
}

// Status is how the pool is now: for metrics and for people.
func (p *Pool) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Newest: p.newest, Switches: p.switches}
	for _, n := range p.nodes {
		one := NodeStatus{Name: n.Name, Current: n == p.current, State: n.state, Since: n.since, Tip: n.tip, Latency: n.latency, RetryAt: n.retryAt}
		if n.why != nil {
			one.Why = n.why.Error()
		}
		s.Nodes = append(s.Nodes, one)
	}
	return s
}
