package reach_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// town is a cluster of many teams: each namespace has its default deny, its policies name pods of it and of others, ports by number and name, and
// blocks with exceptions. All pods differ, if only by a label that no policy asks for.
func town(pods, policies int, known bool) reach.Cluster {
	r := rand.New(rand.NewPCG(3, 9))
	const namespaces, apps = 20, 25
	c := reach.Cluster{Ranges: []reach.Range{reach.Internet(), reach.Private(), reach.LinkLocal(), reach.Metadata()}, PodRanges: nets("10.0.0.0/8")}
	space := func() string { return fmt.Sprintf("team-%d", r.IntN(namespaces)) }
	app := func() map[string]string { return map[string]string{"app": fmt.Sprintf("app-%d", r.IntN(apps))} }
	for i := range namespaces {
		c.Namespaces = append(c.Namespaces, reach.Namespace{Name: fmt.Sprintf("team-%d", i), Labels: map[string]string{"stage": fmt.Sprint(i % 3)}})
		c.Policies = append(c.Policies, denyAll(fmt.Sprintf("team-%d", i)))
	}
	for i := range pods {
		e := reach.Endpoint{Name: fmt.Sprintf("pod-%d", i), Namespace: space(), Labels: app(), Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: int32(8000 + r.IntN(50))}}}
		e.Labels["instance"] = fmt.Sprint(i)
		if known {
			e.Addresses = []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
		}
		c.Endpoints = append(c.Endpoints, e)
	}
	peer := func() networkingv1.NetworkPolicyPeer {
		switch r.IntN(4) {
		case 0:
			return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"stage": fmt.Sprint(r.IntN(3))}}, PodSelector: &metav1.LabelSelector{MatchLabels: app()}}
		case 1:
			return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: []string{fmt.Sprintf("10.0.%d.0/24", r.IntN(256)), "169.254.0.0/16"}}}
		default:
			return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{app()["app"], app()["app"], app()["app"]}}}}}
		}
	}
	port := func() networkingv1.NetworkPolicyPort {
		if r.IntN(3) == 0 {
			return networkingv1.NetworkPolicyPort{Port: new(intstr.FromString("http"))}
		}
		return networkingv1.NetworkPolicyPort{Port: new(intstr.FromInt(8000 + r.IntN(50))), EndPort: new(int32(8050))}
	}
	for i := range policies - namespaces {
		p := reach.Policy{}
		p.Name, p.Namespace = fmt.Sprintf("policy-%d", i), space()
		p.Spec = networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: app()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{peer(), peer()}, Ports: []networkingv1.NetworkPolicyPort{port()}}},
			Egress:      []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{peer(), peer()}, Ports: []networkingv1.NetworkPolicyPort{port()}}},
		}
		c.Policies = append(c.Policies, p)
	}
	return c
}

// Benchmark is the engine's figure: all pairs and ports of 2,000 pods under 500 policies, asked for under 2 s on one core. addresses: each pod's is
// known, which no two share, so that no two pods are alike.
func Benchmark(b *testing.B) {
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("pods=2000/policies=500/addresses=%t", known), func(b *testing.B) {
			c := town(2000, 500, known)
			b.ResetTimer()
			for range b.N {
				g := newGraph(b, c)
				pairs, open, shut := 0, 0, 0
				for _, o := range g.All() {
					pairs++
					if o.Possible.Empty() {
						shut++
					} else {
						open++
					}
				}
				if pairs < 4_000_000 || open < pairs/100 || shut < pairs/100 {
					b.Fatalf("%d pairs, %d open, %d shut: the town tries too little", pairs, open, shut)
				}
				b.ReportMetric(float64(open)*100/float64(pairs), "%open")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e9/float64(b.N), "s/cluster")
		})
	}
}
