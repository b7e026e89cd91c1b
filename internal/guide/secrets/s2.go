package secrets

import (
	"context"
	"fmt"
	"maps"
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

// production is the environment of the guide's secrets. An overlay that is no part of production's has an environment of its own, and the same secrets below it.
const production = "production"

// paths are the guide's secrets and their keys.
func paths() map[string][]string { return pathsOf(production) }

// pathsOf are the same of another environment.
func pathsOf(environment string) map[string][]string {
	return map[string][]string{
		"stellar-escrow/" + environment + "/database": {"DATABASE_URL", "POSTGRES_PASSWORD"},
		"stellar-escrow/" + environment + "/api-keys": {"ADMIN_KEYS", "API_KEYS"},
		"stellar-escrow/" + environment + "/stellar":  {"CONTRACT_ID"},
	}
}

func s2() guide.Control {
	return guide.Control{
		ID:     "S2",
		Clause: "`stellar-escrow/production/database` → DATABASE_URL, POSTGRES_PASSWORD; `…/api-keys` → API_KEYS, ADMIN_KEYS; `…/stellar` → CONTRACT_ID",
		Question: "Does the class that the guide names fetch exactly these paths and of them exactly these keys; is everything that a class fetches of one environment, which is production in that overlay and in what is made of it, and " +
			"nowhere else; and does no pod hold a key that its part does not use? In each overlay. Running: the same of the cluster's classes and pods.",
		Modes: []guide.Mode{
			{Name: "no-class", What: "the class cannot be read as one that fetches from AWS Secrets Manager"},
			{Name: "missing-key", What: "a path or a key of the guide's is not fetched"},
			{Name: "surplus-key", What: "something is fetched that the guide does not have: additions are classes of their own, so that no pod holds a key it does not use"},
			{Name: "another-environment", What: "a class fetches another environment's secrets: what is tried out in one reads the other's keys"},
			{Name: "held-without-use", What: "a pod mounts a key that its part does not use: whoever breaks into it has that too"},
		},
		Mutations: []guide.Mutation{
			deployment.Change("no-class", "the class has another name", storeFile, "metadata:\n  name: stellar-escrow-secrets\n", "metadata:\n  name: another\n", "S1/no-such-class", "S3/not-synced", "S2/another-environment"),
			deployment.Change("missing-key", "CONTRACT_ID is fetched by another name", storeFile, "          - path: CONTRACT_ID\n", "          - path: CONTRACT\n", "S2/surplus-key"),
			deployment.Change("missing-key", "the path of the api's keys is another", storeFile, "objectName: stellar-escrow/production/api-keys", "objectName: stellar-escrow/production/apikeys", "S2/surplus-key"),
			deployment.Change("surplus-key", "the database's secret gives one more key", storeFile, "          - path: POSTGRES_PASSWORD\n            objectAlias: POSTGRES_PASSWORD\n",
				"          - path: POSTGRES_PASSWORD\n            objectAlias: POSTGRES_PASSWORD\n          - path: REPLICATION_PASSWORD\n            objectAlias: REPLICATION_PASSWORD\n"),
			deployment.Change("held-without-use", "the client mounts the indexer's class", "client.yaml", "            readOnlyRootFilesystem: true\n            capabilities: {drop: [ALL]}\n",
				"            readOnlyRootFilesystem: true\n            capabilities: {drop: [ALL]}\n      volumes:\n        - name: keys\n          csi: {driver: secrets-store.csi.k8s.io, readOnly: true, volumeAttributes: {secretProviderClass: indexer}}\n"),
			deployment.Change("held-without-use", "the api mounts the indexer's class in place of its own", "api.yaml", "secretProviderClass: api}", "secretProviderClass: indexer}"),
			deployment.Change("held-without-use", "the indexer mounts every key of the guide's Secret", "indexer.yaml",
				"            items:\n              - {key: DATABASE_URL, path: DATABASE_URL}\n              - {key: POSTGRES_PASSWORD, path: POSTGRES_PASSWORD}\n              - {key: CONTRACT_ID, path: CONTRACT_ID}\n", ""),
			deployment.Change("held-without-use", "the database mounts the guide's class, and with it the api's keys", "postgres.yaml", "secretProviderClass: postgres}", "secretProviderClass: stellar-escrow-secrets}"),
			deployment.Change("held-without-use", "Grafana's class fetches the indexer's keys too", "secrets-store-parts.yaml", "      - objectName: stellar-escrow/production/grafana\n",
				"      - objectName: stellar-escrow/production/indexer\n        objectType: secretsmanager\n        jmesPath:\n          - path: FEE_KEY\n            objectAlias: FEE_KEY\n      - objectName: stellar-escrow/production/grafana\n", "S2/another-environment"),
			deployment.Patch("held-without-use", "in dev alone, Loki mounts the guide's Secret", "dev", "{kind: StatefulSet, name: loki}", "{op: add, path: /spec/template/spec/volumes/-, value: {name: keys, secret: {secretName: stellar-escrow-secrets}}}"),
			{Mode: "another-environment", What: "dev takes production's secrets", Change: func(d *guide.Draft) error {
				return d.Replace("k8s/overlays/dev/site.yaml", "  ENVIRONMENT: dev\n", "  ENVIRONMENT: production\n")
			}},
			deployment.Patch("another-environment", "in staging, Grafana's class takes dev's secret", "staging", "{kind: SecretProviderClass, name: grafana}",
				"{op: replace, path: /spec/parameters/objects, value: \"[{objectName: stellar-escrow/dev/grafana, objectType: secretsmanager, jmesPath: [{path: GRAFANA_ADMIN_PASSWORD, objectAlias: GRAFANA_ADMIN_PASSWORD}]}]\"}"),
			deployment.Patch("missing-key", "in staging alone, the guide's class does not fetch the api's keys", "staging", "{kind: SecretProviderClass, name: stellar-escrow-secrets}",
				"{op: replace, path: /spec/parameters/objects, value: \"[{objectName: stellar-escrow/staging/database, objectType: secretsmanager, jmesPath: [{path: DATABASE_URL, objectAlias: DATABASE_URL}, {path: POSTGRES_PASSWORD, objectAlias: POSTGRES_PASSWORD}]}, {objectName: stellar-escrow/staging/stellar, objectType: secretsmanager, jmesPath: [{path: CONTRACT_ID, objectAlias: CONTRACT_ID}]}]\"}", "S3/"+anotherFile),
		},
		Breaks: []guide.Break{
			breaks.Change("held-without-use", "the next pods of the client mount the indexer's class", workload("client"), func(o breaks.Fields) error {
				return o.Append(map[string]any{"name": "keys", "csi": map[string]any{"driver": kube.SecretsStoreDriver, "readOnly": true,
					"volumeAttributes": map[string]any{kube.ProviderClass: "indexer"}}}, "spec", "template", "spec", "volumes")
			}),
			breaks.Change("another-environment", "redis' class fetches staging's password", class("redis"), func(o breaks.Fields) error {
				text, err := o.Text("spec", "parameters", "objects")
				if err != nil {
					return err
				}
				return o.Set(strings.Replace(text, "/production/", "/staging/", 1), "spec", "parameters", "objects")
			}, "S1/class-differs"),
			breaks.Change("no-class", "the class is of a vault", class(guideSecret), func(o breaks.Fields) error { return o.Set("vault", "spec", "provider") },
				"S1/another-provider", "S1/secret-from-elsewhere", "S1/secret-by-hand", "S1/class-differs"),
			objects("missing-key", "CONTRACT_ID is fetched by another name", "- path: CONTRACT_ID", "- path: CONTRACT", "S2/surplus-key"),
			objects("surplus-key", "the database's secret gives one more key", "- path: POSTGRES_PASSWORD\n", "- path: REPLICATION_PASSWORD\n      objectAlias: REPLICATION_PASSWORD\n    - path: POSTGRES_PASSWORD\n"),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result {
				return judgeKeys(o.Set, slices.Contains(o.Set.Folders, deployment.Production))
			})
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return deployment.Live(ctx, s, append(makers(), "secretproviderclasses"), func(f *cluster.Facts) guide.Result { return judgeKeys(f.Set, true) })
		},
	}
}

