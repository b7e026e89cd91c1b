package monitoring

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/monitors"
)

// How long an alert may take on the way, at each step of it that somebody sets.
const (
	soon  = 5 * time.Minute // until a rule is looked at again, and of a critical alert until it is sent on
	later = time.Hour       // until any other alert is sent on
)

// neverArrives is the way to fail of what is sent and does not come to whom it is for.
const neverArrives = "never-arrives"

// judgeDelivered is what is wrong with the way from each Prometheus to the Alertmanager of the same system: the two are started, find each other by name, and one listens where the other speaks.
func judgeDelivered(ctx context.Context, t *facts.Tree) (findings []guide.Finding, err error) {
	all, err := systems(ctx, t)
	if err != nil {
		return nil, err
	}
	known := map[guide.Finding]bool{}
	for _, s := range all {
		fire, err := s.parts(t, "prometheus")
		if err != nil {
			return nil, err
		}
		route, err := s.parts(t, "alertmanager")
		if err != nil {
			return nil, err
		}
		add := func(p part, all []string) {
			for _, detail := range all {
				f := guide.Finding{Mode: neverArrives, Subject: p.subject, Detail: detail, At: p.where}
				if plain := f; !known[plain] {
					known[plain] = true
					f.Subject = s.prefix + f.Subject
					findings = append(findings, f)
				}
			}
		}
		for _, p := range fire {
			add(p, p.held())
			if len(route) > 0 {
				add(p, s.between(p, route))
			}
		}
		for _, p := range route {
			if len(p.wrapped("alertmanager")) == 0 {
				add(p, p.closed())
			}
			if s.stack != nil {
				add(p, s.shut(p))
			}
		}
	}
	return findings, nil
}

// held is what of a Prometheus' flags keeps alerts from being sent, or sends them elsewhere.
func (p part) held() (all []string) {
	for _, flag := range monitors.FlagLike(p.args, "alertmanager.") {
		all = append(all, "leave out --"+flag+": how alerts are sent its file says")
	}
	return all
}

// Flags of Alertmanager that leave it that whoever speaks to its root by HTTP is heard, and that every alert that comes is kept; the last two are looked at.
func served() []string {
	return []string{"config.file", "storage.path", "data.", "log.", "cluster.", "web.listen-address", "web.external-url", "web.route-prefix"}
}

// closed is what of an Alertmanager's flags has it not hear what Prometheus says at its root.
func (p part) closed() (all []string) {
	for _, arg := range p.args {
		rest, is := strings.CutPrefix(arg, "-")
		name, _, _ := strings.Cut(strings.TrimPrefix(rest, "-"), "=")
		if is && !slices.ContainsFunc(served(), func(known string) bool {
			return name == known || strings.HasSuffix(known, ".") && strings.HasPrefix(name, known)
		}) {
			all = append(all, "leave out --"+name+": what comes of alerts with it is not known here")
		}
	}
	prefix, said := monitors.Flag(p.args, "web.route-prefix")
	if url, times := monitors.Flag(p.args, "web.external-url"); said == 0 && times > 0 {
		_, at, _ := strings.Cut(url, "://") // it listens below the path of its own address, if nothing is said
		_, prefix, _ = strings.Cut(at, "/")
	}
	if strings.Trim(prefix, "/") != "" {
		all = append(all, "let it listen at its root: --web.route-prefix=/")
	}
	return all
}

// ports are those that an Alertmanager listens at for others.
func (p part) ports() (all []int) {
	listens := monitors.Values(p.args, "web.listen-address")
	if len(listens) == 0 {
		listens = []string{":9093"}
	}
	for _, at := range listens {
		host, port, err := net.SplitHostPort(at)
		n, wrong := strconv.Atoi(port)
		if ip := net.ParseIP(host); err == nil && wrong == nil && (host == "" || ip.IsUnspecified()) {
			all = append(all, n)
		}
	}
	return all
}

