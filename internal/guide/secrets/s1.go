package secrets

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// fromClusterCA are Secrets that are no secrets of the guide's: certificates that the cluster's own authority or the ingress makes and renews.
func fromClusterCA() map[string]string {
	return map[string]string{"postgres-tls": "the certificate of the database, made and renewed in the cluster"}
}

func s1() guide.Control {
	return guide.Control{
		ID:     "S1",
		Clause: "production secrets come from AWS Secrets Manager through the Secrets Store CSI Driver",
		Question: "Does, in each overlay, every Secret and every volume of the driver that a pod mounts come from a SecretProviderClass of the provider aws, and is no secret in the manifests themselves? " +
			"Running: the same of the cluster's classes and pods; and is every Secret of the namespace one that the driver has made, of which nothing but its name and labels is asked for?",
		Modes: []guide.Mode{
			{Name: "plain-secret", What: "a Secret stands in the manifests, for everybody who reads them"},
			{Name: "secret-from-elsewhere", What: "a pod mounts a Secret that no SecretProviderClass makes"},
			{Name: "another-provider", What: "a SecretProviderClass fetches from somewhere else than AWS Secrets Manager"},
			{Name: "no-such-class", What: "a pod mounts a SecretProviderClass that is not there"},
			{Name: "secret-by-hand", What: "the namespace has a Secret that the driver has not made", Running: true},
			{Name: "class-differs", What: "a SecretProviderClass is not in the cluster, means something else there, or is not in the tree", Running: true},
		},
		Mutations: []guide.Mutation{
			deployment.Append("plain-secret", "a Secret is written into the manifests", "rbac.yaml", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: by-hand}\nstringData: {A_SETTING: of-somebody}\n"),
			deployment.Change("secret-from-elsewhere", "the indexer mounts a Secret that somebody made by hand", "indexer.yaml", "            secretName: stellar-escrow-secrets\n", "            secretName: made-by-hand\n", "S3/not-mounted"),
			deployment.Change("another-provider", "the guide's class is of a vault", "secrets-store.yaml", "  provider: aws\n", "  provider: vault\n", "S1/secret-from-elsewhere", "S2/no-class"),
			deployment.Change("another-provider", "a secret is in the Parameter Store", "secrets-store.yaml", "stellar-escrow/production/stellar\n        objectType: secretsmanager\n", "stellar-escrow/production/stellar\n        objectType: ssmparameter\n"),
			{Mode: "plain-secret", What: "in dev alone, a generator makes a Secret", Change: func(d *guide.Draft) error {
				return d.Append("k8s/overlays/dev/kustomization.yaml", "secretGenerator:\n  - name: by-hand\n    literals: [A_SETTING=of-somebody]\n")
			}},
			deployment.Beside("plain-secret", "a Secret stands in what is applied beside every overlay", "apiVersion: v1\nkind: Secret\nmetadata: {name: by-hand, namespace: stellar-escrow}\nstringData: {A_SETTING: of-somebody}\n"),
			deployment.Change("secret-from-elsewhere", "the driver fetches by keys of a Secret that somebody made by hand", "api.yaml", "            volumeAttributes: {secretProviderClass: api}\n",
				"            nodePublishSecretRef: {name: made-by-hand}\n            volumeAttributes: {secretProviderClass: api}\n"),
			deployment.Patch("another-provider", "in staging alone, redis' class is of a vault", "staging", "{kind: SecretProviderClass, name: redis}", "{op: replace, path: /spec/provider, value: vault}"),
			deployment.Change("no-such-class", "redis mounts a class that is not there", "redis.yaml", "secretProviderClass: redis", "secretProviderClass: redis-of-old"),
		},
		Breaks: []guide.Break{
			breaks.Add("secret-by-hand", "somebody has made a Secret by hand", breaks.Object{Version: "v1", Resource: "secrets", Name: "audit-break"}, map[string]any{
				"apiVersion": "v1", "kind": "Secret", "stringData": map[string]any{"A_SETTING": "of-somebody"}}),
			breaks.Change("secret-from-elsewhere", "the next pods of the indexer mount a Secret that somebody has made by hand", workload("indexer"), func(o breaks.Fields) error {
				return o.Each(func(v breaks.Fields) error {
					if v["secret"] == nil {
						return nil
					}
					return v.Set("made-by-hand", "secret", "secretName")
				}, "spec", "template", "spec", "volumes")
			}, "S3/not-mounted"),
			breaks.Change("another-provider", "redis' class is of a vault", class("redis"), func(o breaks.Fields) error { return o.Set("vault", "spec", "provider") }, "S1/class-differs"),
			breaks.Remove("no-such-class", "redis' class is gone", class("redis"), "S1/class-differs"),
			breaks.Change("class-differs", "redis' class fetches from another region", class("redis"), func(o breaks.Fields) error { return o.Set("eu-west-1", "spec", "parameters", "region") }),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgeSources(o.Set) })
		},
		Running: runSources,
		Agree: func(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
			f, err := deployment.Cluster(ctx, s)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			const mode = "class-differs"
			subjects, findings, err := deployment.Comparison[kube.SecretProviderClass]{
				Resource: "secretproviderclasses", Means: func(c *kube.SecretProviderClass) any { return c.Spec }, Missing: mode, Different: mode, Surplus: mode,
			}.Look(t, f)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return guide.Judge(subjects, findings)
		},
	}
}

