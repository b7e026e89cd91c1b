package network

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

const partLabel = "app.kubernetes.io/name"

// platform is an overlay, or a cluster, and what its policies let through.
type platform struct {
	set *kube.Set
	*ways
	parts []string // of the namespace, in order
	where string   // what was looked at
	file  string   // that the guide wants default-deny in; empty where it may be any, and of a cluster, which has no files
	// whole tells that every part has to be there. Of an overlay beside production one may be left out: nobody reaches what is not there, and it reaches nobody.
	whole bool
	// outside are the names of the addresses where parts are that the overlay has outside the cluster instead of pods.
	outside map[string]string
}

// waysOf is a cluster as it stands in JSON: what its ways are kept by.
type waysOf string

// ways are what is open between whom.
type ways struct {
	graph *reach.Graph
	// denied is the graph of the policies that allow nothing: who is held in both directions whatever else is added.
	denied *reach.Graph
	others []string // everybody who is no part
}

// judgeEach is the tree's column of a control that is about what is open.
func judgeEach(t *facts.Tree, judge func(*platform) guide.Result) guide.Result {
	return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result {
		p, err := lookAt(t, o)
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		return judge(p)
	})
}

// lookAtProduction is what the guide is about.
func lookAtProduction(t *facts.Tree) (*platform, error) {
	set, err := deployment.Whole(t)
	if err != nil {
		return nil, err
	}
	return lookAt(t, deployment.Overlay{Name: deployment.Production, Set: set})
}

// lookAt computes what is open in an overlay, once for all in which the same pods are held by the same policies.
func lookAt(t *facts.Tree, o deployment.Overlay) (*platform, error) {
	p := &platform{set: o.Set, where: o.Name}
	if o.Name == deployment.Production {
		p.whole, p.file = true, policyFile
	}
	c := reach.Cluster{Ranges: outside()}
	for _, w := range o.Set.Workloads() {
		name := w.Pod.Labels[partLabel]
		if name == "" || slices.Contains(p.parts, name) || w.Namespace != deployment.Namespace {
			name = w.Object.String()
		}
		c.Endpoints = append(c.Endpoints, reach.FromTemplate(name, w.Namespace, w.Pod))
		if w.Namespace == deployment.Namespace {
			p.parts = append(p.parts, name)
		}
	}
	c.Endpoints = append(c.Endpoints, neighbours()...)
	if err := p.leaveOut(&c); err != nil {
		return nil, err
	}
	p.hold(&c)
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("compare what holds pods: %w", err)
	}
	p.ways, err = facts.Keep(t, waysOf(text), func() (*ways, error) { return newWays(c, p.parts) })
	return p, err
}

// neighbours are those outside the namespace whom the table speaks of, as they are installed everywhere.
func neighbours() []reach.Endpoint {
	return []reach.Endpoint{reach.IngressController(), reach.ClusterDNS(), {Name: agent, Namespace: "logging", Labels: map[string]string{partLabel: "alloy"}}}
}

// hold puts the namespaces and policies of the set into a cluster.
func (p *platform) hold(c *reach.Cluster) {
	for _, n := range p.set.Namespaces() {
		c.Namespaces = append(c.Namespaces, reach.Namespace{Name: n.Name, Labels: n.Value.Labels})
	}
	for _, f := range p.set.NetworkPolicies() {
		c.Policies = append(c.Policies, reach.Policy{NetworkPolicy: *f.Value, File: f.File, Line: f.Line})
	}
}

// newWays finds what is open between all endpoints of a cluster.
func newWays(c reach.Cluster, parts []string) (*ways, error) {
	// Whoever could be started beside these, so that a rule which is too wide shows even where nobody stands in the gap yet.
	c, strangers := reach.WithStrangers(c)
	// A rule about a part that is not deployed opens nothing to anybody else: whoever has a part's label is that part, and its own clause says that it is not there.
	c.Endpoints = slices.DeleteFunc(c.Endpoints, func(e reach.Endpoint) bool {
		return slices.Contains(strangers, e.Name) && len(e.Labels) == 1 && isPart(e.Labels[partLabel])
	})
	w := &ways{}
	var err error
	if w.graph, err = reach.New(c); err != nil {
		return nil, err
	}
	held := c
	held.Policies = nil
	for _, policy := range c.Policies {
		if len(policy.Spec.Ingress)+len(policy.Spec.Egress) == 0 {
			held.Policies = append(held.Policies, policy)
		}
	}
	if w.denied, err = reach.New(held); err != nil {
		return nil, err
	}
	for _, party := range w.graph.Parties() {
		if !slices.Contains(parts, party.Name) {
			w.others = append(w.others, party.Name)
		}
	}
	return w, nil
}

// isPart tells whether the table, or an addition to it, has a row of this part.
func isPart(name string) bool {
	return slices.ContainsFunc(slices.Concat(guideRows(), additions()), func(r row) bool { return r.part == name })
}

