package secrets

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
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
		ID:       "S1",
		Clause:   "production secrets come from AWS Secrets Manager through the Secrets Store CSI Driver",
		Question: "Does every Secret and every volume of the driver that a pod mounts come from a SecretProviderClass of the provider aws, and is no secret in the manifests themselves?",
		Modes: []guide.Mode{
			{Name: "plain-secret", What: "a Secret stands in the manifests, for everybody who reads them"},
			{Name: "secret-from-elsewhere", What: "a pod mounts a Secret that no SecretProviderClass makes"},
			{Name: "another-provider", What: "a SecretProviderClass fetches from somewhere else than AWS Secrets Manager"},
			{Name: "no-such-class", What: "a pod mounts a SecretProviderClass that is not there"},
		},
		Mutations: []guide.Mutation{
			deployment.Append("plain-secret", "a Secret is written into the manifests", "rbac.yaml", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: by-hand}\nstringData: {A_SETTING: of-somebody}\n"),
			deployment.Change("secret-from-elsewhere", "the indexer mounts a Secret that somebody made by hand", "indexer.yaml", "            secretName: stellar-escrow-secrets\n", "            secretName: made-by-hand\n", "S3/not-mounted"),
			deployment.Change("another-provider", "the guide's class is of a vault", "secrets-store.yaml", "  provider: aws\n", "  provider: vault\n", "S1/secret-from-elsewhere", "S2/no-class"),
			deployment.Change("no-such-class", "redis mounts a class that is not there", "redis.yaml", "secretProviderClass: redis", "secretProviderClass: redis-of-old"),
		},
		Tree:   func(_ context.Context, t *facts.Tree) guide.Result { return deployment.Judge(t, judgeSources) },
		Silent: "what a pod has mounted is looked at by S3",
	}
}

func judgeSources(set *kube.Set) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
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
	return guide.Judge(subjects, findings)
}

// mount is a volume that holds secrets: of a class of the driver's, or of a Secret.
type mount struct{ volume, class, secret string }

func (m mount) String() string {
	if m.class != "" {
		return "SecretProviderClass " + m.class
	}
	return "Secret " + m.secret
}

func mounted(pod corev1.PodSpec) (all []mount) {
	for _, v := range pod.Volumes {
		switch {
		case v.CSI != nil && v.CSI.Driver == kube.SecretsStoreDriver:
			all = append(all, mount{volume: v.Name, class: v.CSI.VolumeAttributes[kube.ProviderClass]})
		case v.Secret != nil:
			all = append(all, mount{volume: v.Name, secret: v.Secret.SecretName})
		case v.Projected != nil:
			for _, s := range v.Projected.Sources {
				if s.Secret != nil {
					all = append(all, mount{volume: v.Name, secret: s.Secret.Name})
				}
			}
		}
	}
	return all
}
