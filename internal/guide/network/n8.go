package network

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// internal are the services that the guide wants on this machine only, and the port that each has inside.
var internal = [...]struct {
	name string
	port uint16
}{{postgres, 5432}, {redis, 6379}, {prometheus, 9090}, {grafana, 3000}, {loki, 3100}, {alertmanager, 9093}}

func n8() guide.Control {
	return guide.Control{
		ID:     "N8",
		Clause: "Compose: postgres, redis, prometheus, grafana, loki, alertmanager published on 127.0.0.1 only",
		Question: "Is each port that Compose publishes of an internal service bound to a loopback address, and does no other service but the front door publish one? Running: the same of what the " +
			"engine has published, and does, as the kernel has it, each of these ports listen on loopback addresses only?",
		Modes: []guide.Mode{
			{Name: "published-to-the-world", What: "a port of an internal service is published on every address of the machine, or on one that others reach"},
			{Name: "shares-the-hosts-network", What: "an internal service has the machine's own network, so that every port it opens is published"},
			{Name: "no-such-service", What: "a service that the clause names is not there, so that nothing can be said of it"},
			{Name: "published-beside-the-door", What: "another service than the front door publishes a port to the world"},
			{Name: "listens-to-the-world", What: "a published port listens on an address that others reach", Running: true},
		},
		Mutations: []guide.Mutation{
			stackfile.Change("published-to-the-world", "postgres is published on all addresses", `ports: ["127.0.0.1:5432:5432"]`, `ports: ["5432:5432"]`),
			stackfile.Change("published-to-the-world", "redis is published on an address of the machine's network", `ports: ["127.0.0.1:6379:6379"]`, `ports: ["192.168.0.10:6379:6379"]`),
			stackfile.Change("published-to-the-world", "prometheus is published on 0.0.0.0", `ports: ["127.0.0.1:9090:9090"]`, `ports: ["0.0.0.0:9090:9090"]`),
			stackfile.Change("published-to-the-world", "grafana is published on all IPv6 addresses", `ports: ["127.0.0.1:3002:3000"]`, `ports: ["[::]:3002:3000"]`),
			stackfile.Change("published-to-the-world", "loki is published in the long form, without an address", `ports: ["127.0.0.1:3100:3100"]`, `ports: [{target: 3100, published: "3100"}]`),
			stackfile.Change("published-to-the-world", "a range of alertmanager's ports is published", `ports: ["127.0.0.1:9093:9093"]`, `ports: ["9090-9093:9090-9093"]`),
			{Mode: "shares-the-hosts-network", What: "loki has the machine's network", Change: func(d *guide.Draft) error {
				if err := d.Replace(stackfile.Name, "    networks: [grafana-loki, loki-local]\n", "    network_mode: host\n"); err != nil {
					return err
				}
				return d.Replace(stackfile.Name, "    ports: [\"127.0.0.1:3100:3100\"]\n", "")
			}},
			stackfile.Change("published-beside-the-door", "the api is published too", "    command: [api]\n    environment:\n      API_LISTEN", "    command: [api]\n    ports: [\"4000:4000\"]\n    environment:\n      API_LISTEN"),
			{Mode: "no-such-service", What: "redis has another name", Change: renameRedis, Also: []string{"N9/no-such-service"}},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			p, err := stackfile.Project(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgePublished(p)
		},
		Running: runPublished,
	}
}

// renameRedis takes the name from the service and from all who name it.
func renameRedis(d *guide.Draft) error {
	text, err := d.Read(stackfile.Name)
	if err != nil {
		return err
	}
	changed := strings.ReplaceAll(strings.ReplaceAll(string(text), "\n  redis:\n", "\n  cache:\n"), "      redis: {condition: service_healthy}", "      cache: {condition: service_healthy}")
	return d.Write(stackfile.Name, []byte(changed))
}

func judgePublished(p *compose.Project) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, i := range internal {
		s, ok := p.Model.Services[i.name]
		if !ok {
			findings = append(findings, guide.Finding{Mode: "no-such-service", Subject: i.name, Detail: "the Compose file has no service of this name", At: guide.Place{File: stackfile.Name}})
			continue
		}
		if s.NetworkMode == "host" {
			findings = append(findings, guide.Finding{Mode: "shares-the-hosts-network", Subject: i.name, Detail: "give it networks of its own", At: stackfile.At(p, "services", i.name, "network_mode")})
		}
		var seen []string
		for n, port := range s.Ports {
			where := stackfile.At(p, "services", i.name, "ports", strconv.Itoa(n))
			seen = append(seen, published(port.HostIP, port.Published, port.Target))
			if !loopback(port.HostIP) {
				findings = append(findings, guide.Finding{Mode: "published-to-the-world", Subject: i.name, At: where,
					Detail: fmt.Sprintf("%s: write 127.0.0.1:%s:%d", published(port.HostIP, port.Published, port.Target), port.Published, port.Target)})
			}
		}
		if len(seen) == 0 {
			seen = []string{"publishes nothing"}
		}
		subjects = append(subjects, guide.Subject{Name: "service " + i.name, Evidence: strings.Join(seen, ", "), At: stackfile.At(p, "services", i.name)})
	}
	for name, s := range p.Model.Services {
		if name == "nginx" || slices.ContainsFunc(internal[:], func(i struct {
			name string
			port uint16
		}) bool {
			return i.name == name
		}) {
			continue
		}
		for n, port := range s.Ports {
			if !loopback(port.HostIP) {
				findings = append(findings, guide.Finding{Mode: "published-beside-the-door", Subject: name, At: stackfile.At(p, "services", name, "ports", strconv.Itoa(n)),
					Detail: published(port.HostIP, port.Published, port.Target) + ": only nginx is reached from outside"})
			}
		}
	}
	return guide.Judge(subjects, findings)
}

func published(host, port string, target uint32) string {
	if host == "" {
		host = "every address"
	}
	return fmt.Sprintf("%s:%s to %d", host, port, target)
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}
