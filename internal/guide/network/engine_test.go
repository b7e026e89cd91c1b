package network

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/engine"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
)

// container is one as ours are.
func container(service string, change func(*engine.Container)) engine.Container {
	c := engine.Container{Name: "stellar-escrow-" + service + "-1", Service: service, Processes: []procs.Process{{PID: 7, Name: service, NoNewPrivileges: true, LastCapability: 40,
		RealUID: procs.ID{Outside: 999}, EffectiveUID: procs.ID{Outside: 999}, SavedUID: procs.ID{Outside: 999}, Mounts: procs.Mounts{{ID: 1, Point: "/", Type: "overlay", ReadOnly: true}}}}}
	if change != nil {
		change(&c)
	}
	return c
}

func TestWhatAnEngineHasPublished(t *testing.T) {
	at := func(address string) func(*engine.Container) {
		return func(c *engine.Container) {
			c.Ports = []engine.Port{{Address: netip.MustParseAddr(address), Public: 5432, Private: 5432, Protocol: "tcp"}}
		}
	}
	socket := func(address string) []ports.Socket {
		return []ports.Socket{{Protocol: "tcp", Address: netip.MustParseAddrPort(address)}}
	}
	forward := func(to string) ports.Forward {
		return ports.Forward{Protocol: "tcp", To: netip.MustParsePrefix(to), First: 5432, Last: 5432, Target: netip.MustParseAddrPort("172.17.0.2:5432")}
	}
	for name, c := range map[string]struct {
		facts engine.Facts
		want  guide.Verdict
		modes []string
	}{
		"on loopback":                  {engine.Facts{Containers: []engine.Container{container(postgres, at("127.0.0.1"))}, Listening: socket("127.0.0.1:5432")}, guide.Passed, nil},
		"not at all":                   {engine.Facts{Containers: []engine.Container{container(postgres, nil)}}, guide.Passed, nil},
		"to the world":                 {engine.Facts{Containers: []engine.Container{container(postgres, at("0.0.0.0"))}}, guide.Failed, []string{"published-to-the-world"}},
		"by IPv6":                      {engine.Facts{Containers: []engine.Container{container(postgres, at("::"))}}, guide.Failed, []string{"published-to-the-world"}},
		"the kernel says otherwise":    {engine.Facts{Containers: []engine.Container{container(postgres, nil)}, Listening: socket("0.0.0.0:5432")}, guide.Failed, []string{"listens-to-the-world"}},
		"a packet rule says otherwise": {engine.Facts{Containers: []engine.Container{container(postgres, nil)}, Forwards: []ports.Forward{forward("0.0.0.0/0")}}, guide.Failed, []string{"listens-to-the-world"}},
		"a packet rule of loopback":    {engine.Facts{Containers: []engine.Container{container(postgres, nil)}, Forwards: []ports.Forward{forward("127.0.0.1/32")}}, guide.Passed, nil},
		"with the machine's network":   {engine.Facts{Containers: []engine.Container{container(loki, func(c *engine.Container) { c.HostNetwork = true })}}, guide.Failed, []string{"shares-the-hosts-network"}},
		"beside the door":              {engine.Facts{Containers: []engine.Container{container(postgres, nil), container(api, at("0.0.0.0"))}}, guide.Failed, []string{"published-beside-the-door"}},
		"the door itself":              {engine.Facts{Containers: []engine.Container{container(postgres, nil), container("nginx", at("0.0.0.0"))}}, guide.Passed, nil},
		"none of them runs":            {engine.Facts{Containers: []engine.Container{container(client, nil)}}, guide.NotEvidenced, nil},
		"sockets could not be listed":  {engine.Facts{Containers: []engine.Container{container(postgres, nil)}, Unheard: errors.New("no")}, guide.NotEvidenced, nil},
		"and still a port is too open": {engine.Facts{Containers: []engine.Container{container(postgres, at("0.0.0.0"))}, Unheard: errors.New("no")}, guide.Failed, []string{"published-to-the-world"}},
	} {
		check(t, name, judgeEngine(c.facts), c.want, c.modes)
	}
}

func TestHowContainersAreConfined(t *testing.T) {
	first := func(change func(*procs.Process)) func(*engine.Container) {
		return func(c *engine.Container) { change(&c.Processes[0]) }
	}
	writable := first(func(p *procs.Process) { p.Mounts[0].ReadOnly = false })
	for name, c := range map[string]struct {
		service string
		change  func(*engine.Container)
		want    guide.Verdict
		modes   []string
	}{
		"as it must be":               {redis, nil, guide.Passed, nil},
		"new privileges":              {redis, first(func(p *procs.Process) { p.NoNewPrivileges = false }), guide.Failed, []string{"new-privileges"}},
		"a root that can be written":  {redis, writable, guide.Failed, []string{"writable-root"}},
		"one that is listed":          {"secrets", writable, guide.Passed, nil},
		"one that need not be listed": {"secrets", nil, guide.Failed, []string{"needless-exception"}},
		"root":                        {redis, first(func(p *procs.Process) { p.EffectiveUID = procs.ID{} }), guide.Failed, []string{"runs-as-root"}},
		"root inside":                 {redis, first(func(p *procs.Process) { p.RealUID = procs.ID{Outside: 100000, Mapped: true} }), guide.Failed, []string{"runs-as-root"}},
		"a capability":                {redis, first(func(p *procs.Process) { p.Bounding = 1 << 13 }), guide.Failed, []string{"has-capabilities"}},
		"every capability":            {redis, first(func(p *procs.Process) { p.Effective = 1<<41 - 1 }), guide.Failed, []string{"privileged"}},
		"one that was started later": {redis, func(c *engine.Container) {
			second := c.Processes[0]
			second.NoNewPrivileges = false
			c.Processes = append(c.Processes, second)
		}, guide.Failed, []string{"new-privileges"}},
		"not to be seen": {redis, func(c *engine.Container) { c.Processes, c.Unseen = nil, errors.New("no") }, guide.NotEvidenced, nil},
		"no process":     {redis, func(c *engine.Container) { c.Processes = nil }, guide.NotEvidenced, nil},
	} {
		check(t, name, judgeConfined(engine.Facts{Containers: []engine.Container{container(c.service, c.change)}}), c.want, c.modes)
	}
}

func check(t *testing.T, name string, r guide.Result, want guide.Verdict, modes []string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings() {
		got = append(got, f.Mode)
	}
	if r.Verdict() != want || !slices.Equal(slices.Compact(got), modes) {
		t.Errorf("%s: %s %v, want %s %v: %s %v", name, r.Verdict(), got, want, modes, r.Reason(), r.Findings())
	}
}
