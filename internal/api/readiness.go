package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// ReadyOut says how far this process is.
type ReadyOut struct {
	Ready         bool   `json:"ready"`
	Projected     Ledger `json:"projected" doc:"Everything up to this ledger can be read here"`
	NetworkLedger uint32 `json:"network_ledger" doc:"The newest ledger of the network that was seen"`
}

// readiness remembers how far the network was seen to be. A network closes ledgers all the time, so what has been read is nearly always a little behind it:
// ready is who has once reached the ledger that was the newest when this process first looked, and has not fallen behind since.
type readiness struct {
	mu     sync.Mutex
	first  uint32 // the network's newest ledger when first asked; 0: it has not answered yet
	newest uint32
	caught bool // the first has been reached
}

// saw takes note of the network's newest ledger, and of what has been read. It tells how many ledgers are missing until this process is ready.
func (r *readiness) saw(network, projected uint32) (newest, missing uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == 0 {
		r.first = network
	}
	r.newest = max(r.newest, network)
	r.caught = r.caught || r.first != 0 && projected >= r.first
	if behind := r.newest - min(r.newest, projected); !r.caught || behind > maxBehind {
		return r.newest, behind
	}
	return r.newest, 0
}

func (r *readiness) started() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.caught
}

// notReady is the problem that says why, and how far this process is.
func notReady(at Ledger, format string, args ...any) *kindError {
	return &kindError{kind: kindNotReady, detail: fmt.Sprintf(format, args...), add: func(p *Problem) {
		if at.Sequence > 0 {
			p.Ledger = &at
		}
	}}
}

// gap is why what is missing cannot be read at present; empty if it can.
func (s *server) gap(ctx context.Context) string {
	followed, err := s.Trades.Contracts(ctx)
	if err != nil {
		return ""
	}
	for _, f := range followed {
		if f.Gap {
			return fmt.Sprintf("; the ledgers after %d cannot be had for contract %s", f.Ledger, f.Contract)
		}
	}
	return ""
}

// readyTime bounds the answer: whoever asks has a limit too, and no answer says less than that it is not ready.
const readyTime = 3 * time.Second

func (s *server) ready(ctx context.Context, _ *struct{}) (*Answer[ReadyOut], error) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	at, err := s.Trades.Head(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "not ready", "request", requestID(ctx), "err", err)
		return nil, notReady(at, "the store does not answer")
	}
	latest, err := s.Relay.LatestLedger(ctx)
	if err != nil {
		latest = relay.Ledger{} // it is as far as it was
	}
	newest, missing := s.readiness.saw(latest.Sequence, at.Sequence)
	switch {
	case newest == 0:
		s.Log.WarnContext(ctx, "not ready", "request", requestID(ctx), "err", err)
		return nil, notReady(at, "the network cannot be asked how far it is; everything up to ledger %d has been read", at.Sequence)
	case at.Sequence == 0:
		return nil, notReady(at, "no ledger has been read yet, the network is at %d%s", newest, s.gap(ctx))
	case missing > 0:
		return nil, notReady(at, "everything up to ledger %d has been read, the network is at %d: %d to go%s", at.Sequence, newest, missing, s.gap(ctx))
	}
	return &Answer[ReadyOut]{ReadyOut{true, at, newest}}, nil
}

// start refuses what is asked before this process has read what the chain held when it started: a trade would seem not to exist. If that cannot be told, or
// what is missing cannot be had, it is not refused: each answer names the ledger it speaks for.
func (s *server) start(ctx context.Context) error {
	if s.readiness.started() {
		return nil
	}
	at, err := s.Trades.Head(ctx)
	if err != nil {
		return nil // whoever reads next reports it
	}
	latest, err := s.Relay.LatestLedger(ctx)
	if err == nil {
		if newest, missing := s.readiness.saw(latest.Sequence, at.Sequence); missing > 0 && s.gap(ctx) == "" {
			return notReady(at, "still starting: everything up to ledger %d has been read, the network is at %d: %d to go", at.Sequence, newest, missing)
		}
	}
	return nil
}

// Starting answers while there is no API yet: every path with a problem that says to come back, but for /healthz. Of d, Now and Rand are used, and Log.
func Starting(d Deps, what string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = marshal(w, HealthOut{true}) // the client may be gone
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p := problemOf(r.Context(), kindNotReady)
		p.Detail = "still starting: " + what
		writeProblem(w, p)
	})
	return newEdge(mux, d)
}

// handle registers a route that reads or prepares: it answers once what the chain holds has been read.
func handle[I, O any](api huma.API, s *server, r route, f func(*server, context.Context, *I) (*O, error)) {
	r.problems = append(r.problems, kindNotReady)
	handleAlways(api, s, r, func(s *server, ctx context.Context, in *I) (*O, error) {
		if err := s.start(ctx); err != nil {
			return nil, err
		}
		return f(s, ctx, in)
	})
}