// between is why a Prometheus does not reach one of the Alertmanagers at the address that its file names; nothing if it does.
func (s system) between(from part, to []part) (wrong []string) {
	name, port, _ := strings.Cut(alertmanagerAt, ":")
	at, _ := strconv.Atoi(port)
	if s.stack != nil {
		return s.linked(from, to, name, at)
	}
	for _, h := range from.origin.workload.Pod.Spec.HostAliases {
		if slices.Contains(h.Hostnames, name) {
			wrong = append(wrong, "take "+name+" out of its hostAliases: it is "+h.IP+" for it alone")
		}
	}
	for _, p := range to {
		if slices.ContainsFunc(kube.Of[corev1.Service](s.set), func(f kube.Found[corev1.Service]) bool {
			return f.Name == name && f.Namespace == p.origin.workload.Namespace && leads(f.Value.Spec, p, int32(at))
		}) {
			return wrong
		}
	}
	return append(wrong, fmt.Sprintf("let it be found at %s: a Service of that name and port, with the labels of Alertmanager's pod, and the port that --web.listen-address=:%d has it listen at, for everybody", alertmanagerAt, at))
}

// leads tells whether a Service brings what comes at its port to where an Alertmanager listens.
func leads(s corev1.ServiceSpec, p part, at int32) bool {
	if s.Type == corev1.ServiceTypeExternalName || len(s.Selector) == 0 {
		return false
	}
	for key, value := range s.Selector {
		if p.origin.workload.Pod.Labels[key] != value {
			return false
		}
	}
	for _, port := range s.Ports {
		if port.Port != at || port.Protocol != "" && port.Protocol != corev1.ProtocolTCP {
			continue
		}
		target := port.TargetPort
		if target == (intstr.IntOrString{}) {
			target = intstr.FromInt32(at)
		}
		for _, c := range p.origin.ports {
			if target.Type == intstr.String && c.Name == target.StrVal {
				target = intstr.FromInt32(c.ContainerPort)
			}
		}
		if target.Type == intstr.Int && slices.Contains(p.ports(), int(target.IntVal)) {
			return true
		}
	}
	return false
}

// linked is between for the services of a stack, which find each other by the names that they have on a network that they share.
func (s system) linked(from part, to []part, name string, port int) (wrong []string) {
	here := s.stack.Model.Services[from.origin.service]
	if here.NetworkMode != "" {
		return []string{"take its network_mode away: by it nobody is found by name"}
	}
	if len(here.ExtraHosts[name]) > 0 || len(here.DNS) > 0 || slices.ContainsFunc(here.Links, func(l string) bool { return strings.HasSuffix(l, ":"+name) }) {
		return []string{"take extra_hosts, dns and links away from it: " + name + " may be somebody else by them"}
	}
	var reach []string // services that answer to the name where it asks
	for _, other := range s.stack.Model.ServiceNames() {
		there := s.stack.Model.Services[other]
		for network := range here.Networks {
			on, shared := there.Networks[network]
			if shared && (other == name || there.Hostname == name || there.ContainerName == name || on != nil && slices.Contains(on.Aliases, name)) {
				reach = append(reach, other)
			}
		}
	}
	slices.Sort(reach)
	reach = slices.Compact(reach)
	for _, p := range to {
		if slices.Equal(reach, []string{p.origin.service}) && slices.Contains(p.ports(), port) {
			return nil
		}
	}
	return []string{fmt.Sprintf("let it find Alertmanager, and nobody else, at %s: on a network that the two share, by that name; there it finds %q", alertmanagerAt, reach)}
}

// shut is why an Alertmanager of a stack cannot tell anybody outside of it.
func (s system) shut(p part) []string {
	here := s.stack.Model.Services[p.origin.service]
	for name := range here.Networks {
		if n, ok := s.stack.Model.Networks[name]; ok && !n.Internal {
			return nil
		}
	}
	return []string{"give it a network that is not internal: its receivers are elsewhere"}
}
