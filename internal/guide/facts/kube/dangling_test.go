package kube_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// gone are names that lead nowhere where the stores are managed: the table keeps its rows, and there is no pod of theirs.
var gone = []string{
	"NetworkPolicy stellar-escrow/api: to no pod: map[app.kubernetes.io/name:postgres]",
	"NetworkPolicy stellar-escrow/backup: to no pod: map[app.kubernetes.io/name:postgres]",
	"NetworkPolicy stellar-escrow/indexer: to no pod: map[app.kubernetes.io/name:postgres]",
	"NetworkPolicy stellar-escrow/indexer: to no pod: map[app.kubernetes.io/name:redis]",
}

func TestEveryReferenceResolves(t *testing.T) {
	for _, overlay := range overlays(t) {
		var missing []string
		if strings.HasSuffix(overlay, "-managed") {
			missing = gone
		}
		got := referenceProblems(render(t, overlay))
		for _, p := range got {
			if !slices.Contains(missing, p) {
				t.Errorf("%s: %s", overlay, p)
			}
		}
		for _, p := range missing {
			if !slices.Contains(got, p) {
				t.Errorf("%s: %q is expected, and not so", overlay, p)
			}
		}
	}
}

func TestBrokenReferencesAreNamed(t *testing.T) {
	const api, service = "Deployment stellar-escrow/api: ", "Service stellar-escrow/api: "
	tests := map[string]struct{ file, old, with, says string }{
		"priority":             {"k8s/base/api.yaml", "priorityClassName: stellar-escrow-serving", "priorityClassName: high", api + "no PriorityClass high"},
		"spread":               {"k8s/base/api.yaml", "labelSelector: {matchLabels: {app.kubernetes.io/name: api}}", "labelSelector: {matchLabels: {app.kubernetes.io/name: apis}}", api + "it is spread among others"},
		"probe's port":         {"k8s/base/api.yaml", "httpGet: {path: /readyz, port: http}", "httpGet: {path: /readyz, port: web}", api + "Deployment stellar-escrow/api, container api, readiness probe: the container has no port web"},
		"probe's number":       {"k8s/base/api.yaml", "httpGet: {path: /readyz, port: http}", "httpGet: {path: /readyz, port: 4002}", api + "Deployment stellar-escrow/api, container api, readiness probe: the container has no port 4002"},
		"volume":               {"k8s/base/api.yaml", "- {name: api-secrets, mountPath", "- {name: apis-secrets, mountPath", api + "container api: no volume apis-secrets"},
		"unused volume":        {"k8s/base/api.yaml", "            - {name: api-secrets, mountPath: /run/secrets/api, readOnly: true}\n", "", api + "no container mounts volume api-secrets"},
		"class":                {"k8s/base/api.yaml", "secretProviderClass: api}", "secretProviderClass: apis}", api + "no SecretProviderClass apis"},
		"driver":               {"k8s/base/api.yaml", "driver: secrets-store.csi.k8s.io", "driver: secrets.example.com", api + "volume stellar-escrow-secrets is of driver"},
		"host path":            {"k8s/base/loki.yaml", "emptyDir: {medium: Memory, sizeLimit: 32Mi}", "hostPath: {path: /tmp}", "StatefulSet stellar-escrow/loki: volume tmp is of a kind"},
		"no limit":             {"k8s/base/loki.yaml", "emptyDir: {medium: Memory, sizeLimit: 32Mi}", "emptyDir: {}", "StatefulSet stellar-escrow/loki: volume tmp has no limit"},
		"file of a variable":   {"k8s/base/api.yaml", "/run/secrets/api/RELAY_SECRET", "/run/secrets/api/RELAYSECRET", api + "container api: RELAY_SECRET_FILE: no volume has"},
		"key of a Secret":      {"k8s/base/indexer.yaml", "{key: CONTRACT_ID, path", "{key: CONTRACT, path", "Deployment stellar-escrow/indexer: Secret stellar-escrow-secrets has no CONTRACT"},
		"Secret":               {"k8s/base/indexer.yaml", "secretName: stellar-escrow-secrets", "secretName: stellar-escrow-secret", "Deployment stellar-escrow/indexer: nobody makes Secret stellar-escrow-secret"},
		"address":              {"k8s/base/api.yaml", "http://indexer:3000", "http://indexer:3001", api + "container api: INDEXER_URL: no Service indexer has port 3001"},
		"settings":             {"k8s/base/api.yaml", "configMapRef: {name: settings}", "configMapRef: {name: setting}", api + "container api: no ConfigMap setting"},
		"file of an argument":  {"k8s/base/prometheus.yaml", "/etc/prometheus/prometheus.yml", "/etc/prometheus/prometheus.yaml", "StatefulSet stellar-escrow/prometheus: container prometheus: no volume has"},
		"file of a probe":      {"k8s/base/redis.yaml", "[sh, /etc/redis/ready.sh]", "[sh, /etc/redis/readiness.sh]", "StatefulSet stellar-escrow/redis: container redis: no volume has"},
		"ConfigMap":            {"k8s/base/prometheus.yaml", "configMap: {name: prometheus-config}", "configMap: {name: prometheus}", "StatefulSet stellar-escrow/prometheus: no ConfigMap prometheus"},
		"unused ConfigMap":     {"k8s/base/kustomization.yaml", "  - name: postgres-config\n", "  - name: unused\n    literals: [a=b]\n  - name: postgres-config\n", "ConfigMap stellar-escrow/unused-"},
		"governing Service":    {"k8s/base/redis.yaml", "serviceName: redis", "serviceName: cache", "StatefulSet stellar-escrow/redis: no Service cache"},
		"file of a class":      {"k8s/base/secrets-store.yaml", "{objectName: API_KEYS, key", "{objectName: API_KEY, key", "SecretProviderClass stellar-escrow/stellar-escrow-secrets: synced stellar-escrow-secrets: no file API_KEY"},
		"objects of a class":   {"k8s/base/secrets-store.yaml", "objectType:", "objecttype:", "SecretProviderClass stellar-escrow/stellar-escrow-secrets: SecretProviderClass stellar-escrow-secrets: parameters.objects"},
		"unused class":         {"k8s/base/secrets-store-parts.yaml", "  name: grafana\n", "  name: grafanas\n", "SecretProviderClass stellar-escrow/grafanas: no pod mounts it"},
		"selector":             {"k8s/base/api.yaml", "selector: {app.kubernetes.io/name: api}\n  ports:\n    - {name: http", "selector: {app.kubernetes.io/name: apis}\n  ports:\n    - {name: http", service + "0 workloads are behind it"},
		"target port":          {"k8s/base/api.yaml", "port: 4000, targetPort: http", "port: 4000, targetPort: web", service + "Deployment stellar-escrow/api has no port web"},
		"backend":              {"k8s/base/ingress.yaml", "{service: {name: api, port: {name: http}}}", "{service: {name: api, port: {name: web}}}", "Ingress stellar-escrow/api: no Service api has port web0"},
		"ingress class":        {"k8s/base/ingress.yaml", "ingressClassName: nginx", "ingressClassName: other", "Ingress stellar-escrow/client: it is of no class"},
		"certificate":          {"k8s/base/ingress.yaml", "secretName: stellar-escrow-tls", "secretName: other-tls", "Ingress stellar-escrow/client: nobody makes Secret other-tls"},
		"autoscaler's target":  {"k8s/base/api.yaml", "kind: Deployment, name: api}", "kind: Deployment, name: apis}", "HorizontalPodAutoscaler stellar-escrow/api: no Deployment apis"},
		"replicas and scaler":  {"k8s/base/api.yaml", "  # replicas: as the autoscaler says\n", "  replicas: 2\n", "HorizontalPodAutoscaler stellar-escrow/api: Deployment stellar-escrow/api says how many"},
		"no replicas":          {"k8s/base/grafana.yaml", "  replicas: 1\n", "", "Deployment stellar-escrow/grafana: nobody says how many"},
		"budget":               {"k8s/base/api.yaml", "keeps no node from being emptied\n  selector:\n    matchLabels: {app.kubernetes.io/name: api}", "keeps no node from being emptied\n  selector:\n    matchLabels: {app.kubernetes.io/name: apis}", "PodDisruptionBudget stellar-escrow/api: it is about no pod"},
		"policy's pods":        {"k8s/base/network-policy.yaml", "    matchLabels: {app.kubernetes.io/name: redis}\n  policyTypes", "    matchLabels: {app.kubernetes.io/name: cache}\n  policyTypes", "NetworkPolicy stellar-escrow/redis: it is about no pod"},
		"policy's port":        {"k8s/base/network-policy.yaml", "port: 3001", "port: 3002", "NetworkPolicy stellar-escrow/client: Deployment stellar-escrow/client has no port 3002"},
		"policy's peer":        {"k8s/base/network-policy.yaml", "            matchLabels: {app.kubernetes.io/name: client}\n        - namespaceSelector", "            matchLabels: {app.kubernetes.io/name: web}\n        - namespaceSelector", "NetworkPolicy stellar-escrow/api: from no pod"},
		"role":                 {"k8s/base/rbac.yaml", "  kind: Role\n  name: secret-reader", "  kind: Role\n  name: reader", "RoleBinding stellar-escrow/secret-readers: no Role reader"},
		"admission policy":     {"k8s/base/admission-policy.yaml", "policyName: stellar-escrow-pods", "policyName: pods", "ValidatingAdmissionPolicyBinding stellar-escrow-pods: no ValidatingAdmissionPolicy pods"},
		"policy without force": {"k8s/base/admission-policy.yaml", "policyName: stellar-escrow-pods", "policyName: stellar-escrow-images", "ValidatingAdmissionPolicy stellar-escrow-pods: no binding"},
		"unused account":       {"k8s/base/client.yaml", "serviceAccountName: client", "serviceAccountName: api", "ServiceAccount stellar-escrow/client: no pod has it"},
	}
	// One render shows several, each of another file: what they say, they say of different things.
	for len(tests) > 0 {
		tree, batch, touched := checkout(t), []string{}, map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			if test := tests[name]; !touched[test.file] {
				touched[test.file], batch = true, append(batch, name)
				change(t, tree, test.file, test.old, test.with)
			}
		}
		set, err := kube.Render(tree, production)
		if err != nil {
			t.Fatalf("%q: %v", batch, err)
		}
		got := referenceProblems(set)
		for _, name := range batch {
			if says := tests[name].says; !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, says) }) {
				t.Errorf("%s: got %q\nwant one that begins with %q", name, got, says)
			}
			delete(tests, name)
		}
	}
}
