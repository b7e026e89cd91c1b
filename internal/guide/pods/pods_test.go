package pods

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const root = "../../.."

// set is what the objects of a text come to.
func set(t *testing.T, objects string) *kube.Set {
	t.Helper()
	all, err := kube.Render(fstest.MapFS{
		"k8s/kustomization.yaml": {Data: []byte("resources: [objects.yaml]\n")},
		"k8s/objects.yaml":       {Data: []byte(objects)},
	}, "k8s")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// modes are the ways to fail that were found, each once.
func modes(findings []guide.Finding) (all []string) {
	for _, f := range findings {
		if !slices.Contains(all, f.Mode) {
			all = append(all, f.Mode)
		}
	}
	slices.Sort(all)
	return all
}

// A pod that is wrong is otherwise than the good one, and wrong in one way alone: there is no other violation that it is as well.
func TestWrongs(t *testing.T) {
	good := *plain()
	if v, err := kube.Restricted(kube.Workload{Pod: corev1.PodTemplateSpec{Spec: good.Spec}}); err != nil || len(v) > 0 {
		t.Fatalf("the good pod is not: %v, %v", v, err)
	}
	seen := map[string]bool{}
	places := map[string]int{}
	for _, w := range wrongs(good) {
		spec := w.request.Pod.Spec.String()
		if spec == good.Spec.String() || seen[spec] && w.request.Old == nil {
			t.Errorf("%s %s: it is as good as another", w.violation, w.where)
		}
		seen[spec] = true
		places[w.violation]++
	}
	if len(places) != len(violations()) || places[byItsTag] != 5 || places["a root that can be written"] != 4 || places["the node's network"] != 1 {
		t.Errorf("got %v", places)
	}
}

// Each of our overlays is asked about, and dev alone lets in an image by its tag.
func TestOurOverlays(t *testing.T) {
	all, err := deployment.Overlays(facts.Open(os.DirFS(root)))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		subjects, findings, err := judgePolicies(t.Context(), nil, o)
		if err != nil || len(findings) > 0 || len(subjects) != len(violations()) {
			t.Errorf("%s: %d subjects, %v, %v", o, len(subjects), findings, err)
		}
		let := slices.ContainsFunc(subjects, func(s guide.Subject) bool { return s.Name == byItsTag && strings.Contains(s.Evidence, "let in") })
		if let != (o.String() == "dev") {
			t.Errorf("%s lets in images by their tags: %v", o, let)
		}
		o.Name = deployment.Production // by the reason that dev has, and no other
		if _, findings, err = judgePolicies(t.Context(), nil, o); err != nil || (len(findings) > 0) != let {
			t.Errorf("%s as production: %v, %v", o, findings, err)
		}
	}
}

// Without any pod there is one that is wrong all the same, and without policies it is let in.
func TestWithoutPods(t *testing.T) {
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: stellar-escrow\n  labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/audit: restricted, pod-security.kubernetes.io/warn: restricted}\n---\n"
	if r := judgeRestricted(t.Context(), nil, deployment.Overlay{Set: set(t, namespace)}); !slices.Equal(modes(r.Findings()), []string{"violation-admitted"}) || len(r.Findings()) != 9 {
		t.Errorf("%s %v", r.Verdict(), r.Findings())
	}
	text, err := os.ReadFile(root + "/k8s/base/admission-policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if r := judgeRestricted(t.Context(), nil, deployment.Overlay{Set: set(t, namespace+string(text))}); r.Verdict() != guide.Passed {
		t.Errorf("%s %v", r.Verdict(), r.Findings())
	}
}

func binding(kind, namespace, ref, subject string) string {
	return fmt.Sprintf("apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata: {name: b%s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: r}\nsubjects:\n  - %s\n---\n",
		kind, namespace, ref, subject)
}

func role(namespace string) string {
	return fmt.Sprintf("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r%s}\nrules: [{apiGroups: [\"\"], resources: [secrets], resourceNames: [stellar-escrow-secrets], verbs: [get]}]\n---\n", namespace)
}

