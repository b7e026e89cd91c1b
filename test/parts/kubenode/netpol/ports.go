package netpol

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// protocols are those that the API has.
var protocols = []string{"tcp", "udp", "sctp"}

func protocol(p networkingv1.NetworkPolicyPort) string {
	if p.Protocol == nil {
		return "tcp"
	}
	return strings.ToLower(string(*p.Protocol))
}

// numbered is a port of a rule as nft writes it; false if it is a name.
func numbered(p networkingv1.NetworkPolicyPort) (string, bool, error) {
	name := protocol(p)
	if !slices.Contains(protocols, name) {
		return "", false, fmt.Errorf("there is no protocol %.20q", name)
	}
	switch {
	case p.Port == nil:
		return "meta l4proto " + name, true, nil
	case p.Port.Type == intstr.String:
		return "", false, nil
	case p.EndPort != nil:
		return fmt.Sprintf("%s dport %d-%d", name, p.Port.IntVal, *p.EndPort), true, nil
	}
	return fmt.Sprintf("%s dport %d", name, p.Port.IntVal), true, nil
}

// named are the numbers that a port's name stands for in a pod.
func named(s corev1.PodSpec, p networkingv1.NetworkPolicyPort) (numbers []int32) {
	for _, c := range append(slices.Clip(s.InitContainers), s.Containers...) {
		for _, q := range c.Ports {
			of := strings.ToLower(string(q.Protocol))
			if of == "" {
				of = "tcp"
			}
			if q.Name == p.Port.StrVal && of == protocol(p) {
				numbers = append(numbers, q.ContainerPort)
			}
		}
	}
	return numbers
}
