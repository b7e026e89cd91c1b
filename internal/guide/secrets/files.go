package secrets

import (
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const (
	anotherFile   = "another-file"
	mayBeMissing  = "may-be-missing"
	pinnedVersion = "pinned-version"
)

// current is the label of the version that Secrets Manager gives whoever names none: the one that a rotation ends with.
const current = "AWSCURRENT"

// pinned are classes that fetch one version for ever, or the one before.
func pinned(set *kube.Set) (findings []guide.Finding) {
	for _, c := range set.SecretProviderClasses() {
		objects, err := c.Value.AWSObjects()
		if err != nil {
			continue // S1 says what is wrong with it
		}
		for _, o := range objects {
			versions := []string{o.ObjectVersion, strings.TrimSuffix(o.ObjectVersionLabel, current)}
			if f := o.FailoverObject; f != nil {
				versions = append(versions, f.ObjectVersion, strings.TrimSuffix(f.ObjectVersionLabel, current))
			}
			if version := strings.Join(versions, ""); version != "" {
				findings = append(findings, guide.Finding{Mode: pinnedVersion, Subject: c.String(), Detail: fmt.Sprintf("%s: version %s: name none: what is rotated would not be followed", o.ObjectName, version), At: deployment.At(c.Object)})
			}
		}
	}
	return findings
}

// readsOf looks at the files that a pod's programs are told to read secrets from: each is in a mount of the container's that has it, and of the key that it is called by. The programs read them at their start
// and whenever they change; a file that is not there stops them, and one of another key is taken for what it is not.
func readsOf(set *kube.Set, w kube.Workload) (findings []guide.Finding) {
	classes, _ := fetches(set)
	volumes := map[string]mount{}
	for _, m := range mounted(w.Pod.Spec) {
		volumes[m.volume] = m
		if m.optional {
			findings = append(findings, guide.Finding{Mode: mayBeMissing, Subject: w.String(), Detail: "volume " + m.volume + ": leave out optional", At: deployment.At(w.Object)})
		}
	}
	for _, c := range w.Containers() {
		for _, e := range c.Env {
			name, is := strings.CutSuffix(e.Name, "_FILE")
			if !is || !(secretVariable(name) || strings.HasPrefix(e.Value, "/run/secrets/")) {
				continue
			}
			add := func(detail string) {
				findings = append(findings, guide.Finding{Mode: anotherFile, Subject: w.String() + " " + c.Name, Detail: fmt.Sprintf("%s=%s: %s", e.Name, e.Value, detail), At: deployment.At(w.Object)})
			}
			m, file, ok := mountOf(c, volumes, e.Value)
			if !ok {
				add("no volume of secrets is mounted there")
				continue
			}
			if m.secret != "" {
				if m.paths != nil {
					file = m.paths[file]
				}
				if file != name { // whether the Secret has the key, not-synced says
					add(fmt.Sprintf("it is the file of %q", file))
				}
				continue
			}
			of := classes[m.class]
			switch key, there := of[file]; {
			case of == nil: // S1 says that there is no such class
			case !there:
				add("the volume has no such file")
			case file != name && key.key != everyKey: // what a file is made of, S2 says
				add("it is the file of " + file)
			}
		}
	}
	return findings
}

// mountOf is the volume of secrets that a path of the container is in, and the file in it.
func mountOf(c corev1.Container, volumes map[string]mount, name string) (m mount, file string, ok bool) {
	deepest := ""
	for _, v := range c.VolumeMounts {
		at := path.Clean(v.MountPath)
		if at == path.Clean(name) && v.SubPath != "" {
			m, ok = volumes[v.Name]
			return m, v.SubPath, ok
		}
		if rest, in := strings.CutPrefix(path.Clean(name), at+"/"); in && len(at) > len(deepest) {
			deepest, file = at, rest
			m, ok = volumes[v.Name]
		}
	}
	return m, file, ok
}

// reading are mutations of it.
func reading() []guide.Mutation {
	return []guide.Mutation{
		deployment.Change(anotherFile, "the api looks for the database where nothing is mounted", "api.yaml", "value: /run/secrets/stellar-escrow/DATABASE_URL}", "value: /run/secrets/nowhere/DATABASE_URL}"),
		deployment.Change(anotherFile, "the api takes the administrators' keys for those of integrators", "api.yaml", "value: /run/secrets/stellar-escrow/API_KEYS}", "value: /run/secrets/stellar-escrow/ADMIN_KEYS}"),
		deployment.Change(anotherFile, "what the indexer takes for a password is a URL", "indexer.yaml", "{key: POSTGRES_PASSWORD, path: POSTGRES_PASSWORD}", "{key: DATABASE_URL, path: POSTGRES_PASSWORD}"),
		deployment.Change(mayBeMissing, "the indexer starts without its secrets", "indexer.yaml", "            secretName: stellar-escrow-secrets\n", "            secretName: stellar-escrow-secrets\n            optional: true\n"),
		deployment.Change(pinnedVersion, "the contract's secret is the one before the last rotation", storeFile, "stellar-escrow/production/stellar\n        objectType: secretsmanager\n", "stellar-escrow/production/stellar\n        objectType: secretsmanager\n        objectVersionLabel: AWSPREVIOUS\n"),
		deployment.Change(pinnedVersion, "the contract's secret is of one version for ever", storeFile, "stellar-escrow/production/stellar\n        objectType: secretsmanager\n", "stellar-escrow/production/stellar\n        objectType: secretsmanager\n        objectVersion: 11111111-2222-3333-4444-555555555555\n"),
	}
}
