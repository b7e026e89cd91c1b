package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// everybodys are what the server lets everybody do who has signed in, and why that is no harm.
func everybodys() map[string]string {
	return map[string]string{
		"create selfsubjectaccessreviews.authorization.k8s.io": "asks what one may do oneself",
		"create selfsubjectrulesreviews.authorization.k8s.io":  "asks what one may do oneself",
		"create selfsubjectreviews.authentication.k8s.io":      "asks who one is",
		"get clustertrustbundles.certificates.k8s.io":          "certificates, which are public",
		"list clustertrustbundles.certificates.k8s.io":         "certificates, which are public",
		"watch clustertrustbundles.certificates.k8s.io":        "certificates, which are public",
	}
}

// access is what the server says of who may do what.
type access struct {
	questions int
	accounts  []string
	readers   []cluster.Subject
	// allowed is what each may do beside what everybody may; gets, whether a reader may get the Secret.
	allowed map[string][]cluster.Access
	gets    map[string]bool
}

func askAccess(ctx context.Context, f *cluster.Facts) (a access, err error) {
	all, err := f.Cluster.Accesses(ctx)
	if err != nil {
		return a, err
	}
	secret := cluster.Access{Verb: "get", Resource: "secrets", Namespace: f.Cluster.Namespace, Name: theSecret}
	another := secret
	another.Name = "another"
	var who []cluster.Subject
	for _, account := range f.Set.ServiceAccounts() {
		s := cluster.Account(account.Namespace, account.Name)
		who, a.accounts = append(who, s), append(a.accounts, s.Name)
	}
	a.readers = boundReaders(f)
	who = append(who, a.readers...)
	questions := append([]cluster.Access{secret, another}, all...)
	a.questions = len(who) * len(questions)
	found, err := f.Cluster.Allowed(ctx, who, questions)
	if err != nil {
		return a, err
	}
	a.allowed, a.gets = map[string][]cluster.Access{}, map[string]bool{}
	for name, list := range found {
		reader := slices.ContainsFunc(a.readers, func(s cluster.Subject) bool { return s.Name == name })
		for _, one := range list {
			switch {
			case everybodys()[one.String()] != "":
			case reader && one == secret:
				a.gets[name] = true
			default:
				a.allowed[name] = append(a.allowed[name], one)
			}
		}
	}
	return a, nil
}

// boundReaders are those whom a Role that reads the Secret is bound to, other than accounts of ours.
func boundReaders(f *cluster.Facts) (all []cluster.Subject) {
	for _, b := range f.Set.RoleBindings() {
		reads := slices.ContainsFunc(f.Set.Roles(), func(r kube.Found[rbacv1.Role]) bool {
			return b.Value.RoleRef.Kind == "Role" && r.Name == b.Value.RoleRef.Name && r.Namespace == b.Namespace && slices.ContainsFunc(r.Value.Rules, getsTheSecret)
		})
		if !reads {
			continue
		}
		for _, s := range b.Value.Subjects {
			switch s.Kind {
			case rbacv1.GroupKind:
				all = append(all, cluster.Subject{Name: "members of " + s.Name, User: "a member", Groups: []string{s.Name, "system:authenticated"}})
			case rbacv1.UserKind:
				all = append(all, cluster.Subject{Name: "user " + s.Name, User: s.Name, Groups: []string{"system:authenticated"}})
			}
		}
	}
	return all
}

// getsTheSecret tells whether a rule is about it, whatever else it allows.
func getsTheSecret(r rbacv1.PolicyRule) bool {
	return slices.Contains(r.Resources, "secrets") && slices.Contains(r.Verbs, "get") && (len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, theSecret))
}

func runAccess(ctx context.Context, s *facts.System) guide.Result {
	return deployment.Live(ctx, s, []string{"roles", "rolebindings", "clusterrolebindings", "serviceaccounts"}, func(f *cluster.Facts) guide.Result {
		subjects, findings := bound(f)
		a, err := facts.Look(ctx, s, breaks.Access, func(ctx context.Context) (access, error) { return askAccess(ctx, f) })
		if err != nil && len(findings) == 0 {
			return guide.NoEvidence("%v", err)
		}
		if err == nil {
			more, wrong := judgeAccess(f.Cluster.Name, a)
			subjects, findings = append(subjects, more...), append(findings, wrong...)
		}
		return deployment.Once(subjects, findings)
	})
}

