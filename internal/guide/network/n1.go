package network

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

const (
	policyFile = "k8s/base/network-policy.yaml"
	addedFile  = "k8s/base/network-policy-additions.yaml"

	missing = "missing-connection"
	surplus = "surplus-connection"
	noPart  = "no-such-part"
)

// modes are the ways in which a part's row fails.
func modes() []guide.Mode {
	return []guide.Mode{
		{Name: missing, What: "a connection that the guide, or a listed addition, wants open is not"},
		{Name: surplus, What: "a connection is open that neither the guide nor a listed addition has"},
		{Name: noPart, What: "the part is not there, so that nothing can be said of it"},
	}
}

func n1() guide.Control {
	return guide.Control{
		ID:     "N1",
		Clause: "every pod in namespace `stellar-escrow` is under default-deny, ingress and egress (`k8s/base/network-policy.yaml`)",
		Question: "With every rule that allows something taken away, does nothing reach any pod, and no pod anything? And is, of the parts that the guide's table " +
			"does not name, nothing open but what they need? Running: the same of the cluster's policies, pods and namespaces.",
		Modes: append(modes(),
			guide.Mode{Name: "not-denied", What: "without rules that allow something a pod can still be reached, or reach somebody"},
			guide.Mode{Name: "published-by-nodes", What: "a Service opens pods on the machines: what comes by it comes from a pod's own node, which no policy holds back"},
			guide.Mode{Name: "overlay-differs", What: "another overlay lacks a policy of production's, changes one, or adds one without a reason"},
			guide.Mode{Name: "no-default-deny", What: "the file that the guide names, or the cluster, has no policy that denies everything to every pod"},
		),
		Mutations: []guide.Mutation{
			{Mode: "no-default-deny", What: "default-deny denies what comes in, and lets go out", Also: []string{"N1/not-denied"},
				Change: func(d *guide.Draft) error {
					return d.Replace(policyFile, "  podSelector: {}\n  policyTypes: [Ingress, Egress]\n", "  podSelector: {}\n  policyTypes: [Ingress]\n")
				}},
			{Mode: "not-denied", What: "default-deny is of the parts alone that it selects", Also: []string{"N1/no-default-deny"},
				Change: func(d *guide.Draft) error {
					return d.Replace(policyFile, "  podSelector: {}\n  policyTypes: [Ingress, Egress]\n", "  podSelector:\n    matchLabels: {app.kubernetes.io/name: api}\n  policyTypes: [Ingress, Egress]\n")
				}},
			{Mode: surplus, What: "Grafana may be asked by everybody in the namespace", Change: func(d *guide.Draft) error {
				return d.Replace(addedFile, "    matchLabels: {app.kubernetes.io/name: grafana}\n  policyTypes: [Ingress, Egress]\n  ingress: []\n",
					"    matchLabels: {app.kubernetes.io/name: grafana}\n  policyTypes: [Ingress, Egress]\n  ingress:\n    - from:\n        - podSelector: {}\n      ports: [{protocol: TCP, port: 3000}]\n")
			}},
			deployment.Change("published-by-nodes", "redis is opened on every node", "redis.yaml", "  clusterIP: None\n  selector: {app.kubernetes.io/name: redis}\n", "  type: NodePort\n  selector: {app.kubernetes.io/name: redis}\n"),
			deployment.Change("published-by-nodes", "redis is opened on an address of the machines", "redis.yaml", "  clusterIP: None\n  selector: {app.kubernetes.io/name: redis}\n", "  externalIPs: [192.0.2.1]\n  selector: {app.kubernetes.io/name: redis}\n"),
			deployment.Patch("overlay-differs", "with managed stores, default-deny lets go out", "production-managed", "{kind: NetworkPolicy, name: default-deny}", "{op: replace, path: /spec/policyTypes, value: [Ingress]}"),
			deployment.Patch("overlay-differs", "with managed stores, the api may go anywhere", "production-managed", "{kind: NetworkPolicy, name: api}", "{op: add, path: /spec/egress/-, value: {}}"),
			{Mode: missing, What: "Loki cannot be written by the log agent", Change: func(d *guide.Draft) error {
				return d.Replace(addedFile, "matchLabels: {app.kubernetes.io/name: alloy}", "matchLabels: {app.kubernetes.io/name: another}")
			}},
			{Mode: noPart, What: "Loki is not deployed", Also: []string{"A2/not-deployed"}, Change: func(d *guide.Draft) error {
				return d.Replace("k8s/base/kustomization.yaml", "  - loki.yaml\n", "")
			}},
		},
		Breaks: []guide.Break{
			breaks.Remove("no-default-deny", "default-deny is gone", policy("default-deny"), "N1/not-denied", "C4/policy-missing"),
			breaks.Change("not-denied", "default-deny is of the api alone", policy("default-deny"), func(o breaks.Fields) error {
				return o.Set(map[string]any{"matchLabels": map[string]any{partLabel: api}}, "spec", "podSelector")
			}, "N1/no-default-deny", differs),
			breaks.Change(surplus, "Grafana may be asked by everybody in the namespace", policy(grafana), func(o breaks.Fields) error {
				return o.Set([]any{map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{}}}}}, "spec", "ingress")
			}, differs),
			breaks.Change(missing, "Loki accepts from nobody", policy(loki), func(o breaks.Fields) error { return o.Set([]any{}, "spec", "ingress") }, differs),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			p, err := lookAt(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			others, err := deployment.Others(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			r := p.judgeDeny()
			if v := r.Verdict(); v != guide.Passed && v != guide.Failed {
				return r
			}
			return guide.Judge(r.Subjects(), append(slices.Clone(r.Findings()), p.overlays(others)...))
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result { return running(ctx, s, (*platform).judgeDeny) },
	}
}