// judgeKeys looks at what is fetched and at who holds it. ofProduction tells whether that has to be production's.
func judgeKeys(set *kube.Set, ofProduction bool) guide.Result {
	environment, findings := environmentOf(set, ofProduction)
	subjects, wrong := fetched(set, environment)
	pods, more := holders(set, environment)
	return deployment.Once(append(subjects, pods...), slices.Concat(findings, wrong, more))
}

// environmentOf is where the classes fetch from; of production it is known beforehand, elsewhere it is what most say.
func environmentOf(set *kube.Set, ofProduction bool) (environment string, findings []guide.Finding) {
	type source struct {
		class kube.Object
		name  string
		of    string // its environment; empty where none shows
	}
	var all []source
	count := map[string]int{}
	for _, c := range set.SecretProviderClasses() {
		objects, err := c.Value.AWSObjects()
		if err != nil {
			continue // S1, and of the guide's class no-class
		}
		for _, o := range objects {
			s := source{class: c.Object, name: o.ObjectName}
			if form := pathForm.FindStringSubmatch(o.ObjectName); form != nil {
				s.of = form[1]
				count[s.of]++
			}
			all = append(all, s)
		}
	}
	if environment = production; !ofProduction {
		environment = ""
		for _, name := range slices.Sorted(maps.Keys(count)) {
			if environment == "" || count[name] > count[environment] {
				environment = name
			}
		}
	}
	for _, s := range all {
		advice := ""
		switch {
		case s.of == "":
			advice = "of which environment it is does not show: call it stellar-escrow/ENVIRONMENT/SECRET"
		case s.of == production && !ofProduction:
			advice = "take a secret of this environment, or make the overlay of " + deployment.Production
		case s.of != environment:
			advice = "take a secret of " + environment
		default:
			continue
		}
		findings = append(findings, guide.Finding{Mode: "another-environment", Subject: s.class.String(), Detail: s.name + ": " + advice, At: deployment.At(s.class)})
	}
	return environment, findings
}