// bound holds the roles of the namespace against the one that shall be there, and looks for bindings of the whole cluster, or of other namespaces, that are of ours.
func bound(f *cluster.Facts) (subjects []guide.Subject, findings []guide.Finding) {
	subjects, findings = roles(f.Set.Roles())
	add := func(mode string, o kube.Object, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: o.String(), Detail: detail, At: deployment.At(o)})
	}
	for _, b := range f.Set.ClusterRoleBindings() {
		if who := ours(f.Cluster.Namespace, b.Value.Subjects); who != "" {
			add("of-the-cluster", b.Object, fmt.Sprintf("it gives %s the ClusterRole %s everywhere: take it away", who, b.Value.RoleRef.Name))
		}
	}
	for _, b := range f.Set.RoleBindings() {
		who := ours(f.Cluster.Namespace, b.Value.Subjects)
		switch {
		case who != "" && b.Namespace != f.Cluster.Namespace:
			add("of-the-cluster", b.Object, fmt.Sprintf("it gives %s the %s %s in another namespace: take it away", who, b.Value.RoleRef.Kind, b.Value.RoleRef.Name))
		case everybodyElsewhere(b, f.Cluster.Namespace) != "":
			add("of-the-cluster", b.Object, fmt.Sprintf("it gives %s, and so our accounts, the %s %s in another namespace: bind it to those who need it", everybodyElsewhere(b, f.Cluster.Namespace), b.Value.RoleRef.Kind, b.Value.RoleRef.Name))
		case b.Namespace == f.Cluster.Namespace && b.Value.RoleRef.Kind == "ClusterRole":
			add("allows-more", b.Object, fmt.Sprintf("it gives the ClusterRole %s in the namespace: bind the Role that gets %s alone", b.Value.RoleRef.Name, theSecret))
		}
	}
	for _, b := range f.Set.RoleBindings() {
		if b.Namespace == f.Cluster.Namespace {
			findings = append(findings, boundTo(b)...)
		}
	}
	return subjects, findings
}

// everybodyElsewhere is the group with everybody who signs in, or every account, that a binding of another namespace is of; empty if it is of neither. What such a
// group may in the whole cluster, or in ours, the server is asked for each account.
func everybodyElsewhere(b kube.Found[rbacv1.RoleBinding], namespace string) string {
	for _, s := range b.Value.Subjects {
		if b.Namespace != namespace && s.Kind == rbacv1.GroupKind && (s.Name == "system:serviceaccounts" || s.Name == "system:authenticated") {
			return s.Name
		}
	}
	return ""
}

// ours is the first of the subjects that is an account of the namespace, or all of them; empty if none is.
func ours(namespace string, subjects []rbacv1.Subject) string {
	for _, s := range subjects {
		account := s.Kind == rbacv1.ServiceAccountKind && s.Namespace == namespace
		user := s.Kind == rbacv1.UserKind && strings.HasPrefix(s.Name, "system:serviceaccount:"+namespace+":")
		group := s.Kind == rbacv1.GroupKind && s.Name == "system:serviceaccounts:"+namespace
		if account || user || group {
			return s.Kind + " " + s.Name
		}
	}
	return ""
}

// maxTold is how many things that somebody may do are named.
const maxTold = 10

func told(list []cluster.Access) string {
	var all []string
	for _, one := range list[:min(len(list), maxTold)] {
		all = append(all, one.String())
	}
	if more := len(list) - maxTold; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

func judgeAccess(where string, a access) (subjects []guide.Subject, findings []guide.Finding) {
	at := guide.Place{File: where}
	for _, name := range a.accounts {
		if list := a.allowed[name]; len(list) > 0 {
			findings = append(findings, guide.Finding{Mode: "account-allowed", Subject: name, Detail: "it may " + told(list) + ": no part of ours asks the API server for anything", At: at})
			continue
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("refused everything, of %d questions in all", a.questions), At: at})
	}
	for _, r := range a.readers {
		if !a.gets[r.Name] {
			findings = append(findings, guide.Finding{Mode: "reader-refused", Subject: r.Name, Detail: "the server refuses to let them get " + theSecret, At: at})
		}
		if list := a.allowed[r.Name]; len(list) > 0 {
			findings = append(findings, guide.Finding{Mode: "reader-allowed-more", Subject: r.Name, Detail: "they may " + told(list), At: at})
		}
		subjects = append(subjects, guide.Subject{Name: r.Name, Evidence: "may get " + theSecret + ", and is refused everything else", At: at})
	}
	if len(a.readers) == 0 {
		findings = append(findings, guide.Finding{Mode: "reader-refused", Subject: theSecret, Detail: "the Role that gets it is bound to nobody: apply k8s/base/rbac.yaml", At: at})
	}
	return subjects, findings
}

