package reach

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
)

// What manifests of an application do not hold and its policies speak of. Names can be changed; the addresses are of RFC 6890 and what
// replaced it. The ranges share no address.

// Internet is the public IPv4 addresses. Those for documentation are in none of these ranges: whether a policy lets them through says nothing.
func Internet() Range {
	return Range{Name: "internet", Prefixes: prefixes("0.0.0.0/0"), Except: prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3")}
}

// Internet6 is the public IPv6 addresses, apart from those for documentation and protocols.
func Internet6() Range {
	return Range{Name: "internet (IPv6)", Prefixes: prefixes("2000::/3"), Except: prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")}
}

// Translated is the IPv6 addresses that carry an IPv4 address inside: where something on the way unpacks it, it may be any of the others.
func Translated() Range {
	return Range{Name: "IPv4 inside IPv6", Prefixes: prefixes("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")}
}

// Private is the addresses of networks that are not the internet, where pods, nodes, Services and managed databases live.
func Private() Range {
	return Range{
		Name: "private addresses", Prefixes: prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
		Except: Metadata().Prefixes,
	}
}

// Reserved is the addresses that nobody has on the internet and that a cluster or a node may have all the same: those for benchmarks and for future use, which clouds give to pods, the host's own, multicast, and
// the private ones of IPv6 as they were once.
func Reserved() Range {
	return Range{
		Name: "reserved addresses", Prefixes: prefixes("0.0.0.0/8", "127.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/3", "::/127", "100::/64", "fec0::/10", "ff00::/8"),
		Except: Metadata().Prefixes,
	}
}

// LinkLocal is the addresses of one's own network segment, without those of Metadata.
func LinkLocal() Range {
	return Range{Name: "link-local addresses", Prefixes: prefixes("169.254.0.0/16", "fe80::/10"), Except: Metadata().Prefixes}
}

// Metadata is where a cloud hands an instance its credentials: the common IPv4 address, AWS's IPv6 one, and Alibaba's and Oracle's.
func Metadata() Range {
	return Range{Name: "metadata service", Prefixes: prefixes("169.254.169.254/32", "fd00:ec2::254/128", "100.100.100.200/32", "192.0.0.192/32")}
}

// ClusterDNS is the pods that answer the cluster's names, as CoreDNS is installed everywhere.
func ClusterDNS() Endpoint {
	return Endpoint{
		Name: "cluster DNS", Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}, ServiceAccount: "coredns",
		Ports: []corev1.ContainerPort{
			{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
			{Name: "dns-tcp", ContainerPort: 53, Protocol: corev1.ProtocolTCP},
			{Name: "metrics", ContainerPort: 9153, Protocol: corev1.ProtocolTCP},
		},
	}
}

// IngressController is the pods of ingress-nginx's controller, with the labels its own manifests give them.
func IngressController() Endpoint {
	return Endpoint{
		Name: "ingress-nginx", Namespace: "ingress-nginx", ServiceAccount: "ingress-nginx",
		Labels: map[string]string{"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "ingress-nginx", "app.kubernetes.io/component": "controller"},
		Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: 80, Protocol: corev1.ProtocolTCP},
			{Name: "https", ContainerPort: 443, Protocol: corev1.ProtocolTCP},
			{Name: "webhook", ContainerPort: 8443, Protocol: corev1.ProtocolTCP},
		},
	}
}

// prefixes reads constants of this file; a test reads them all.
func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
