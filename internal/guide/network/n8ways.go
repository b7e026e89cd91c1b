package network

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const (
	door           = "nginx"
	doorFile       = "nginx/nginx.conf"
	unknownNetwork = "unknown-network"
	doorOpensMore  = "door-opens-more"
	doorLeads      = "door-leads-inside"
)

// doorPorts are those of the front door's two servers, inside its container.
func doorPorts() []uint32 { return []uint32{8080, 8443} }

// networkOptions are the options of a bridge that open nothing. Others do: by gateway_mode_ipv4 every port of whoever is on it is reached from outside, published or not.
func networkOptions() []string {
	return []string{"com.docker.network.bridge.name", "com.docker.network.bridge.enable_ip_masquerade", "com.docker.network.driver.mtu"}
}

// networks looks for ways in beside the ports that are published: a network that is no bridge of Docker's, an option that opens one, and a service that is in another's.
func networks(p *compose.Project) (findings []guide.Finding) {
	add := func(subject, detail string, path ...string) {
		findings = append(findings, guide.Finding{Mode: unknownNetwork, Subject: subject, Detail: detail, At: stackfile.At(p, path...)})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Model.Networks)) {
		n, subject, at := p.Model.Networks[name], "network "+name, []string{"networks", name}
		switch {
		case bool(n.External):
			add(subject, "external: who else is on it, and who reaches it, stands nowhere here: have one of the stack's own", at...)
		case n.Driver != "" && n.Driver != "bridge":
			add(subject, "driver "+n.Driver+": who is on it may be reached from outside by every port: leave it out", at...)
		case slices.Contains([]string{"host", "none", "bridge"}, n.Name):
			add(subject, "it is Docker's own: "+n.Name, at...)
		case n.Ipam.Driver != "" && n.Ipam.Driver != "default":
			add(subject, "ipam driver "+n.Ipam.Driver+": leave it out", at...)
		}
		for _, option := range slices.Sorted(maps.Keys(n.DriverOpts)) {
			if !slices.Contains(networkOptions(), option) {
				add(subject, option+": nobody has looked at what it opens: leave it out", at...)
			}
		}
		if text, _ := p.Varies(at...); text != "" {
			add(subject, text+": a variable decides: write the value itself", at...)
		}
	}
	for _, name := range p.Model.ServiceNames() {
		s := p.Model.Services[name]
		switch mode := s.NetworkMode; {
		case mode == "" || mode == "none" || mode == "host": // the machine's is a way to fail of its own
		case name == "refusals" && mode == "service:"+door:
		default:
			add("service "+name, "network_mode: "+mode+": what is published for one is published for both: give it networks of its own", "services", name, "network_mode")
		}
		if text, _ := p.Varies("services", name, "network_mode"); text != "" {
			add("service "+name, "network_mode: "+text+": a variable decides: write the value itself", "services", name, "network_mode")
		}
		for network, of := range s.Networks {
			if of != nil && len(of.DriverOpts) > 0 {
				add("service "+name, "driver_opts in "+network+": leave them out", "services", name, "networks", network)
			}
		}
	}
	return findings
}

// doorPublishes are the ports of the front door that the world reaches and that are none of its servers'.
func doorPublishes(p *compose.Project) (findings []guide.Finding) {
	for n, port := range p.Model.Services[door].Ports {
		at := []string{"services", door, "ports", strconv.Itoa(n)}
		if !loopback(port.HostIP) && !slices.Contains(doorPorts(), port.Target) {
			findings = append(findings, guide.Finding{Mode: doorOpensMore, Subject: door, At: stackfile.At(p, at...),
				Detail: published(port.HostIP, port.Published, port.Target) + ": it has two servers, on 8080 and 8443: publish these alone"})
		}
	}
	for n := range maxPorts {
		at := []string{"services", door, "ports", strconv.Itoa(n)}
		if _, there := p.Written(at...); !there {
			break
		}
		if text, _ := p.Varies(at...); text != "" && !outerVaries.MatchString(text) {
			findings = append(findings, guide.Finding{Mode: doorOpensMore, Subject: door, Detail: text + ": write the port inside itself", At: stackfile.At(p, at...)})
		}
	}
	return findings
}

// outerVaries is a port in the short form of which the part inside is a number.
var outerVaries = regexp.MustCompile(`:[0-9]+(/(tcp|udp))?$`)

// led are whom the front door hands on to: the host, or what a variable of nginx' own is set to.
func led() []string { return []string{api + ":4000", client + ":3001"} }

// passes are the directives of nginx by which it hands a request on.
var passes = regexp.MustCompile(`^(proxy|grpc|fastcgi|uwsgi|scgi|memcached)_pass$`)

// leads looks at whom the front door hands on to. What it does for one of the inside is as if that were published.
func leads(t *facts.Tree) ([]guide.Finding, error) {
	return facts.Read(t, "where nginx leads", func(files fs.FS) (findings []guide.Finding, err error) {
		c, err := nginxconf.Load(files, doorFile, nginxconf.Options{})
		if facts.NotThere(err) {
			return nil, nil // N11 says so
		}
		if err != nil {
			return nil, err
		}
		add := func(at nginxconf.Place, text string) {
			findings = append(findings, guide.Finding{Mode: doorLeads, Subject: door, At: guide.Place{File: at.File, Line: at.Line},
				Detail: fmt.Sprintf("%s: it leads to %s and nobody else: take it away", text, strings.Join(led(), " and "))})
		}
		set := map[string][]string{} // variables and upstreams, and all that they may be
		for scope := range c.Main.All() {
			for _, d := range scope.Directives {
				switch {
				case d.Name == "set" && len(d.Args) == 2:
					set[d.Args[0]] = append(set[d.Args[0]], d.Args[1])
				case d.Name == "server" && scope.Kind == "upstream" && len(scope.Args) == 1 && len(d.Args) > 0:
					set[scope.Args[0]] = append(set[scope.Args[0]], d.Args[0])
				}
			}
		}
		for scope := range c.Main.All() {
			if scope.Kind == "stream" || scope.Kind == "mail" {
				add(scope.At, scope.Kind)
				continue
			}
			for _, d := range scope.Directives {
				if !passes.MatchString(d.Name) || len(d.Args) == 0 {
					continue
				}
				_, host, found := strings.Cut(d.Args[0], "://")
				if !found {
					host = d.Args[0]
				}
				host, _, _ = strings.Cut(host, "/")
				to := set[host]
				if len(to) == 0 {
					to = []string{host}
				}
				if slices.ContainsFunc(to, func(one string) bool { return !slices.Contains(led(), one) }) {
					add(d.At, d.Name+" "+d.Args[0])
				}
			}
		}
		return findings, nil
	})
}
