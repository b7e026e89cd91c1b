package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const theSecret = "stellar-escrow-secrets"

// readers are whom the role is bound to in rbac.yaml.
const readers = "  - apiGroup: rbac.authorization.k8s.io\n    kind: Group\n    name: stellar-escrow:secret-readers\n"

func p3() guide.Control {
	return guide.Control{
		ID:     "P3",
		Clause: "a Role reads `stellar-escrow-secrets` only, no wildcards",
		Question: "Of each overlay: is there a Role that may get that one Secret, does no role allow anything else or anything by a wildcard, is none of the whole cluster or of another namespace, and is none " +
			"bound to everybody or to a program's account? Running: does the API " +
			"server, asked about every verb of every resource for every account of ours, refuse each; and let whoever the role is bound to get that Secret, and nothing else?",
		Modes: []guide.Mode{
			{Name: "no-role", What: "no Role lets anybody get the Secret"},
			{Name: "allows-more", What: "a role allows something else than to get that Secret"},
			{Name: "wildcard", What: "a role allows by a wildcard: what is added later is allowed with it"},
			{Name: "bound-to-anybody", What: "a role is bound to whoever signs in, or to whoever does not"},
			{Name: "of-the-cluster", What: "a role or binding of ours is of the whole cluster, or of another namespace"},
			{Name: "account-allowed", What: "a role is bound to the account of a program, or to a group of them; or the API server lets an account of ours do something"},
			{Name: "reader-refused", What: "the API server does not let those whom the Role is bound to get the Secret, or there are none", Running: true},
			{Name: "reader-allowed-more", What: "the API server lets those whom the Role is bound to do something else", Running: true},
			{Name: "access-differs", What: "a role or binding is not in the cluster, means something else there, or is not in the tree", Running: true},
		},
		Mutations: []guide.Mutation{
			deployment.Change("no-role", "the role is of another Secret", "rbac.yaml", "resourceNames: [stellar-escrow-secrets]", "resourceNames: [stellar-escrow]", "P3/allows-more"),
			deployment.Change("allows-more", "every Secret may be read", "rbac.yaml", "    resourceNames: [stellar-escrow-secrets]\n", "", "P3/no-role"),
			deployment.Change("allows-more", "the Secret may be changed too", "rbac.yaml", "verbs: [get]", "verbs: [get, update]"),
			deployment.Change("allows-more", "Secrets may be listed, which gives all of each", "rbac.yaml", "    verbs: [get]\n", "    verbs: [get]\n  - apiGroups: [\"\"]\n    resources: [secrets]\n    verbs: [list]\n"),
			deployment.Change("wildcard", "every verb is allowed", "rbac.yaml", "verbs: [get]", "verbs: [\"*\"]", "P3/no-role"),
			deployment.Change("of-the-cluster", "the role is bound in the whole cluster", "rbac.yaml", "kind: RoleBinding\nmetadata:\n  name: secret-readers\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: secret-reader\n",
				"kind: ClusterRoleBinding\nmetadata:\n  name: secret-readers\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\n"),
			deployment.Change("allows-more", "what is bound is a role of the cluster, which no file here has", "rbac.yaml", "kind: Role\n  name: secret-reader\n", "kind: ClusterRole\n  name: edit\n"),
			deployment.Change("allows-more", "a role that no file here has is bound", "rbac.yaml", "kind: Role\n  name: secret-reader\n", "kind: Role\n  name: another\n"),
			deployment.Change("bound-to-anybody", "everybody who has signed in reads the Secret", "rbac.yaml", "name: stellar-escrow:secret-readers", "name: system:authenticated"),
			deployment.Change("bound-to-anybody", "who has not signed in reads the Secret", "rbac.yaml", "    kind: Group\n    name: stellar-escrow:secret-readers", "    kind: User\n    name: system:anonymous"),
			deployment.Append("of-the-cluster", "a role of the cluster is added to what everybody who views has", "rbac.yaml", "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: escrow-view\n  labels: {rbac.authorization.k8s.io/aggregate-to-view: \"true\"}\nrules:\n"+
				"  - {apiGroups: [\"\"], resources: [secrets], resourceNames: [stellar-escrow-secrets], verbs: [get]}\n"),
			deployment.Change("account-allowed", "the api's account reads the Secret", "rbac.yaml", readers, "  - {kind: ServiceAccount, name: api, namespace: stellar-escrow}\n"),
			deployment.Change("account-allowed", "an account of another namespace reads the Secret", "rbac.yaml", readers, "  - {kind: ServiceAccount, name: deployer, namespace: tools}\n"),
			deployment.Change("account-allowed", "the api's account reads the Secret, by the name of its user", "rbac.yaml", readers, "  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: \"system:serviceaccount:stellar-escrow:api\"}\n"),
			deployment.Change("account-allowed", "all accounts of the namespace read the Secret", "rbac.yaml", readers, "  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:serviceaccounts:stellar-escrow\"}\n"),
			deployment.Change("account-allowed", "all accounts of the cluster read the Secret", "rbac.yaml", readers, "  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:serviceaccounts\"}\n"),
			beside("of-the-cluster", "an overlay lets people read a Secret of that name elsewhere", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: more, namespace: kube-system}\nrules: [{apiGroups: [\"\"], resources: [secrets], resourceNames: [stellar-escrow-secrets], verbs: [get]}]\n---\n"+
				"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: more, namespace: kube-system}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: more}\nsubjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: people}]\n"),
			deployment.Beside("of-the-cluster", "what is applied beside every overlay lets the api do everything", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: more}\n"+
				"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: ServiceAccount, name: api, namespace: stellar-escrow}]\n"),
			deployment.Patch("account-allowed", "the api's account reads the Secret in staging alone", "staging", "{kind: RoleBinding, name: secret-readers}", "{op: add, path: /subjects/-, value: {kind: ServiceAccount, name: api, namespace: stellar-escrow}}"),
			deployment.Patch("allows-more", "every Secret may be read in dev alone", "dev", "{kind: Role, name: secret-reader}", "{op: add, path: /rules/-, value: {apiGroups: [\"\"], resources: [secrets], verbs: [get]}}"),
		},
		Breaks: breakAccess(),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgeRoles(o.Set) })
		},
		Running: runAccess,
		Agree:   agreeAccess,
	}
}

