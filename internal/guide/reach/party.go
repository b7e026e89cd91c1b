package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Kind is what a party of the matrix is.
type Kind string

const (
	Pods    Kind = "pods"
	Host    Kind = "pods on the host's network" // to policies, their node
	Outside Kind = "outside"                    // a range of addresses
)

// Party is a row or column of the matrix: an endpoint or a range.
type Party struct {
	Name           string            `json:"name"`
	Kind           Kind              `json:"kind"`
	Namespace      string            `json:"namespace,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	ServiceAccount string            `json:"service_account,omitempty"`
	Addresses      string            `json:"addresses,omitempty"` // of a range, and of pods whose addresses are known
}

// party is a Party as rules see it.
type party struct {
	Party
	labels    labels.Set
	addresses addresses
	names     map[namedPort]Ports // those that some rule looks for
}

// readParties checks endpoints and ranges and puts them in their order: as given, endpoints first.
func readParties(c Cluster, wanted map[namedPort]bool) ([]party, error) {
	var all []party
	var errs []error
	if slices.ContainsFunc(slices.Concat(c.PodRanges, c.NodeRanges), func(p netip.Prefix) bool { return !p.IsValid() }) {
		errs = append(errs, errors.New("one of the prefixes of pods or nodes is none: leave it out"))
	}
	pods, nodes := addressesOf(c.PodRanges), addressesOf(c.NodeRanges)
	if len(pods) == 0 {
		pods = Private().addresses()
	}
	if len(nodes) == 0 {
		nodes = Private().addresses()
	}
	for _, e := range c.Endpoints {
		p := party{labels: e.Labels, addresses: single(e.Addresses)}
		p.Party = Party{Name: e.Name, Kind: Pods, Namespace: namespaceOr(e.Namespace), Labels: e.Labels, ServiceAccount: e.ServiceAccount, Addresses: p.addresses.String()}
		if slices.ContainsFunc(e.Addresses, func(a netip.Addr) bool { return !a.IsValid() }) {
			errs = append(errs, fmt.Errorf("endpoint %q: one of its addresses is none: leave it out", e.Name))
		}
		if e.HostNetwork {
			p.Kind = Host
		}
		switch {
		case len(p.addresses) > 0:
		case e.HostNetwork:
			p.addresses = nodes
		default:
			p.addresses = pods
		}
		if p.Kind == Pods { // a node has no named ports
			p.names = namedPorts(e.Ports, wanted)
		}
		all = append(all, p)
	}
	for _, r := range c.Ranges {
		if slices.ContainsFunc(slices.Concat(r.Prefixes, r.Except), func(p netip.Prefix) bool { return !p.IsValid() }) {
			errs = append(errs, fmt.Errorf("range %q: one of its prefixes is none: leave it out", r.Name))
			continue
		}
		p := party{addresses: r.addresses()}
		if len(p.addresses) == 0 {
			errs = append(errs, fmt.Errorf("range %q holds no address: give it prefixes that its exceptions do not cover", r.Name))
		}
		p.Party = Party{Name: r.Name, Kind: Outside, Addresses: p.addresses.String()}
		all = append(all, p)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if p.Name == "" {
			errs = append(errs, errors.New("an endpoint or range has no name: give each one of its own"))
		} else if seen[p.Name] {
			errs = append(errs, fmt.Errorf("two endpoints or ranges are called %q: give each a name of its own", p.Name))
		}
		seen[p.Name] = true
	}
	return all, errors.Join(errs...)
}

// namedPorts are the container ports that some rule looks for by name. Of two of one name, as containers of a pod may have, both count.
func namedPorts(list []corev1.ContainerPort, wanted map[namedPort]bool) map[namedPort]Ports {
	names := map[namedPort]Ports{}
	for _, port := range list {
		protocol := 0 // TCP, when none is named
		if port.Protocol != "" {
			var ok bool
			if protocol, ok = protocolIndex(port.Protocol); !ok {
				continue // no rule can name it
			}
		}
		n := namedPort{protocol, port.Name}
		if wanted[n] && port.ContainerPort >= firstPort && port.ContainerPort <= lastPort {
			names[n] = names[n].Union(span(protocol, uint16(port.ContainerPort), uint16(port.ContainerPort)))
		}
	}
	return names
}

// namespaceLabels are the labels of each namespace that anything names.
func namespaceLabels(c Cluster, parties []party) (map[string]labels.Set, error) {
	spaces := map[string]labels.Set{}
	var errs []error
	for _, n := range c.Namespaces {
		if spaces[n.Name] != nil {
			errs = append(errs, fmt.Errorf("namespace %q stands twice: keep one of them", n.Name))
		}
		set := labels.Set{}
		for k, v := range n.Labels {
			set[k] = v
		}
		set[corev1.LabelMetadataName] = n.Name // the API server sets it, whatever the manifest says
		spaces[n.Name] = set
	}
	for _, p := range parties {
		if p.Kind != Outside && spaces[p.Namespace] == nil {
			spaces[p.Namespace] = labels.Set{corev1.LabelMetadataName: p.Namespace}
		}
	}
	return spaces, errors.Join(errs...)
}

// key is equal for parties that no rule can tell apart by more than selectors.
func (p party) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%q|%s|", p.Kind, p.Namespace, p.addresses)
	if p.Kind == Pods {
		b.WriteString(p.labels.String())
	}
	b.WriteByte('|')
	b.WriteString(namesKey(p.names))
	return b.String()
}

func namesKey(names map[namedPort]Ports) string {
	var list []string
	for n, ports := range names {
		list = append(list, fmt.Sprintf("%d %q %s", n.protocol, n.name, ports))
	}
	slices.Sort(list)
	return strings.Join(list, ";")
}
