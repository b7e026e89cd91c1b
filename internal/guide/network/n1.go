package network

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
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
			"does not name, nothing open but what they need, and of a pod that neither it nor a listed addition knows, nothing at all? In each overlay. Running: the same of the cluster's policies, pods and namespaces.",
		Modes: append(modes(),
			guide.Mode{Name: "not-denied", What: "without rules that allow something a pod can still be reached, or reach somebody"},
			guide.Mode{Name: "published-by-nodes", What: "a Service opens pods on the machines: what comes by it comes from a pod's own node, which no policy holds back"},
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
			{Mode: missing, What: "Loki cannot be written by the log agent", Change: func(d *guide.Draft) error {
				return d.Replace(addedFile, "matchLabels: {app.kubernetes.io/name: alloy}", "matchLabels: {app.kubernetes.io/name: another}")
			}},
			gone(loki, "A2/not-deployed"),
			deployment.Patch("no-default-deny", "in staging alone, default-deny lets go out", "staging", "{kind: NetworkPolicy, name: default-deny}",
				"{op: replace, path: /spec/policyTypes, value: [Ingress]}", "N1/not-denied"),
			deployment.Patch("published-by-nodes", "in dev alone, redis is opened on every node", "dev", "{kind: Service, name: redis}", "{op: replace, path: /spec, value: {type: NodePort, ports: [{port: 6379}]}}"),
			{Mode: surplus, What: "in staging, a pod that no row knows has a way in", Change: func(d *guide.Draft) error {
				renamed := "{op: replace, path: %s/app.kubernetes.io~1name, value: helper}"
				if err := deployment.Patch("", "", "staging", "{kind: Deployment, name: client}", fmt.Sprintf(renamed, "/spec/template/metadata/labels")).Change(d); err != nil {
					return err
				}
				return deployment.Patch("", "", "staging", "{kind: NetworkPolicy, name: client}", fmt.Sprintf(renamed, "/spec/podSelector/matchLabels")).Change(d)
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
			return judgeEach(t, (*platform).judgeDeny)
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
	rows := slices.DeleteFunc(additions(), func(r row) bool { return r.clause != "N1" })
	for _, part := range p.parts {
		if !isPart(part) { // nobody has said what it needs
			rows = append(rows, row{part: part})
		}
	}
	for _, r := range rows {
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
