//go:build linux

package compose_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// connection is one that must be possible.
type connection struct {
	from, to string
	port     uint16
}

// table is the guide's (docs/guide.md N2 to N7), with nginx where it says ingress, and what is needed beyond it. A network of Docker's does not say who begins,
// so of two parts in a line each may reach the other; of two that share no line, none may.
var table = []connection{
	{"nginx", "client", 3001}, {"nginx", "api", 4000},
	{"api", "postgres", 5432}, {"api", "indexer", 3000},
	{"indexer", "postgres", 5432}, {"indexer", "redis", 6379},
	{"prometheus", "indexer", 3000},
	{"prometheus", "api", 4001},          // M1, M3, M8
	{"prometheus", "nginx", 9145},        // M3, M6, M7: what nginx refuses, counted beside it
	{"prometheus", "alertmanager", 9093}, // M11
}

// goesOut are the parts that may reach addresses outside: the Stellar network, receivers of alerts, the responder of who certified the door.
var goesOut = []string{"alertmanager", "indexer", "nginx"}

// patience bounds one attempt: what is let through here is answered within a millisecond, and what is not is dropped.
const patience = time.Second

// atOnce bounds the attempts that are under way together.
const atOnce = 64

// attempt is one try of a connection, at one address that the other has.
type attempt struct {
	connection
	address string
}

// try makes all attempts, each from inside the network of who makes it, and tells which connections were taken at any address.
func (s *stack) try(t *testing.T, attempts []attempt) (open map[connection]bool) {
	t.Helper()
	open = map[connection]bool{}
	var mu sync.Mutex
	var group sync.WaitGroup
	gate := make(chan struct{}, atOnce)
	for _, a := range attempts {
		gate <- struct{}{}
		group.Go(func() {
			defer func() { <-gate }()
			if s.open(t, s.network(a.from), a.address) {
				mu.Lock()
				defer mu.Unlock()
				open[a.connection] = true
			}
		})
	}
	group.Wait()
	return open
}

// isolated tries every pair of parts, at every address that the other has, on every port that it listens on, from inside the first one's network.
func (s *stack) isolated(t *testing.T) {
	listens := map[string][]uint16{}
	for name, c := range s.containers {
		if name == "refusals" || name == "secrets" { // nginx's network; none
			continue
		}
		sockets, err := ports.Listening(s.proc(), c.PID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, socket := range sockets {
			if socket.Protocol == "tcp" && !socket.Loopback() && !slices.Contains(listens[name], socket.Address.Port()) {
				listens[name] = append(listens[name], socket.Address.Port())
			}
		}
		if len(listens[name]) == 0 {
			t.Errorf("%s listens on nothing that others could reach", name)
		}
	}
	var attempts []attempt
	for from := range listens {
		for to, numbers := range listens {
			if from == to {
				continue
			}
			for _, address := range s.containers[to].Networks {
				for _, port := range numbers {
					attempts = append(attempts, attempt{connection{from, to, port}, fmt.Sprintf("%s:%d", address, port)})
				}
			}
		}
		for _, port := range []uint16{443, 80} {
			attempts = append(attempts, attempt{connection{from, "outside", port}, fmt.Sprintf("203.0.113.10:%d", port)})
		}
	}
	open := s.try(t, attempts)
	t.Logf("%d attempts of %d parts; %d connections are open", len(attempts), len(listens), len(open))
	pair := func(a, b string) bool {
		return slices.ContainsFunc(table, func(c connection) bool { return c.from == a && c.to == b || c.from == b && c.to == a })
	}
	for c := range open {
		if c.to == "outside" && !slices.Contains(goesOut, c.from) || c.to != "outside" && !pair(c.from, c.to) {
			t.Errorf("%s reaches %s on %d", c.from, c.to, c.port)
		}
	}
	for _, c := range table {
		if !open[c] {
			t.Errorf("%s does not reach %s on %d", c.from, c.to, c.port)
		}
	}
	for _, part := range goesOut {
		if !open[connection{part, "outside", 443}] {
			t.Errorf("%s does not reach the outside", part)
		}
	}
	if len(listens) != len(s.parts)-2 {
		t.Errorf("tried %v, of the parts %v", slices.Sorted(maps.Keys(listens)), slices.Sorted(maps.Keys(s.parts)))
	}
}

// network is the file of a part's network namespace.
func (s *stack) network(part string) string {
	return fmt.Sprintf("%s/%d/ns/net", s.engine.Proc(), s.containers[part].PID)
}

// open tells whether somebody takes a connection to an address, asked from inside a network.
func (s *stack) open(t *testing.T, network, address string) bool {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := enter.Dial(ctx, network, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// byTheMachine tries what a container reaches by the machine's own addresses, the gateways of its networks: of what is published, the front door only.
func (s *stack) byTheMachine(t *testing.T) {
	out, err := s.engine.Exec(t.Context(), "ip", "-brief", "-4", "address")
	if err != nil {
		t.Fatal(err)
	}
	var gateways []string
	for field := range strings.FieldsSeq(string(out)) {
		if prefix, err := netip.ParsePrefix(field); err == nil && !prefix.Addr().IsLoopback() {
			gateways = append(gateways, prefix.Addr().String())
		}
	}
	if len(gateways) < 10 || !slices.Contains(gateways, outside.Box) {
		t.Fatalf("the machine has the addresses %v", gateways)
	}
	var attempts []attempt
	for part := range s.parts {
		if part == "refusals" || part == "secrets" {
			continue
		}
		for _, gateway := range gateways {
			for _, port := range []uint16{5432, 6379, 9090, 9093, 2375} {
				attempts = append(attempts, attempt{connection{part, "machine", port}, fmt.Sprintf("%s:%d", gateway, port)})
			}
		}
	}
	for c := range s.try(t, attempts) {
		t.Errorf("%s reaches port %d of the machine", c.from, c.port)
	}
}