// agreeAccess holds roles and bindings of the namespace against the tree's.
func agreeAccess(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
	f, err := deployment.Cluster(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	const mode = "access-differs"
	subjects, findings, err := deployment.Comparison[rbacv1.Role]{
		Resource: "roles", Means: func(r *rbacv1.Role) any { return r.Rules }, Missing: mode, Different: mode, Surplus: mode,
	}.Look(t, f)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	more, wrong, err := deployment.Comparison[rbacv1.RoleBinding]{
		Resource: "rolebindings", Means: func(b *rbacv1.RoleBinding) any { return []any{b.RoleRef, b.Subjects} }, Missing: mode, Different: mode, Surplus: mode,
	}.Look(t, f)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return guide.Judge(append(subjects, more...), append(findings, wrong...))
}

func breakAccess() []guide.Break {
	rbac := func(resource, name string, ofCluster bool) breaks.Object {
		return breaks.Object{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: resource, Name: name, OfCluster: ofCluster}
	}
	rules := func(change func(breaks.Fields) error) func(breaks.Fields) error {
		return func(o breaks.Fields) error { return o.Each(change, "rules") }
	}
	// A role that every cluster has, with rules of its own (others are put together by a controller), and that does no harm: it may list Services.
	const services = "system:kube-dns"
	toAPI := func(kind string) map[string]any {
		return map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": "api", "namespace": deployment.Namespace}},
			"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": services}}
	}
	const differs = "P3/access-differs"
	role, binding := rbac("roles", "secret-reader", false), rbac("rolebindings", "secret-readers", false)
	return []guide.Break{
		breaks.Change("no-role", "the role is of another Secret", role, rules(func(r breaks.Fields) error { return r.Set([]any{"another"}, "resourceNames") }),
			"P3/allows-more", "P3/reader-refused", differs),
		breaks.Change("allows-more", "the Secret may be changed too, by its name", role, rules(func(r breaks.Fields) error { return r.Set([]any{"get", "update"}, "verbs") }), differs),
		breaks.Change("reader-allowed-more", "every Secret may be read", role, rules(func(r breaks.Fields) error { return r.Remove("resourceNames") }), "P3/no-role", "P3/allows-more", differs),
		breaks.Change("wildcard", "whatever a group of resources has is allowed", role, func(o breaks.Fields) error {
			return o.Append(map[string]any{"apiGroups": []any{"example.org"}, "resources": []any{"*"}, "verbs": []any{"get"}}, "rules")
		}, differs),
		breaks.Add("of-the-cluster", "the api's account may list the Services of the whole cluster", rbac("clusterrolebindings", "stellar-escrow-audit-break", true), toAPI("ClusterRoleBinding"), "P3/account-allowed"),
		breaks.Add("account-allowed", "the api's account may list the Services of the namespace", rbac("rolebindings", "audit-break", false), toAPI("RoleBinding"), "P3/allows-more", differs),
		breaks.Change("reader-refused", "the role is bound to nobody", binding, func(o breaks.Fields) error { return o.Set([]any{}, "subjects") }, differs),
		breaks.Change("bound-to-anybody", "the role is bound to everybody who has signed in, our accounts among them", binding, func(o breaks.Fields) error {
			return o.Append(map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}, "subjects")
		}, "P3/account-allowed", differs),
		breaks.Change("access-differs", "the role is bound to one person more", binding, func(o breaks.Fields) error {
			return o.Append(map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "somebody"}, "subjects")
		}),
	}
}