func (p *platform) judgeDeny() guide.Result {
	findings := append(p.defaultDeny(), p.published()...)
	var subjects []guide.Subject
	for _, part := range p.parts {
		open := reach.Ports{}
		var ways []string
		for _, other := range append(append([]string{}, p.parts...), p.others...) {
			for _, d := range []reach.Direction{reach.Ingress, reach.Egress} {
				one, two := part, other
				if d == reach.Ingress {
					one, two = other, part
				}
				side, err := p.denied.Side(d, one, two)
				if err != nil {
					return guide.NoEvidence("%v", err)
				}
				if !side.Possible.Empty() {
					open = open.Union(side.Possible)
					ways = append(ways, fmt.Sprintf("%s to %s", one, two))
				}
			}
		}
		if len(ways) > 0 {
			findings = append(findings, guide.Finding{Mode: "not-denied", Subject: part, Detail: fmt.Sprintf("%s, %d ways in all: %s is open though no rule allows it", ways[0], len(ways), open),
				At: guide.Place{File: cmp.Or(p.file, p.where)}})
			continue
		}
		subjects = append(subjects, guide.Subject{Name: part, Evidence: "without a rule that allows it nothing reaches it, and it reaches nothing"})
	}
	for _, r := range additions() {
		if r.clause != "N1" {
			continue
		}
		more, seen, err := p.differences(r.part, r)
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		findings, subjects = append(findings, more...), append(subjects, seen...)
	}
	return guide.Judge(subjects, findings)
}

// defaultDeny is a finding if no policy denies everything to everybody; in a tree it stands in the guide's file.
func (p *platform) defaultDeny() []guide.Finding {
	for _, f := range p.policies() {
		s := f.Value.Spec
		if (f.File == p.file || p.file == "") && len(s.PodSelector.MatchLabels)+len(s.PodSelector.MatchExpressions)+len(s.Ingress)+len(s.Egress) == 0 && len(s.PolicyTypes) == 2 {
			return nil
		}
	}
	where := cmp.Or(p.file, p.where)
	return []guide.Finding{{Mode: "no-default-deny", Subject: where, Detail: "add a NetworkPolicy with podSelector: {}, policyTypes: [Ingress, Egress] and no rules", At: guide.Place{File: where}}}
}

// overlays holds the policies of the other overlays against production's. One more has to say why; one that is gone had pods that are gone.
func (p *platform) overlays(others []deployment.Overlay) (findings []guide.Finding) {
	for _, other := range others {
		o := &platform{set: other.Set}
		there := map[string]kube.Found[networkingv1.NetworkPolicy]{}
		for _, f := range o.policies() {
			there[f.Name] = f
		}
		add := func(name, detail string, at guide.Place) {
			findings = append(findings, guide.Finding{Mode: "overlay-differs", Subject: other.Name + " " + name, Detail: detail, At: at})
		}
		here := map[string]bool{}
		for _, f := range p.policies() {
			here[f.Name] = true
			same, ok := there[f.Name]
			switch {
			case ok && !reflect.DeepEqual(same.Value.Spec, f.Value.Spec):
				add(f.Name, "it is another policy than production's: change both, in k8s/base", guide.Place{File: other.Name})
			case !ok && o.selects(f.Value.Spec.PodSelector.MatchLabels):
				add(f.Name, "it is not there, and the pods that it is of are", guide.Place{File: other.Name})
			}
		}
		for _, f := range o.policies() {
			if !here[f.Name] && (f.Value.Annotations["stellar-escrow/addition-to"] == "" || f.Value.Annotations["stellar-escrow/reason"] == "") {
				add(f.Name, "production does not have it: say with stellar-escrow/addition-to and stellar-escrow/reason what it is for", deployment.At(f.Object))
			}
		}
	}
	return findings
}

// selects tells whether a pod of the platform has the labels; of expressions it is taken that one does.
func (p *platform) selects(wanted map[string]string) bool {
	return slices.ContainsFunc(deployment.Workloads(p.set), func(w kube.Workload) bool {
		for key, value := range wanted {
			if w.Pod.Labels[key] != value {
				return false
			}
		}
		return true
	})
}
