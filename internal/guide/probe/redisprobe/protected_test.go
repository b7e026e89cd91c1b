//go:build linux

package redisprobe_test

import (
	"net"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/redisprobe"
	"github.com/Abdullahi130/StellarEscrow/test/parts/netns"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

// A Redis without a password answers those on its own machine, and refuses all others: who looks from there must not take that for a
// password, nor from here for none. It listens on another address than loopback's, so it has a network of its own.
func TestProtectedMode(t *testing.T) {
	if !netns.Own(t) {
		return
	}
	const outside = "203.0.113.5"
	for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", outside + "/32", "dev", "lo"}} {
		if out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	open := redis.New(redis.Options{Settings: map[string]string{"bind": "127.0.0.1 " + outside, "requirepass": `""`, "protected-mode": "yes"}})
	t.Cleanup(func() {
		if err := open.Stop(); err != nil {
			t.Error(err)
		}
	})
	here := open.Address(t)
	_, port, err := net.SplitHostPort(here)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]redisprobe.Answer{here: redisprobe.Answered, net.JoinHostPort(outside, port): redisprobe.Protected} {
		got := look(t, redisprobe.Target{Address: address, Passwords: []string{"redis"}}).Clear
		got.Version = ""
		leg := redisprobe.Leg{Ping: want, Info: redisprobe.Answered, Guess: -1}
		if want == redisprobe.Protected {
			leg.Info = redisprobe.NotAsked
		}
		if diff := cmp.Diff(leg, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", address, diff)
		}
	}
}