// published are the Services that open pods on every node, or on addresses of the machines: who comes by them comes from the pod's own node, which no policy
// holds back.
func (p *platform) published() (findings []guide.Finding) {
	for _, s := range p.set.Services() {
		if s.Namespace != deployment.NamespaceOf(p.set) {
			continue
		}
		how := ""
		switch spec := s.Value.Spec; {
		case spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer:
			how = "type: " + string(spec.Type)
		case len(spec.ExternalIPs) > 0:
			how = "externalIPs: " + strings.Join(spec.ExternalIPs, ", ")
		default:
			continue
		}
		findings = append(findings, guide.Finding{Mode: "published-by-nodes", Subject: s.String(), Detail: how + ": take it away: ingress-nginx is the one door", At: deployment.At(s.Object)})
	}
	return findings
}

// outside are the addresses that rules speak of. Those of IPv6 that carry an IPv4 address are apart: what unpacks one on the way may be led to the metadata service.
func outside() []reach.Range {
	return []reach.Range{reach.Internet(), reach.Internet6(), reach.Translated(), reach.Private(), reach.Reserved(), reach.LinkLocal(), reach.Metadata()}
}

// differences holds what a part lets in and out against the rows.
func (p *platform) differences(part string, rows ...row) (findings []guide.Finding, subjects []guide.Subject, err error) {
	switch {
	case slices.Contains(p.parts, part):
	case p.outside[part] != "":
		return nil, []guide.Subject{{Name: part, Evidence: p.outside[part] + ": who reaches it, their own rows say"}}, nil
	case !p.whole:
		return nil, []guide.Subject{{Name: part, Evidence: "not there: it reaches nobody, and nobody reaches it"}}, nil
	default:
		return []guide.Finding{{Mode: noPart, Subject: part, Detail: fmt.Sprintf("nothing in %s makes pods with the label %s: %s", p.where, partLabel, part)}}, nil, nil
	}
	for _, d := range []reach.Direction{reach.Ingress, reach.Egress} {
		var table reach.Table
		var seen []string
		for _, r := range rows {
			list := r.in
			if d == reach.Egress {
				list = r.out
			}
			for _, one := range list {
				other := one.From + one.To
				if at := p.outside[other]; at != "" && d == reach.Egress {
					other, one.To = at, at
				}
				if !slices.Contains(p.parts, other) && !slices.Contains(p.others, other) {
					continue // that it is not there its own clause says
				}
				if d == reach.Ingress {
					one.To = part
				} else {
					one.From = part
				}
				table = append(table, one)
				text := fmt.Sprintf("%s %s", other, one.Ports)
				if one.Reason != "" && other != dns {
					text += " (" + one.Reason + ")"
				}
				seen = append(seen, text)
			}
		}
		diff, err := p.graph.CompareSide(d, table, part)
		if err != nil {
			return nil, nil, err
		}
		for _, gap := range diff.Missing {
			findings = append(findings, p.finding(missing, gap, d, "it shall be open and is not"))
		}
		for _, gap := range diff.Surplus {
			findings = append(findings, p.finding(surplus, gap, d, "it is open and shall not be"))
		}
		word := map[reach.Direction]string{reach.Ingress: "accepts from", reach.Egress: "may reach"}[d]
		if len(seen) == 0 {
			seen = []string{"nobody"}
		}
		subjects = append(subjects, guide.Subject{Name: part + " " + word, Evidence: fmt.Sprintf("%s; %d pairs looked at", strings.Join(seen, ", "), diff.Pairs)})
	}
	return findings, subjects, nil
}

// finding says which rules are the reason.
func (p *platform) finding(mode string, gap reach.Gap, d reach.Direction, what string) guide.Finding {
	f := guide.Finding{Mode: mode, Subject: fmt.Sprintf("%s to %s", gap.From, gap.To), Detail: fmt.Sprintf("%s: %s", gap.Ports, what)}
	why, err := p.graph.Explain(gap.From, gap.To)
	if err != nil {
		return f
	}
	side := why.Egress
	if d == reach.Ingress {
		side = why.Ingress
	}
	for _, allow := range side.Allows {
		if allow.Open.Possible.Intersect(gap.Ports).Empty() {
			continue
		}
		f.Detail += fmt.Sprintf(", by %s", allow.Rule)
		f.At = guide.Place{File: allow.Rule.Policy.File, Line: allow.Rule.Policy.Line}
		return f
	}
	if len(side.Policies) == 0 {
		f.Detail += fmt.Sprintf(": no policy holds the %s of %s", d, side.Party)
		return f
	}
	f.At = guide.Place{File: side.Policies[0].File, Line: side.Policies[0].Line}
	return f
}

// policies are those of the namespace.
func (p *platform) policies() (all []kube.Found[networkingv1.NetworkPolicy]) {
	for _, f := range p.set.NetworkPolicies() {
		if f.Namespace == deployment.NamespaceOf(p.set) {
			all = append(all, f)
		}
	}
	return all
}
