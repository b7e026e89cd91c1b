package network

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

const differs = "C4/policy-differs"

func c4() guide.Control {
	return guide.Control{
		ID:     "C4",
		Clause: "network policies applied, verified in the cluster",
		Question: "Is every pod of the namespace held by policies of the cluster's, in both directions? And is each policy of the tree in the cluster, with the same meaning, and none that the " +
			"tree does not have? What they come to, N1 to N7 say.",
		Modes: []guide.Mode{
			{Name: "not-held", What: "no policy of the cluster's holds a pod, in one direction or both: the network lets everything through", Running: true},
			{Name: "policy-missing", What: "a policy of the tree is not in the cluster", Running: true},
			{Name: "policy-differs", What: "a policy means something else in the cluster than in the tree", Running: true},
			{Name: "policy-not-in-tree", What: "the cluster has a policy that the tree does not have: nobody knows why it is there", Running: true},
		},
		Breaks: []guide.Break{
			breaks.Both("not-held", "default-deny is of the api alone, and the client has no policy", []guide.Break{
				breaks.Remove("not-held", "the client has no policy", policy(client)),
				breaks.Change("not-held", "default-deny is of the api alone", policy("default-deny"), func(o breaks.Fields) error {
					return o.Set(map[string]any{"matchLabels": map[string]any{partLabel: api}}, "spec", "podSelector")
				}),
			}, "N1/no-default-deny", "N1/not-denied", "N2/"+surplus, differs, "C4/policy-missing"),
			breaks.Remove("policy-missing", "the client has no policy but default-deny", policy(client), "N2/"+missing),
			breaks.Change("policy-differs", "the client's policy is of pods with one more label, which they have", policy(client), func(o breaks.Fields) error {
				return o.Set("stellar-escrow", "spec", "podSelector", "matchLabels", "app.kubernetes.io/part-of")
			}),
			breaks.Add("policy-not-in-tree", "somebody has added a policy that denies once more", policy("by-hand"), map[string]any{
				"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
				"spec": map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}},
			}),
		},
		Silent:      "what is applied no file says",
		OnlyRunning: true,
		Running:     func(ctx context.Context, s *facts.System) guide.Result { return running(ctx, s, (*platform).judgeHeld) },
		Agree: func(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
			f, err := deployment.Cluster(ctx, s)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			subjects, findings, err := deployment.Comparison[networkingv1.NetworkPolicy]{
				Resource: "networkpolicies", Means: meaning, Missing: "policy-missing", Different: "policy-differs", Surplus: "policy-not-in-tree",
			}.Look(t, f)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return guide.Judge(subjects, findings)
		},
	}
}

// policy names a NetworkPolicy of the platform's.
func policy(name string) breaks.Object {
	return breaks.Object{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies", Name: name}
}

func (p *platform) judgeHeld() guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, part := range p.parts {
		held := 0
		for _, d := range []reach.Direction{reach.Ingress, reach.Egress} {
			by, err := p.graph.Held(d, part)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			if held += len(by); len(by) == 0 {
				findings = append(findings, guide.Finding{Mode: "not-held", Subject: part, Detail: fmt.Sprintf("no policy holds its %s: apply k8s/base/network-policy.yaml", d), At: guide.Place{File: p.where}})
			}
		}
		subjects = append(subjects, guide.Subject{Name: part, Evidence: fmt.Sprintf("held in both directions, by %d policies", held), At: guide.Place{File: p.where}})
	}
	return guide.Judge(subjects, findings)
}

// meaning is a policy with the defaults that the server fills in (its API's own: TCP, and the directions that its rules are of), and lists that are empty left out.
func meaning(n *networkingv1.NetworkPolicy) any {
	s := n.Spec.DeepCopy()
	if len(s.PolicyTypes) == 0 {
		s.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(s.Egress) > 0 {
			s.PolicyTypes = append(s.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	slices.Sort(s.PolicyTypes)
	filled := func(ports []networkingv1.NetworkPolicyPort) {
		for i := range ports {
			if tcp := corev1.ProtocolTCP; ports[i].Protocol == nil {
				ports[i].Protocol = &tcp
			}
		}
	}
	for i := range s.Ingress {
		filled(s.Ingress[i].Ports)
	}
	for i := range s.Egress {
		filled(s.Egress[i].Ports)
	}
	return s
}
