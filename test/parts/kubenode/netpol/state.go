package netpol

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// State is what the API says at one moment.
type State struct {
	Namespaces []*corev1.Namespace
	Pods       []*corev1.Pod
	Policies   []*networkingv1.NetworkPolicy
}

// pod is one that holds an address of its own.
type pod struct {
	*corev1.Pod
	address netip.Addr
}

// pods are those with an address that no other claims. Of two that claim one, the API is behind what the node did, and nobody knows whose packets
// they are: neither is known.
func (s State) pods() (list []pod) {
	claims := map[netip.Addr]int{}
	for _, p := range s.Pods {
		address, err := netip.ParseAddr(p.Status.PodIP)
		if err != nil || !address.Is4() || p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		claims[address]++
		list = append(list, pod{p, address})
	}
	alone := list[:0]
	for _, p := range list {
		if claims[p.address] == 1 {
			alone = append(alone, p)
		}
	}
	return alone
}
