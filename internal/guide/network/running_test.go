package network

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	parts "github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

// server is a Redis as ours are.
var server = parts.New(parts.Options{})

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

// ask judges one clause of a system that runs.
func ask(t *testing.T, id string, targets facts.Targets) guide.Clause {
	t.Helper()
	g, err := guide.New(Controls()...)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := g.Choose([]string{id})
	if err != nil {
		t.Fatal(err)
	}
	return guide.Audit(t.Context(), chosen, guide.Asked{Running: facts.Running(targets), Within: time.Minute, Now: time.Now}).Clauses[0]
}

func TestARedisThatRuns(t *testing.T) {
	other := parts.New(parts.Options{Settings: map[string]string{"requirepass": `""`}})
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name    string
		address string
		set     string // the other's password from now on
		want    guide.Verdict
		modes   []string
	}{
		{"with a password of its own", server.Address(t), "", guide.Passed, nil},
		{"without a password", other.Address(t), "", guide.Failed, []string{"answers-anybody"}},
		{"with a password that everybody knows", other.Address(t), "changeme", guide.Failed, []string{"known-password"}},
		{"nobody listens", "127.0.0.1:1", "", guide.NotEvidenced, nil},
		{"no redis is named in the targets", "", "", guide.NotEvidenced, nil},
	} {
		if c.set != "" {
			other.Do(t, "CONFIG", "SET", "requirepass", c.set)
		}
		if got := ask(t, "N9", facts.Targets{Redis: c.address, Compose: true}); got.Running.Verdict() != c.want || !slices.Equal(got.Modes(), c.modes) {
			t.Errorf("%s: %s %v, want %s %v: %s %v", c.name, got.Running.Verdict(), got.Modes(), c.want, c.modes, got.Running.Reason(), got.Running.Findings())
		}
	}
}

func TestPortsThatListen(t *testing.T) {
	at := func(all ...string) (sockets []ports.Socket) {
		for _, a := range all {
			protocol, address, _ := strings.Cut(a, " ")
			sockets = append(sockets, ports.Socket{Protocol: protocol, Address: netip.MustParseAddrPort(address)})
		}
		return sockets
	}
	for name, c := range map[string]struct {
		sockets []ports.Socket
		want    guide.Verdict
		subject string // of the finding
	}{
		"all on loopback":              {at("tcp 127.0.0.1:5432", "tcp [::1]:6379", "tcp 127.0.0.2:9090", "tcp 0.0.0.0:443"), guide.Passed, ""},
		"the database on everything":   {at("tcp 0.0.0.0:5432", "tcp 127.0.0.1:6379"), guide.Failed, postgres},
		"grafana on IPv6":              {at("tcp [::]:3002"), guide.Failed, grafana},
		"prometheus on one address":    {at("tcp 192.168.0.10:9090"), guide.Failed, prometheus},
		"3000 is not grafana's":        {at("tcp 0.0.0.0:3000", "tcp 127.0.0.1:3002"), guide.Passed, ""},
		"UDP is not published":         {at("udp 0.0.0.0:5432", "tcp 127.0.0.1:5432"), guide.Passed, ""},
		"nothing of the stack listens": {at("tcp 0.0.0.0:443"), guide.NotEvidenced, ""},
	} {
		r := guide.Judge(open(c.sockets, nil))
		if r.Verdict() != c.want || c.subject != "" && (len(r.Findings()) != 1 || r.Findings()[0].Subject != c.subject) {
			t.Errorf("%s: %s %v", name, r.Verdict(), r.Findings())
		}
	}
}
