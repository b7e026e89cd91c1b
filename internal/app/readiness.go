package app

import (
	"slices"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
)

// indexerReadiness is what the indexer's /readyz answers: how following is, and how the parts beside it are.
type indexerReadiness struct {
	indexer.Readiness
	Nodes  []nodeReadiness `json:"nodes"`
	Keeper *keeper.Status  `json:"keeper,omitempty"`
}

// readiness is how the indexer is now, as its /readyz answers.
func readiness(x *indexer.Replica, ledgers *pool.Pool, pays spender) func() (any, bool) {
	return func() (any, bool) {
		r := indexerReadiness{Readiness: x.Status().Readiness(), Nodes: nodesReady(ledgers.Status())}
		if !usable(r.Nodes) && r.Ready {
			r.Ready, r.Problem = false, "none of the nodes can be used: what the api asks cannot be handed on"
		}
		if pays.keeper != nil {
			keeps := pays.keeper.Status()
			r.Keeper = &keeps
		}
		return r, r.Ready
	}
}

// nodeReadiness is how a node is that ledgers are read from.
type nodeReadiness struct {
	Name    string     `json:"node"`
	InUse   bool       `json:"in_use"`
	State   pool.State `json:"state"`
	Since   time.Time  `json:"since"`
	Why     string     `json:"why,omitempty"` // it is not used
	Ledger  uint32     `json:"latest_ledger"`
	Latency string     `json:"latency"`
}

// usable tells whether a node can be used, as far as is known.
func usable(nodes []nodeReadiness) bool {
	return slices.ContainsFunc(nodes, func(n nodeReadiness) bool {
		return !slices.Contains([]pool.State{pool.Foreign, pool.Forked, pool.Failing}, n.State)
	})
}

func nodesReady(s pool.Status) []nodeReadiness {
	nodes := make([]nodeReadiness, len(s.Nodes))
	for i, n := range s.Nodes {
		nodes[i] = nodeReadiness{Name: n.Name, InUse: n.Current, State: n.State, Since: n.Since.UTC(), Why: n.Why, Ledger: n.Tip.Sequence, Latency: n.Latency.Round(time.Microsecond).String()}
	}
	return nodes
}
