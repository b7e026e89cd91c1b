package pods

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

func p2() guide.Control {
	return guide.Control{
		ID:       "P2",
		Clause:   "one ServiceAccount a service, `automountServiceAccountToken: false`",
		Question: "Of each overlay: has each part a ServiceAccount of its own, and is no token of it mounted, by the account or by the pod, or kept in a Secret? Running: the same of the pods that run and of the next ones.",
		Modes: []guide.Mode{
			{Name: "no-account", What: "a pod runs under the namespace's default account, or one that is not there"},
			{Name: "shared-account", What: "two parts share an account: what one is allowed, the other is"},
			{Name: "token-mounted", What: "a pod is given a token for the API server"},
			{Name: "token-kept", What: "a Secret holds a token of an account, which does not end, for whoever reads it"},
		},
		Mutations: []guide.Mutation{
			deployment.Change("no-account", "the api runs under the default account", "api.yaml", "      serviceAccountName: api\n", ""),
			deployment.Change("no-account", "the account is not there", "api.yaml", "      serviceAccountName: api\n", "      serviceAccountName: api-of-old\n"),
			deployment.Change("shared-account", "the api runs under the indexer's account", "api.yaml", "      serviceAccountName: api\n", "      serviceAccountName: indexer\n"),
			deployment.Change("token-mounted", "the api's pod takes a token", "api.yaml", "      serviceAccountName: api\n      automountServiceAccountToken: false\n", "      serviceAccountName: api\n      automountServiceAccountToken: true\n"),
			deployment.Change("token-mounted", "the api's pod leaves it to an account that gives one", "api.yaml", "automountServiceAccountToken: false\n---\napiVersion: v1\nkind: Service\n", "automountServiceAccountToken: true\n---\napiVersion: v1\nkind: Service\n"),
			deployment.Change("token-mounted", "the api's pod projects a token itself", "api.yaml", "      volumes:\n", "      volumes:\n        - {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}\n"),
			deployment.Patch("token-mounted", "the indexer's pod takes a token in staging alone", "staging", "{kind: Deployment, name: indexer}", "{op: replace, path: /spec/template/spec/automountServiceAccountToken, value: true}"),
			deployment.Patch("shared-account", "the indexer runs under the api's account in production-managed alone", "production-managed", "{kind: Deployment, name: indexer}", "{op: replace, path: /spec/template/spec/serviceAccountName, value: api}"),
			deployment.Append("token-kept", "a Secret is made for a token of the api's account", "rbac.yaml", "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: api-token\n  annotations: {kubernetes.io/service-account.name: api}\ntype: kubernetes.io/service-account-token\n", "S1/plain-secret"),
		},
		Breaks: []guide.Break{
			breaks.Change("no-account", "the next pods of the api run under the default account", workload("deployments", "api"), account("default")),
			breaks.Change("shared-account", "the next pods of the api run under the client's account", workload("deployments", "api"), account("client")),
			breaks.Change("token-mounted", "the api's account gives its pods a token", breaks.Object{Version: "v1", Resource: "serviceaccounts", Name: "api"}, func(o breaks.Fields) error {
				return o.Set(true, "automountServiceAccountToken")
			}),
			breaks.Change("token-mounted", "the next pods of the api take a token", workload("deployments", "api"), func(o breaks.Fields) error {
				return o.Set(true, "spec", "template", "spec", "automountServiceAccountToken")
			}, "P1/ours-refused"),
			breaks.Add("token-kept", "a Secret is made for a token of the api's account", breaks.Object{Version: "v1", Resource: "secrets", Name: "audit-break"}, map[string]any{"apiVersion": "v1", "kind": "Secret",
				"metadata": map[string]any{"annotations": map[string]any{"kubernetes.io/service-account.name": "api"}}, "type": "kubernetes.io/service-account-token"}),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return deployment.Once(accounts(o.Set)) })
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return deployment.Live(ctx, s, append(makers(), "serviceaccounts", "secrets"), func(f *cluster.Facts) guide.Result {
				subjects, findings := accounts(f.Set)
				for _, one := range f.Secrets {
					if one.Account != "" {
						findings = append(findings, kept("Secret "+f.Cluster.Namespace+"/"+one.Name, guide.Place{File: f.Cluster.Name}))
					}
				}
				return deployment.Once(subjects, findings)
			})
		},
	}
}

// kept is the finding of a Secret that a controller of the cluster writes a token into.
func kept(secret string, at guide.Place) guide.Finding {
	return guide.Finding{Mode: "token-kept", Subject: secret, Detail: "take it away: no part of ours asks the API server for anything", At: at}
}

func accounts(set *kube.Set) (subjects []guide.Subject, findings []guide.Finding) {
	for _, s := range set.Secrets() {
		if s.Value.Type == corev1.SecretTypeServiceAccountToken {
			findings = append(findings, kept(s.String(), deployment.At(s.Object)))
		}
	}
	user := map[string]string{}
	for _, w := range deployment.Workloads(set) {
		spec, where := w.Pod.Spec, deployment.At(w.Object)
		add := func(mode, detail string) {
			findings = append(findings, guide.Finding{Mode: mode, Subject: w.String(), Detail: detail, At: where})
		}
		name := spec.ServiceAccountName
		accounts := set.ServiceAccounts()
		i := slices.IndexFunc(accounts, func(a kube.Found[corev1.ServiceAccount]) bool {
			return a.Name == name && a.Namespace == deployment.NamespaceOf(set)
		})
		if name == "" || name == "default" || i < 0 {
			add("no-account", "name a ServiceAccount of its own in serviceAccountName")
			continue
		}
		if other, taken := user[name]; taken && other != w.String() {
			add("shared-account", "the account "+name+" is that of "+other)
		}
		user[name] = w.String()
		if account := accounts[i].Value; account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
			add("token-mounted", "write automountServiceAccountToken: false into the account "+name)
		}
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			add("token-mounted", "write automountServiceAccountToken: false into the pod")
		}
		for _, v := range spec.Volumes {
			if v.Projected == nil {
				continue
			}
			for _, source := range v.Projected.Sources {
				if source.ServiceAccountToken != nil {
					add("token-mounted", "volume "+v.Name+" projects a token: take it away")
				}
			}
		}
		subjects = append(subjects, guide.Subject{Name: w.String(), Evidence: "account " + name + ", no token", At: where})
	}
	return subjects, findings
}

// account puts pods under another account, by its name and by the old name of that field, which the server fills in.
func account(name string) func(breaks.Fields) error {
	return func(o breaks.Fields) error {
		if err := o.Set(name, "spec", "template", "spec", "serviceAccountName"); err != nil {
			return err
		}
		return o.Set(name, "spec", "template", "spec", "serviceAccount")
	}
}