func judgeSources(set *kube.Set) guide.Result { return deployment.Once(sources(set)) }

func sources(set *kube.Set) (subjects []guide.Subject, findings []guide.Finding) {
	for _, s := range set.Secrets() {
		findings = append(findings, guide.Finding{Mode: "plain-secret", Subject: s.String(), Detail: "put its values into AWS Secrets Manager, and a SecretProviderClass in its place", At: deployment.At(s.Object)})
	}
	classes, synced := map[string]bool{}, map[string]string{}
	for _, c := range set.SecretProviderClasses() {
		classes[c.Name] = true
		objects, err := c.Value.AWSObjects()
		if err != nil {
			findings = append(findings, guide.Finding{Mode: "another-provider", Subject: c.String(), Detail: err.Error(), At: deployment.At(c.Object)})
			continue
		}
		for _, o := range objects {
			// The driver's other type is the Parameter Store's. Where none is given, the whole name of the secret says what it is.
			if o.ObjectType != "secretsmanager" && !(o.ObjectType == "" && strings.HasPrefix(o.ObjectName, "arn:") && strings.Contains(o.ObjectName, ":secretsmanager:")) {
				findings = append(findings, guide.Finding{Mode: "another-provider", Subject: c.String(), Detail: fmt.Sprintf("%s is of the type %q: write objectType: secretsmanager", o.ObjectName, o.ObjectType), At: deployment.At(c.Object)})
			}
		}
		for _, s := range c.Value.Spec.SecretObjects {
			synced[s.SecretName] = c.Name
		}
		subjects = append(subjects, guide.Subject{Name: c.String(), Evidence: fmt.Sprintf("fetches %d secrets from AWS Secrets Manager", len(objects)), At: deployment.At(c.Object)})
	}
	for _, w := range deployment.Workloads(set) {
		for _, m := range mounted(w.Pod.Spec) {
			switch {
			case m.class != "" && !classes[m.class]:
				findings = append(findings, guide.Finding{Mode: "no-such-class", Subject: w.String(), Detail: fmt.Sprintf("volume %s is of the class %s", m.volume, m.class), At: deployment.At(w.Object)})
			case m.secret != "" && synced[m.secret] == "" && fromClusterCA()[m.secret] == "":
				findings = append(findings, guide.Finding{Mode: "secret-from-elsewhere", Subject: w.String(), Detail: fmt.Sprintf("volume %s is of the Secret %s, which no class makes", m.volume, m.secret), At: deployment.At(w.Object)})
			default:
				subjects = append(subjects, guide.Subject{Name: w.String() + " " + m.volume, Evidence: m.String(), At: deployment.At(w.Object)})
			}
		}
	}
	return subjects, findings
}

// mount is a volume that holds secrets: of a class of the driver's, or of a Secret.
type mount struct {
	volume, class, secret string
	items                 []string          // keys of the Secret that it has; nil: all
	paths                 map[string]string // the same keys by the names of their files
	optional              bool              // the pod starts without it
}

func (m mount) String() string {
	if m.class != "" {
		return "SecretProviderClass " + m.class
	}
	return "Secret " + m.secret
}

func mounted(pod corev1.PodSpec) (all []mount) {
	for _, v := range pod.Volumes {
		if v.CSI != nil && v.CSI.NodePublishSecretRef != nil { // what the driver is given to fetch with
			all = append(all, mount{volume: v.Name, secret: v.CSI.NodePublishSecretRef.Name})
		}
		switch {
		case v.CSI != nil && v.CSI.Driver == kube.SecretsStoreDriver:
			all = append(all, mount{volume: v.Name, class: v.CSI.VolumeAttributes[kube.ProviderClass]})
		case v.Secret != nil:
			all = append(all, ofSecret(v.Name, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional))
		case v.Projected != nil:
			for _, s := range v.Projected.Sources {
				if s.Secret != nil {
					all = append(all, ofSecret(v.Name, s.Secret.Name, s.Secret.Items, s.Secret.Optional))
				}
			}
		}
	}
	return all
}

func ofSecret(volume, secret string, items []corev1.KeyToPath, optional *bool) mount {
	m := mount{volume: volume, secret: secret, optional: optional != nil && *optional}
	for _, i := range items {
		if m.paths == nil {
			m.paths = map[string]string{}
		}
		m.items, m.paths[i.Path] = append(m.items, i.Key), i.Key
	}
	return m
}
