package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const (
	guideSecret = "stellar-escrow-secrets"
	storeFile   = "secrets-store.yaml"
)

// paths are the guide's secrets and their keys.
func paths() map[string][]string {
	return map[string][]string{
		"stellar-escrow/production/database": {"DATABASE_URL", "POSTGRES_PASSWORD"},
		"stellar-escrow/production/api-keys": {"ADMIN_KEYS", "API_KEYS"},
		"stellar-escrow/production/stellar":  {"CONTRACT_ID"},
	}
}

func s2() guide.Control {
	return guide.Control{
		ID:       "S2",
		Clause:   "`stellar-escrow/production/database` → DATABASE_URL, POSTGRES_PASSWORD; `…/api-keys` → API_KEYS, ADMIN_KEYS; `…/stellar` → CONTRACT_ID",
		Question: "Does the class that the guide names fetch exactly these paths and of them exactly these keys? Running: the same of the cluster's class.",
		Modes: []guide.Mode{
			{Name: "no-class", What: "the class cannot be read as one that fetches from AWS Secrets Manager"},
			{Name: "missing-key", What: "a path or a key of the guide's is not fetched"},
			{Name: "surplus-key", What: "something is fetched that the guide does not have: additions are classes of their own, so that no pod holds a key it does not use"},
		},
		Mutations: []guide.Mutation{
			deployment.Change("no-class", "the class has another name", storeFile, "metadata:\n  name: stellar-escrow-secrets\n", "metadata:\n  name: another\n", "S1/no-such-class", "S3/not-synced"),
			deployment.Change("missing-key", "CONTRACT_ID is fetched by another name", storeFile, "          - path: CONTRACT_ID\n", "          - path: CONTRACT\n", "S2/surplus-key"),
			deployment.Change("missing-key", "the path of the api's keys is another", storeFile, "objectName: stellar-escrow/production/api-keys", "objectName: stellar-escrow/production/apikeys", "S2/surplus-key"),
			deployment.Change("surplus-key", "the database's secret gives one more key", storeFile, "          - path: POSTGRES_PASSWORD\n            objectAlias: POSTGRES_PASSWORD\n",
				"          - path: POSTGRES_PASSWORD\n            objectAlias: POSTGRES_PASSWORD\n          - path: REPLICATION_PASSWORD\n            objectAlias: REPLICATION_PASSWORD\n"),
		},
		Breaks: []guide.Break{
			breaks.Change("no-class", "the class is of a vault", class(guideSecret), func(o breaks.Fields) error { return o.Set("vault", "spec", "provider") },
				"S1/another-provider", "S1/secret-from-elsewhere", "S1/secret-by-hand", "S1/class-differs"),
			objects("missing-key", "CONTRACT_ID is fetched by another name", "- path: CONTRACT_ID", "- path: CONTRACT", "S2/surplus-key"),
			objects("surplus-key", "the database's secret gives one more key", "- path: POSTGRES_PASSWORD\n", "- path: REPLICATION_PASSWORD\n      objectAlias: REPLICATION_PASSWORD\n    - path: POSTGRES_PASSWORD\n"),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result { return deployment.Judge(t, judgePaths) },
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return deployment.Live(ctx, s, []string{"secretproviderclasses"}, func(f *cluster.Facts) guide.Result { return judgePaths(f.Set) })
		},
	}
}

func judgePaths(set *kube.Set) guide.Result {
	i := slices.IndexFunc(set.SecretProviderClasses(), func(c kube.Found[kube.SecretProviderClass]) bool { return c.Name == guideSecret })
	if i < 0 {
		return guide.Fail(guide.Finding{Mode: "no-class", Subject: guideSecret, Detail: "there is no SecretProviderClass of this name", At: guide.Place{File: "k8s/base/" + storeFile}})
	}
	class := set.SecretProviderClasses()[i]
	objects, err := class.Value.AWSObjects()
	if err != nil {
		return guide.Fail(guide.Finding{Mode: "no-class", Subject: guideSecret, Detail: err.Error(), At: deployment.At(class.Object)})
	}
	fetched := map[string][]string{}
	for _, o := range objects {
		keys := []string{}
		for _, part := range o.JMESPath {
			keys = append(keys, part.Path)
		}
		fetched[o.ObjectName] = keys
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	add := func(mode, subject, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: detail, At: deployment.At(class.Object)})
	}
	for path, keys := range paths() {
		for _, key := range keys {
			if !slices.Contains(fetched[path], key) {
				add("missing-key", path, "fetch "+key)
			}
		}
		subjects = append(subjects, guide.Subject{Name: path, Evidence: strings.Join(keys, ", "), At: deployment.At(class.Object)})
	}
	for path, keys := range fetched {
		if len(keys) == 0 {
			add("surplus-key", path, "the whole secret is fetched as one file: name its keys")
		}
		for _, key := range keys {
			if !slices.Contains(paths()[path], key) {
				add("surplus-key", path, fmt.Sprintf("%s is not the guide's: put it into a class of the part that uses it", key))
			}
		}
	}
	return guide.Judge(subjects, findings)
}
