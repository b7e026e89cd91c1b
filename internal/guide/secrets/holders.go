package secrets

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// uses are the keys that each part uses, by the secret that has them below its environment's (k8s/base/secrets-store.yaml and secrets-store-parts.yaml say what for). A part that is
// not here uses none.
func uses() map[string]map[string][]string {
	database, relay, ca, redis := []string{"DATABASE_URL", "POSTGRES_PASSWORD"}, []string{"RELAY_SECRET"}, []string{"DATABASE_CA"}, []string{"REDIS_PASSWORD"}
	return map[string]map[string][]string{
		"api":          {"database": database, "api-keys": {"ADMIN_KEYS", "API_KEYS"}, "stellar": {"CONTRACT_ID"}, "relay": relay, "database-ca": ca},
		"indexer":      {"database": database, "stellar": {"CONTRACT_ID"}, "relay": relay, "database-ca": ca, "redis": redis, "indexer": {"CHANNEL_KEYS", "FEE_KEY", "KEEPER_KEYS", "STELLAR_RPC_URLS"}},
		"backup":       {"database": database, "database-ca": ca, "backup": {"BACKUP_RECIPIENTS"}},
		"postgres":     {"database": {"POSTGRES_PASSWORD"}, "postgres": {"SERVER_CERTIFICATE", "SERVER_KEY"}},
		"redis":        {"redis": redis},
		"grafana":      {"grafana": {"GRAFANA_ADMIN_PASSWORD"}},
		"alertmanager": {"alertmanager": {"ALERT_CRITICAL_URL", "ALERT_WARNING_URL"}},
	}
}

// pathForm is how a secret is called: the platform, the environment, and the secret's own name.
var pathForm = regexp.MustCompile(`(?:^|:secret:)stellar-escrow/([^/]+)/([^/]+)$`)

// everyKey is of a secret that is one file.
const everyKey = "every key"

// held is one key that a pod holds.
type heldKey struct{ path, key string }

func (k heldKey) String() string { return k.key + " of " + k.path }

// fetches are the keys that each class fetches, by the name of the file that each becomes. A class that cannot be read fetches nothing here: S1 says what is wrong with it.
func fetches(set *kube.Set) (classes map[string]map[string]heldKey, synced map[string]map[string]heldKey) {
	classes, synced = map[string]map[string]heldKey{}, map[string]map[string]heldKey{}
	for _, c := range set.SecretProviderClasses() {
		objects, err := c.Value.AWSObjects()
		if err != nil || c.Namespace != deployment.NamespaceOf(set) {
			continue
		}
		files := map[string]heldKey{}
		for _, o := range objects {
			if len(o.JMESPath) == 0 {
				files[o.Files()[0]] = heldKey{o.ObjectName, everyKey}
			}
			for _, p := range o.JMESPath {
				files[p.ObjectAlias] = heldKey{o.ObjectName, p.Path}
			}
		}
		classes[c.Name] = files
		for _, s := range c.Value.Spec.SecretObjects {
			if synced[s.SecretName] == nil {
				synced[s.SecretName] = map[string]heldKey{}
			}
			for _, d := range s.Data {
				if key, ok := files[d.ObjectName]; ok {
					synced[s.SecretName][d.Key] = key
				}
			}
		}
	}
	return classes, synced
}

// holders tells of each pod that mounts secrets whether it holds keys that its part does not use. What the guide's own class fetches beside the guide's keys is surplus-key, and nobody's here.
func holders(set *kube.Set, environment string) (subjects []guide.Subject, findings []guide.Finding) {
	classes, synced := fetches(set)
	guides := map[heldKey]bool{}
	for path, keys := range pathsOf(environment) {
		for _, key := range keys {
			guides[heldKey{path, key}] = true
		}
	}
	for _, w := range deployment.Workloads(set) {
		part := w.Pod.Labels["app.kubernetes.io/name"]
		keys := map[heldKey]bool{}
		for _, m := range mounted(w.Pod.Spec) {
			of := classes[m.class]
			if m.secret != "" {
				of = synced[m.secret]
			}
			for file, key := range of {
				if m.items != nil && !slices.Contains(m.items, file) || (m.class == guideSecret || m.secret == guideSecret) && !guides[key] {
					continue
				}
				keys[key] = true
			}
		}
		all := slices.SortedFunc(maps.Keys(keys), func(a, b heldKey) int { return strings.Compare(a.String(), b.String()) })
		var names []string
		for _, key := range all {
			names = append(names, key.key)
			form := pathForm.FindStringSubmatch(key.path)
			if form == nil || !slices.Contains(uses()[part][form[2]], key.key) {
				findings = append(findings, guide.Finding{Mode: "held-without-use", Subject: w.String(), Detail: fmt.Sprintf("%s: %s does not use it: mount what it uses, by items of the Secret or a class of its own", key, part), At: deployment.At(w.Object)})
			}
		}
		if len(names) == 0 {
			names = []string{"nothing"}
		}
		subjects = append(subjects, guide.Subject{Name: w.String(), Evidence: "holds " + strings.Join(names, ", "), At: deployment.At(w.Object)})
	}
	return subjects, findings
}
