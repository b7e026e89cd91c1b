//go:build linux

package netns

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// Attempt is one connection to try.
type Attempt struct {
	From, To string // names
	UDP      bool   // else TCP
	Port     uint16
}

func (a Attempt) String() string {
	protocol := "TCP"
	if a.UDP {
		protocol = "UDP"
	}
	return fmt.Sprintf("%s to %s %d/%s", a.From, a.To, a.Port, protocol)
}

// Party is who connections come from and go to.
type Party struct {
	Name    string
	Address netip.Addr                  // IPv4
	Inside  func(do func() error) error // runs a function in its network
}

// longest ends a trial that never becomes quiet.
const longest = 20 * time.Second

// quiet is how long nothing new has come through, in a network that this process has made for itself, before the rest counts as dropped: packets there take well under
// a millisecond.
const quiet = 300 * time.Millisecond

// Try makes all attempts at once and tells of each whether it came through: see Trial.
func (n *Network) Try(t *testing.T, attempts []Attempt) []bool {
	t.Helper()
	trial := Trial{Quiet: quiet, AtOnce: true}
	for name, h := range n.hosts {
		trial.Parties = append(trial.Parties, Party{name, h.Address, func(do func() error) error { return n.in(name, do) }})
	}
	through, err := trial.Run(attempts)
	if err != nil {
		t.Fatal(err)
	}
	return through
}

// Trial is how attempts are made.
type Trial struct {
	Parties []Party
	// Quiet is how long nothing new has come through before the rest counts as dropped.
	Quiet time.Duration
	// AtOnce makes the attempts of all parties at once; otherwise those of one after those of another, for which fewer sockets are open.
	AtOnce bool
}

// Run makes the attempts and tells of each whether it came through: over TCP an answer of the other, be it that nobody listens there; over UDP that the packet lies
// there, or where somebody has the port already, which is DNS alone, that it answers.
func (tr Trial) Run(attempts []Attempt) (through []bool, err error) {
	parties := map[string]Party{}
	for _, p := range tr.Parties {
		parties[p.Name] = p
	}
	r := sockets{parties: parties, attempts: attempts, through: make([]bool, len(attempts)), listeners: map[place]int{}, waits: map[int]int{}}
	defer r.close()
	from := map[string][]int{} // attempts by who makes them, so that each is entered once
	for i, a := range attempts {
		for _, name := range []string{a.From, a.To} {
			if parties[name].Inside == nil {
				return nil, fmt.Errorf("%v: nobody is called %q", a, name)
			}
		}
		if a.UDP {
			if err := r.listen(a.To, a.Port); err != nil {
				return nil, fmt.Errorf("%v: %w", a, err)
			}
		}
		from[a.From] = append(from[a.From], i)
	}
	for _, p := range tr.Parties {
		if err := r.begin(p, from[p.Name]); err != nil {
			return nil, err
		}
		if !tr.AtOnce {
			if err := r.settle(tr.Quiet); err != nil {
				return nil, err
			}
		}
	}
	if tr.AtOnce {
		err = r.settle(tr.Quiet)
	}
	return r.through, err
}
