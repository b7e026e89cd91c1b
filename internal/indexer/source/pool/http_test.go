package pool_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/pool"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Over real connections: answers that are cut, too short, too large or too late are nobody's page, and the next node gives it.
func TestBodiesOverHTTP(t *testing.T) {
	good := &sourcetest.Node{Passphrase: sourcetest.Network(t).Passphrase()}
	chain := sourcetest.From(firstLedger)
	for range 5 {
		good.Add(next(chain, "main"))
	}
	for what, fault := range map[string]sourcetest.Fault{
		"cut": {Cut: 300}, "truncated": {Truncate: 300}, "late": {Delay: time.Minute}, "too large": {Change: func(any) any { return make([]byte, 1<<20) }},
		"another form": {Change: func(any) any { return []int{1} }}, "null": {Change: func(any) any { return nil }}, "redirected": {Status: 302}, "busy": {Status: 429},
		"none of the methods": {Code: -32601, Message: "method not found"}, "busy by code": {Code: -32001, Message: "wait"},
	} {
		for mode, verify := range map[string]bool{"events": false, "ledgers": true} {
			t.Run(what+" "+mode, func(t *testing.T) {
				t.Parallel()
				bad := &sourcetest.Node{Passphrase: good.Passphrase, Fault: func(method string) sourcetest.Fault {
					if method == "getEvents" || method == "getLedgers" {
						return fault
					}
					return sourcetest.Fault{}
				}}
				c := sourcetest.From(firstLedger)
				for range 5 {
					bad.Add(next(c, "main"))
				}
				config := pool.Config{Now: time.Now}
				for _, n := range []*sourcetest.Node{bad, good} {
					server := httptest.NewServer(n)
					t.Cleanup(server.Close)
					client, err := rpc.New(rpc.Config{URL: server.URL, Network: sourcetest.Network(t), Timeout: time.Second / 2, MaxBody: 1 << 20})
					if err != nil {
						t.Fatal(err)
					}
					e := pool.Endpoint{Name: client.Host(), Source: client}
					if verify {
						e.Source = source.NewLedgers(sourcetest.Network(t), client, source.NewChain())
					}
					config.Endpoints = append(config.Endpoints, e)
				}
				p, err := pool.New(config)
				if err != nil {
					t.Fatal(err)
				}
				page, err := p.Events(t.Context(), rpc.From{Ledger: firstLedger}, contracts(), 100)
				if err != nil {
					t.Fatal(err)
				}
				want, err := config.Endpoints[1].Source.Events(t.Context(), rpc.From{Ledger: firstLedger}, contracts(), 100)
				if err != nil || len(want.Events) != 5 {
					t.Fatal(len(want.Events), err)
				}
				if diff := cmp.Diff(sourcetest.Lines(t, want.Events), sourcetest.Lines(t, page.Events)); diff != "" {
					t.Error(diff)
				}
				if s := p.Status(); s.Nodes[0].State != pool.Failing || !s.Nodes[1].Current {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}
