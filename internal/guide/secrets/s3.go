package secrets

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// consumers are the parts that use a key of the guide's.
func consumers() []string { return []string{"api", "backup", "indexer", "postgres"} }

func s3() guide.Control {
	return guide.Control{
		ID:     "S3",
		Clause: "the SecretProviderClass (`k8s/base/secrets-store.yaml`) syncs into `stellar-escrow-secrets`, mounted into pods",
		Question: "In each overlay, does the class in that file make the Secret of that name with every key, does every part that uses one mount the class or the Secret, read-only, and is none fetched or mounted so that " +
			"it does not follow a change; and does each part that is told of a secret's file have it there, of that key? Running: the same of the cluster's class and pods; and is the Secret there, and every class that a running pod has " +
			"mounted?",
		Modes: []guide.Mode{
			{Name: "not-synced", What: "the class does not make the Secret, or not with every key"},
			{Name: "not-mounted", What: "a part that uses a key mounts neither the class nor the Secret"},
			{Name: "by-subpath", What: "a secret is mounted by subPath: that file never changes again, whatever is rotated"},
			{Name: "writable-mount", What: "a volume of secrets is not mounted read-only"},
			{Name: anotherFile, What: "a part is told to read a secret from a file that its mounts do not have, or that is another key's"},
			{Name: mayBeMissing, What: "a pod starts though a secret that it mounts is not there"},
			{Name: pinnedVersion, What: "a secret is fetched by its version: whatever is rotated, it stays what it was"},
			{Name: "not-there", What: "the Secret is not in the cluster, or it is one that the driver has not made", Running: true},
			{Name: "mount-failed", What: "the driver says of a pod that its class is not mounted", Running: true},
		},
		Mutations: append([]guide.Mutation{
			deployment.Change("not-synced", "the Secret lacks a key", storeFile, "        - {objectName: ADMIN_KEYS, key: ADMIN_KEYS}\n", ""),
			deployment.Change("not-synced", "the Secret has another name", storeFile, "    - secretName: stellar-escrow-secrets\n", "    - secretName: stellar-escrow\n", "S1/secret-from-elsewhere"),
			deployment.Change("not-mounted", "the api mounts the class of its own alone", "api.yaml", "secretProviderClass: stellar-escrow-secrets", "secretProviderClass: api", "S3/"+anotherFile),
			deployment.Change("by-subpath", "one file of the api's is mounted by subPath", "api.yaml", "- {name: api-secrets, mountPath: /run/secrets/api, readOnly: true}", "- {name: api-secrets, mountPath: /run/secrets/api/RELAY_SECRET, subPath: RELAY_SECRET, readOnly: true}"),
			deployment.Patch("writable-mount", "with managed stores alone, the indexer could write its secrets", "production-managed", "{kind: Deployment, name: indexer}", "{op: remove, path: /spec/template/spec/containers/0/volumeMounts/0/readOnly}"),
			deployment.Change("writable-mount", "the api could write its secrets", "api.yaml", "- {name: api-secrets, mountPath: /run/secrets/api, readOnly: true}", "- {name: api-secrets, mountPath: /run/secrets/api}"),
		}, reading()...),
		Breaks: breakSynced(),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result {
				return judgeSynced(o.Set, o.Name == deployment.Production)
			})
		},
		Running: runSynced,
	}
}

func judgeSynced(set *kube.Set, whole bool) guide.Result { return deployment.Once(synced(set, whole)) }

// synced looks at the class and at who mounts what. whole tells that every part has to be there; elsewhere one may be left out.
func synced(set *kube.Set, whole bool) (subjects []guide.Subject, findings []guide.Finding) {
	file := guide.Place{File: "k8s/base/" + storeFile}
	keys := map[string]bool{}
	for _, c := range set.SecretProviderClasses() {
		if c.Name != guideSecret || c.File != file.File && set.Namespace == "" { // a cluster has no files
			continue
		}
		for _, s := range c.Value.Spec.SecretObjects {
			for _, d := range s.Data {
				keys[d.Key] = keys[d.Key] || s.SecretName == guideSecret
			}
		}
		file = deployment.At(c.Object)
	}
	for _, path := range slices.Sorted(maps.Keys(paths())) {
		for _, key := range paths()[path] {
			if !keys[key] {
				findings = append(findings, guide.Finding{Mode: "not-synced", Subject: key, Detail: "add it to secretObjects of " + guideSecret, At: file})
				continue
			}
			subjects = append(subjects, guide.Subject{Name: key, Evidence: "synced into " + guideSecret, At: file})
		}
	}
	holders, others, there := map[string]bool{}, map[string]bool{}, map[string]bool{} // parts with pods that mount it, with pods that do not, and with pods
	findings = append(findings, pinned(set)...)
	for _, w := range deployment.Workloads(set) {
		findings = append(findings, readsOf(set, w)...)
		part := w.Pod.Labels["app.kubernetes.io/name"]
		holds := false
		volumes := map[string]mount{}
		for _, m := range mounted(w.Pod.Spec) {
			volumes[m.volume] = m
		}
		for _, c := range w.Containers() {
			for _, v := range c.VolumeMounts {
				m, ok := volumes[v.Name]
				if !ok {
					continue
				}
				where := fmt.Sprintf("container %s: %s", c.Name, v.MountPath)
				if v.SubPath+v.SubPathExpr != "" {
					findings = append(findings, guide.Finding{Mode: "by-subpath", Subject: w.String(), Detail: where + ": mount the whole volume", At: deployment.At(w.Object)})
				}
				if !v.ReadOnly {
					findings = append(findings, guide.Finding{Mode: "writable-mount", Subject: w.String(), Detail: where + ": write readOnly: true", At: deployment.At(w.Object)})
				}
				if m.class == guideSecret || m.secret == guideSecret {
					holds = true
					subjects = append(subjects, guide.Subject{Name: w.String(), Evidence: fmt.Sprintf("%s at %s", m, v.MountPath), At: deployment.At(w.Object)})
				}
			}
		}
		there[part], holders[part], others[part] = true, holders[part] || holds, others[part] || !holds
	}
	for _, part := range consumers() {
		if !there[part] && !whole {
			continue
		}
		if !holders[part] || others[part] {
			findings = append(findings, guide.Finding{Mode: "not-mounted", Subject: part, Detail: "mount the class, or of the Secret the keys that it uses", At: file})
		}
	}
	return subjects, findings
}
