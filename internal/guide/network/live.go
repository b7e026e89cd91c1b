package network

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// running is the running column of a control that is about what is open in a cluster.
func running(ctx context.Context, s *facts.System, judge func(*platform) guide.Result) guide.Result {
	p, err := lookAtRunning(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return judge(p)
}

func lookAtRunning(ctx context.Context, s *facts.System) (*platform, error) {
	return facts.Look(ctx, s, breaks.Cluster+": who reaches whom", func(ctx context.Context) (*platform, error) {
		f, err := deployment.Cluster(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := f.Seen("namespaces", "pods", "networkpolicies", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"); err != nil {
			return nil, err
		}
		return livePlatform(f)
	})
}

// livePlatform is what a cluster's policies let through between the pods that it has and the next ones of what makes them. A part is the pods of the object that is
// called as their label says: whoever else takes its label is a stranger, and what is open to it is too much.
func livePlatform(f *cluster.Facts) (*platform, error) {
	p := &platform{set: f.Set, where: f.Cluster.Name, whole: true}
	ours, others := population(f)
	taken := map[string]bool{}
	for _, g := range ours {
		label := g.endpoint.Labels[partLabel]
		if g.endpoint.Name = label; label == "" || taken[label] {
			g.endpoint.Name = g.who()
		}
		for n := 2; taken[g.endpoint.Name]; n++ { // pods of one maker whose labels differ
			g.endpoint.Name = fmt.Sprintf("%s (%d)", g.who(), n)
		}
		taken[g.endpoint.Name] = true
		p.parts = append(p.parts, g.endpoint.Name)
	}
	c := reach.Cluster{Ranges: outside()}
	for _, g := range ours {
		c.Endpoints = append(c.Endpoints, *g.endpoint)
	}
	for _, n := range neighbours() {
		i := slices.IndexFunc(others, func(g *group) bool { return g.is(n) })
		if i < 0 {
			c.Endpoints = append(c.Endpoints, n) // whoever it will be
			continue
		}
		others[i].endpoint.Name = n.Name
	}
	for _, g := range others {
		if g.endpoint.Name == "" {
			g.endpoint.Name = g.who()
		}
		for n := 2; taken[g.endpoint.Name]; n++ {
			g.endpoint.Name = fmt.Sprintf("%s (%d)", g.who(), n)
		}
		taken[g.endpoint.Name] = true
		c.Endpoints = append(c.Endpoints, *g.endpoint)
	}
	p.hold(&c)
	var err error
	p.ways, err = newWays(c, p.parts)
	return p, err
}

// group is pods that no policy tells apart: of one maker, with the same labels.
type group struct {
	endpoint *reach.Endpoint
	by       kube.Object
}

func (g group) who() string { return g.by.String() }

// is tells whether the pods are those of a neighbour: in its namespace, with its labels.
func (g group) is(n reach.Endpoint) bool {
	for k, v := range n.Labels {
		if g.endpoint.Labels[k] != v {
			return false
		}
	}
	return g.endpoint.Namespace == n.Namespace
}

// population is who there is: of the platform's namespace, those that have a maker of their name first; and of the others those that a policy can hold.
func population(f *cluster.Facts) (ours, others []*group) {
	groups := map[string]*group{}
	add := func(by kube.Object, namespace string, pod corev1.PodTemplateSpec, addresses ...netip.Addr) {
		own := namespace == f.Cluster.Namespace
		if pod.Spec.HostNetwork && !own {
			return // its node's, which reaches each of its pods whatever policies say (package reach)
		}
		kept := telling(pod.Labels)
		key := fmt.Sprint(by.String(), kept, pod.Spec.HostNetwork)
		g := groups[key]
		if g == nil {
			e := reach.FromTemplate("", namespace, pod)
			g = &group{&e, by}
			groups[key] = g
			if own {
				ours = append(ours, g)
			} else {
				others = append(others, g)
			}
		}
		g.endpoint.Addresses = append(g.endpoint.Addresses, addresses...)
	}
	for _, w := range deployment.Workloads(f.Set) {
		if w.APIVersion != "v1" { // those are pods, which follow with their addresses
			add(w.Object, w.Namespace, w.Pod)
		}
	}
	for _, pod := range f.Pods {
		var addresses []netip.Addr
		for _, ip := range pod.Status.PodIPs {
			if a, err := netip.ParseAddr(ip.IP); err == nil {
				addresses = append(addresses, a)
			}
		}
		add(pod.By, pod.Namespace, corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, addresses...)
	}
	named := func(g *group) int {
		if g.by.Kind != "Pod" && g.by.Name == g.endpoint.Labels[partLabel] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(ours, func(a, b *group) int { return cmp.Compare(named(a), named(b)) })
	return ours, others
}

// telling are the labels without those by which controllers tell their pods apart, which differ from pod to pod and from version to version.
func telling(labels map[string]string) map[string]string {
	kept := maps.Clone(labels)
	for _, k := range []string{"pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-uid", "job-name",
		"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index", "batch.kubernetes.io/cronjob-scheduled-timestamp"} {
		delete(kept, k)
	}
	return kept
}