// Who gets something by a binding, and where.
func TestBindings(t *testing.T) {
	const people, here, there = "{apiGroup: rbac.authorization.k8s.io, kind: Group, name: people}", ", namespace: stellar-escrow", ", namespace: kube-system"
	user := func(kind, name string) string {
		return fmt.Sprintf("{apiGroup: rbac.authorization.k8s.io, kind: %s, name: %q}", kind, name)
	}
	for name, c := range map[string]struct {
		objects string
		want    []string
	}{
		"people":                        {role(here) + binding("RoleBinding", here, "Role", people), nil},
		"in another namespace":          {role(here) + role(there) + binding("RoleBinding", there, "Role", people), []string{"of-the-cluster"}},
		"a role that is not here":       {role(here) + binding("RoleBinding", there, "Role", people), []string{"allows-more", "of-the-cluster"}},
		"a role of the cluster":         {role(here) + binding("RoleBinding", here, "ClusterRole", people), []string{"allows-more"}},
		"in the whole cluster":          {role(here) + binding("ClusterRoleBinding", "", "ClusterRole", people), []string{"of-the-cluster"}},
		"an account":                    {role(here) + binding("RoleBinding", here, "Role", "{kind: ServiceAccount, name: api, namespace: stellar-escrow}"), []string{"account-allowed"}},
		"an account, as a user":         {role(here) + binding("RoleBinding", here, "Role", user("User", "system:serviceaccount:stellar-escrow:api")), []string{"account-allowed"}},
		"the accounts of the namespace": {role(here) + binding("RoleBinding", here, "Role", user("Group", "system:serviceaccounts:stellar-escrow")), []string{"account-allowed"}},
		"all accounts":                  {role(here) + binding("RoleBinding", here, "Role", user("Group", "system:serviceaccounts")), []string{"account-allowed"}},
		"everybody":                     {role(here) + binding("RoleBinding", here, "Role", user("Group", "system:authenticated")), []string{"bound-to-anybody"}},
		"nobody in particular":          {role(here) + binding("RoleBinding", here, "Role", user("User", "system:anonymous")), []string{"bound-to-anybody"}},
	} {
		r := judgeRoles(set(t, c.objects))
		if got := modes(r.Findings()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, r.Findings(), c.want)
		}
	}
}

// Of a cluster's bindings in other namespaces those are ours that give something to our accounts, by whatever they are called.
func TestBindingsElsewhere(t *testing.T) {
	for subject, want := range map[string]string{
		"{kind: ServiceAccount, name: api, namespace: stellar-escrow}":                                                       "ServiceAccount api",
		"{kind: ServiceAccount, name: api, namespace: another}":                                                              "",
		"{apiGroup: rbac.authorization.k8s.io, kind: User, name: \"system:serviceaccount:stellar-escrow:api\"}":              "User system:serviceaccount:stellar-escrow:api",
		"{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:serviceaccounts:stellar-escrow\"}":                "Group system:serviceaccounts:stellar-escrow",
		"{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:serviceaccounts:stellar-escrow-of-somebody\"}":    "",
		"{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:serviceaccounts\"}":                               "system:serviceaccounts",
		"{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:authenticated\"}":                                 "system:authenticated",
		"{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:nodes\"}":                                         "",
		"{apiGroup: rbac.authorization.k8s.io, kind: User, name: \"system:serviceaccount:stellar-escrow-of-somebody:some\"}": "",
	} {
		b := set(t, binding("RoleBinding", ", namespace: kube-system", "Role", subject)).RoleBindings()[0]
		if got := ours("stellar-escrow", b.Value.Subjects) + everybodyElsewhere(b, "stellar-escrow"); got != want {
			t.Errorf("%s: %q, want %q", subject, got, want)
		}
		if here := everybodyElsewhere(b, "kube-system"); here != "" {
			t.Errorf("%s: of the namespace itself is %q", subject, here)
		}
	}
}