func judgeRoles(set *kube.Set) guide.Result {
	subjects, findings := roles(set.Roles())
	for _, r := range set.ClusterRoles() {
		findings = append(findings, guide.Finding{Mode: "of-the-cluster", Subject: r.String(), Detail: "no part of ours asks the API server for anything", At: deployment.At(r.Object)})
	}
	for _, b := range set.ClusterRoleBindings() {
		findings = append(findings, guide.Finding{Mode: "of-the-cluster", Subject: b.String(), Detail: "bind a Role in the namespace", At: deployment.At(b.Object)})
	}
	return guide.Judge(subjects, append(findings, bindings(set)...))
}

// bindings are those that give what no Role here says, or to everybody: what a ClusterRole allows stands in no file of ours.
func bindings(set *kube.Set) (findings []guide.Finding) {
	for _, b := range set.RoleBindings() {
		ref := b.Value.RoleRef
		if ref.Kind != "Role" || !slices.ContainsFunc(set.Roles(), func(r kube.Found[rbacv1.Role]) bool { return r.Name == ref.Name && r.Namespace == b.Namespace }) {
			findings = append(findings, guide.Finding{Mode: "allows-more", Subject: b.String(), Detail: fmt.Sprintf("it gives what the %s %s allows, which stands nowhere here: bind the Role that reads %s", ref.Kind, ref.Name, theSecret), At: deployment.At(b.Object)})
		}
		if b.Namespace != deployment.NamespaceOf(set) {
			findings = append(findings, guide.Finding{Mode: "of-the-cluster", Subject: b.String(), Detail: "it gives something in another namespace: take it away", At: deployment.At(b.Object)})
		}
		findings = append(findings, boundTo(b)...)
	}
	return findings
}

// boundTo are the findings of whom a binding of the namespace gives what it gives.
func boundTo(b kube.Found[rbacv1.RoleBinding]) (findings []guide.Finding) {
	add := func(mode, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: b.String(), Detail: detail + ": bind it to the people who need it", At: deployment.At(b.Object)})
	}
	for _, s := range b.Value.Subjects {
		switch {
		case s.Kind == rbacv1.ServiceAccountKind:
			add("account-allowed", "the account "+s.Name+" of namespace "+s.Namespace)
		case strings.HasPrefix(s.Name, "system:serviceaccount"): // one, those of a namespace, or all
			add("account-allowed", s.Name)
		case strings.HasPrefix(s.Name, "system:"):
			add("bound-to-anybody", s.Name)
		}
	}
	return findings
}

// roles holds those of the namespace against the one that shall be there.
func roles(all []kube.Found[rbacv1.Role]) (subjects []guide.Subject, findings []guide.Finding) {
	reads := false
	for _, r := range all {
		for _, rule := range r.Value.Rules {
			text := describe(rule)
			only := slices.Equal(rule.APIGroups, []string{""}) && slices.Equal(rule.Resources, []string{"secrets"}) && slices.Equal(rule.ResourceNames, []string{theSecret})
			switch {
			case slices.Contains(slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.ResourceNames), "*"):
				findings = append(findings, guide.Finding{Mode: "wildcard", Subject: r.String(), Detail: text + ": name what is allowed", At: deployment.At(r.Object)})
			case !only || !slices.Equal(rule.Verbs, []string{"get"}):
				findings = append(findings, guide.Finding{Mode: "allows-more", Subject: r.String(), Detail: text + ": allow get of " + theSecret + " and nothing else", At: deployment.At(r.Object)})
			default:
				subjects = append(subjects, guide.Subject{Name: r.String(), Evidence: text, At: deployment.At(r.Object)})
			}
			reads = reads || only && slices.Contains(rule.Verbs, "get")
		}
	}
	if !reads {
		findings = append(findings, guide.Finding{Mode: "no-role", Subject: theSecret, Detail: "add a Role with resources: [secrets], resourceNames: [" + theSecret + "], verbs: [get]", At: guide.Place{File: "k8s/base/rbac.yaml"}})
	}
	return subjects, findings
}

func describe(r rbacv1.PolicyRule) string {
	text := fmt.Sprintf("%s of %s", strings.Join(r.Verbs, ", "), strings.Join(r.Resources, ", "))
	if len(r.ResourceNames) > 0 {
		text += " " + strings.Join(r.ResourceNames, ", ")
	}
	return text
}
