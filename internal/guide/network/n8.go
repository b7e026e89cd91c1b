package network

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
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
		Question: "Is each port that Compose publishes of an internal service bound to a loopback address, and does no other service but the front door publish one? Is there no other way in: no network of a kind, or with an option, that is not known to open " +
			"nothing, no service in another's network, no port of the front door but those of its two servers, and does that lead to api and client alone? In docker-compose.yml, and with each docker-compose.NAME.yml over it. " +
			"Running: is what the engine has published bound to loopback addresses, and does, as the kernel has it, each of these ports listen there only?",
		Modes: []guide.Mode{
			{Name: "published-to-the-world", What: "a port of an internal service is published on every address of the machine, or on one that others reach"},
			{Name: "shares-the-hosts-network", What: "a service has the machine's own network, so that every port it opens is published"},
			{Name: "no-such-service", What: "a service that the clause names is not there, so that nothing can be said of it"},
			{Name: "published-beside-the-door", What: "another service than the front door publishes a port to the world"},
			{Name: "address-by-variable", What: "a variable decides on which address a port is published: what the file says of it is only what happens without it"},
			{Name: unknownNetwork, What: "a network, or a service's place in one, is of a kind or has an option that nobody has looked at: it may open every port of whoever is there"},
			{Name: doorOpensMore, What: "the front door publishes another port than those of its two servers"},
			{Name: doorLeads, What: "the front door hands on what comes to somebody else than api and client, who is published by that"},
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
			stackfile.Change("address-by-variable", "where postgres is published a variable says, though it need not", `ports: ["127.0.0.1:5432:5432"]`, `ports: ["${BIND:-127.0.0.1}:5432:5432"]`),
			stackfile.Change("address-by-variable", "where loki is published a variable says, in the long form", `ports: ["127.0.0.1:3100:3100"]`, `ports: [{target: 3100, published: "3100", host_ip: "${BIND:-127.0.0.1}"}]`),
			{Mode: "published-beside-the-door", What: "a developer's indexer is published to the world", Change: func(d *guide.Draft) error {
				return d.Replace("docker-compose.dev.yml", `ports: ["127.0.0.1:3000:3000"]`, `ports: ["3000:3000"]`)
			}},
			{Mode: "published-to-the-world", What: "one more file puts redis on every address", Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.debug.yml", []byte("services:\n  redis:\n    ports: [\"6380:6379\"]\n"))
			}},
			stackfile.Change(unknownNetwork, "redis is on the machine's own network by another name", "  redis-local: *local\n", "  redis-local: {external: true, name: host}\n"),
			stackfile.Change(unknownNetwork, "redis is on the network that the machine is on", "  redis-local: *local\n", "  redis-local: {driver: macvlan, driver_opts: {parent: eth0}}\n"),
			stackfile.Change(unknownNetwork, "every port of redis is reached from outside", "  redis-local: *local\n", "  redis-local: {driver_opts: {com.docker.network.bridge.gateway_mode_ipv4: routed}}\n"),
			stackfile.Change(unknownNetwork, "a variable says of what kind loki's network is", "  loki-local: *local\n", "  loki-local: {driver: \"${DRIVER:-bridge}\"}\n"),
			stackfile.Change(unknownNetwork, "loki is in the front door's network", "    networks: [grafana-loki, loki-local]\n", "    network_mode: service:nginx\n"),
			stackfile.Change("shares-the-hosts-network", "backups are made in the machine's network", "    networks: [backup-postgres]\n", "    network_mode: host\n"),
			stackfile.Change(doorOpensMore, "what the door's own counter says is published", "      - \"443:8443\"\n", "      - \"443:8443\"\n      - \"9145:9145\"\n"),
			stackfile.Change(doorOpensMore, "what port of the door's is published a variable says", "\"443:8443\"", "\"443:${INSIDE:-8443}\""),
			{Mode: doorLeads, What: "the front door leads to Prometheus, which is on a network with it", Change: func(d *guide.Draft) error {
				return d.Replace(doorFile, "            proxy_pass http://$client;\n", "            proxy_pass http://prometheus:9090;\n")
			}},
			{Mode: doorLeads, What: "the front door hands on connections to redis", Change: func(d *guide.Draft) error {
				return d.Replace(doorFile, "\nhttp {\n", "\nstream {\n    server { listen 127.0.0.1:6379; proxy_pass redis:6379; }\n}\n\nhttp {\n")
			}, Also: []string{"N11/unjudged-setting", "N12/unjudged-setting", "N13/unjudged-setting", "N14/unjudged-setting"}},
			{Mode: "no-such-service", What: "redis has another name", Change: renameRedis, Also: []string{"N9/no-such-service", "N10/" + unknownMount}},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			led, err := leads(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return stackfile.JudgeEach(ctx, t, func(p *compose.Project) guide.Result { return judgePublished(p, led) })
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

func judgePublished(p *compose.Project, findings []guide.Finding) guide.Result {
	findings = slices.Concat(findings, networks(p), doorPublishes(p))
	var subjects []guide.Subject
	for _, i := range internal {
		s, ok := p.Model.Services[i.name]
		if !ok {
			findings = append(findings, guide.Finding{Mode: "no-such-service", Subject: i.name, Detail: "the Compose file has no service of this name", At: guide.Place{File: stackfile.Name}})
			continue
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
		findings = append(findings, byVariable(p, i.name)...)
		subjects = append(subjects, guide.Subject{Name: "service " + i.name, Evidence: strings.Join(seen, ", "), At: stackfile.At(p, "services", i.name)})
	}
	for name, s := range p.Model.Services {
		if s.NetworkMode == "host" {
			findings = append(findings, guide.Finding{Mode: "shares-the-hosts-network", Subject: name, Detail: "give it networks of its own", At: stackfile.At(p, "services", name, "network_mode")})
		}
		if name == door || slices.ContainsFunc(internal[:], func(i struct {
			name string
			port uint16
		}) bool {
			return i.name == name
		}) {
			continue
		}
		findings = append(findings, byVariable(p, name)...)
		for n, port := range s.Ports {
			if !loopback(port.HostIP) {
				findings = append(findings, guide.Finding{Mode: "published-beside-the-door", Subject: name, At: stackfile.At(p, "services", name, "ports", strconv.Itoa(n)),
					Detail: published(port.HostIP, port.Published, port.Target) + ": only nginx is reached from outside"})
			}
		}
	}
	return guide.Judge(subjects, findings)
}

// maxPorts is how many entries of a service's ports are looked at as they are written.
const maxPorts = 200

// byVariable are the ports of a service whose address a variable may change.
func byVariable(p *compose.Project, service string) (findings []guide.Finding) {
	for n := range maxPorts {
		path := []string{"services", service, "ports", strconv.Itoa(n)}
		text, there := p.Written(path...)
		if !there {
			break
		}
		if text == "" {
			text, _ = p.Written(append(path, "host_ip")...)
		} else if host := bound.FindString(text); host != "" && loopback(strings.TrimSuffix(host, ":")) {
			continue // what follows is ports
		}
		if strings.Contains(text, "$") {
			findings = append(findings, guide.Finding{Mode: "address-by-variable", Subject: service, Detail: text + ": write 127.0.0.1 itself", At: stackfile.At(p, path...)})
		}
	}
	return findings
}

// bound is the address that a port in the short form begins with, where no variable is in it.
var bound = regexp.MustCompile(`^(\[[^\]$]*\]|[0-9.]+):`)

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
