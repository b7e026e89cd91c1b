//go:build linux

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// OutsideNet is where hosts outside have their addresses (TEST-NET-3, RFC 5737): public ones, as policies see them.
var OutsideNet = netip.MustParsePrefix("203.0.113.0/24")

// outsideGate is the node, as every host outside sees it.
const outsideGate = "203.0.113.254"

// Outside adds a host outside of the cluster, with these addresses. Pods reach it through the node, which forwards and changes no address; it reaches pods,
// and the node at NodeIP. So nothing but the node's own rules stands between them.
func (n *Node) Outside(ctx context.Context, addresses ...netip.Addr) (*Place, error) {
	for _, a := range addresses {
		if !OutsideNet.Contains(a) || a.String() == outsideGate {
			return nil, fmt.Errorf("a host outside has an address of %s other than the node's, %s, and not %s", OutsideNet, outsideGate, a)
		}
	}
	n.mu.Lock()
	name := fmt.Sprintf("outside%d", n.outside)
	n.outside++
	n.mu.Unlock()
	there := []string{"link set lo up", "link set eth0 up"}
	here := []string{
		"netns add " + name,
		fmt.Sprintf("link add %s type veth peer name eth0 netns %s", name, name),
		fmt.Sprintf("link set %s up", name),
		fmt.Sprintf("addr add %s/32 dev %s", outsideGate, name),
	}
	for _, a := range addresses {
		there = append(there, fmt.Sprintf("addr add %s/32 dev eth0", a))
		here = append(here, fmt.Sprintf("route add %s/32 dev %s", a, name))
	}
	there = append(there, "route add "+outsideGate+" dev eth0", "route add default via "+outsideGate)
	if err := n.ip(ctx, "", here); err != nil {
		return nil, err
	}
	if err := n.ip(ctx, name, there); err != nil {
		return nil, err
	}
	place, err := n.withNetwork("/run/netns/" + name)
	if err == nil {
		n.keep(place)
	}
	return place, err
}

// ip gives ip its commands, inside the named network if there is a name.
func (n *Node) ip(ctx context.Context, network string, commands []string) error {
	args := []string{"-batch", "-"}
	if network != "" {
		args = append([]string{"-n", network}, args...)
	}
	_, err := n.Exec(ctx, []byte(strings.Join(commands, "\n")+"\n"), "ip", args...)
	if err != nil {
		return fmt.Errorf("%q: %w", commands, err)
	}
	return nil
}

// Pod is the network of a pod that runs: what is done there comes from the pod's address. Programs that are started there are not in the pod otherwise: they
// see the node's files and have its rights.
func (n *Node) Pod(ctx context.Context, namespace, name string) (*Place, error) {
	text, err := n.Exec(ctx, nil, "kubectl", "-n", namespace, "get", "pod", name, "-o", "jsonpath={.status.podIP}")
	if err != nil {
		return nil, err
	}
	address := string(text)
	if address == NodeIP {
		return n.Place, nil // on the host's network
	}
	list, err := n.Exec(ctx, nil, "ip", "-json", "netns", "list")
	if err != nil {
		return nil, err
	}
	var networks []struct{ Name string }
	if err := json.Unmarshal(list, &networks); err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	for _, candidate := range networks {
		place, err := n.withNetwork("/run/netns/" + candidate.Name)
		if err != nil {
			return nil, err
		}
		var has []net.Addr
		err = place.Inside(func() (err error) {
			has, err = net.InterfaceAddrs()
			return err
		})
		if err == nil && slices.ContainsFunc(has, func(a net.Addr) bool { return strings.HasPrefix(a.String(), address+"/") }) {
			n.keep(place)
			return place, nil
		}
		place.close()
	}
	return nil, fmt.Errorf("no network on the node has the address %q of pod %s/%s", address, namespace, name)
}