// fetched holds the guide's class against the guide's paths.
func fetched(set *kube.Set, environment string) (subjects []guide.Subject, findings []guide.Finding) {
	i := slices.IndexFunc(set.SecretProviderClasses(), func(c kube.Found[kube.SecretProviderClass]) bool { return c.Name == guideSecret })
	if i < 0 {
		return nil, []guide.Finding{{Mode: "no-class", Subject: guideSecret, Detail: "there is no SecretProviderClass of this name", At: guide.Place{File: "k8s/base/" + storeFile}}}
	}
	class := set.SecretProviderClasses()[i]
	objects, err := class.Value.AWSObjects()
	if err != nil {
		return nil, []guide.Finding{{Mode: "no-class", Subject: guideSecret, Detail: err.Error(), At: deployment.At(class.Object)}}
	}
	fetched := map[string][]string{}
	for _, o := range objects {
		keys := []string{}
		for _, part := range o.JMESPath {
			keys = append(keys, part.Path)
		}
		fetched[o.ObjectName] = keys
	}
	add := func(mode, subject, detail string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: detail, At: deployment.At(class.Object)})
	}
	wanted := pathsOf(environment)
	for path, keys := range wanted {
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
			if !slices.Contains(wanted[path], key) {
				add("surplus-key", path, fmt.Sprintf("%s is not the guide's: put it into a class of the part that uses it", key))
			}
		}
	}
	return subjects, findings
}
