package kube_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"
	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// secretNames are those of what must come as a file; what ends in _FILE is where the file is.
var secretNames = regexp.MustCompile(`(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY|_KEYS|DATABASE_URL|RPC_URLS)$`)

// secretValues look like secrets whatever they are called: a Stellar seed, an AWS key, a private key, a URL with a password.
var secretValues = regexp.MustCompile(`\bS[A-Z2-7]{55}\b|\bAKIA[0-9A-Z]{16}\b|PRIVATE KEY-----|://[^/@\s]*:[^/@\s]+@|\bAGE-SECRET-KEY-`)

// environmentProblems are secrets that come to a pod otherwise than as a file.
func environmentProblems(s *kube.Set) (all []string) {
	maps := map[string]*corev1.ConfigMap{}
	for _, m := range s.ConfigMaps() {
		maps[m.Namespace+"/"+m.Name] = m.Value
		for key, value := range m.Value.Data {
			if secretValues.MatchString(value) {
				all = append(all, fmt.Sprintf("%s: %s looks like a secret", m, key))
			}
		}
	}
	for _, o := range s.Secrets() {
		all = append(all, o.String()+": it stands in the tree")
	}
	for _, w := range s.Workloads() {
		for _, c := range w.Containers() {
			say := func(format string, args ...any) {
				all = append(all, fmt.Sprintf("%s: container %s: ", w, c.Name)+fmt.Sprintf(format, args...))
			}
			check := func(name, value string) {
				if secretNames.MatchString(name) || secretValues.MatchString(value) {
					say("%s is in the environment", name)
				}
			}
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
					say("%s is a secret in the environment", e.Name)
				}
				check(e.Name, e.Value)
			}
			for _, from := range c.EnvFrom {
				if from.SecretRef != nil {
					say("secret %s is in the environment", from.SecretRef.Name)
				}
				if from.ConfigMapRef == nil {
					continue
				}
				if m := maps[w.Namespace+"/"+from.ConfigMapRef.Name]; m != nil {
					for name, value := range m.Data {
						check(from.Prefix+name, value)
					}
				}
			}
			for _, arg := range slices.Concat(c.Command, c.Args) {
				if secretValues.MatchString(arg) {
					say("an argument looks like a secret")
				}
			}
		}
	}
	return all
}

func TestNoSecretIsInAnEnvironment(t *testing.T) {
	for _, overlay := range overlays(t) {
		for _, p := range environmentProblems(render(t, overlay)) {
			t.Errorf("%s: %s", overlay, p)
		}
	}
}

func TestSecretsInAnEnvironmentAreNamed(t *testing.T) {
	seed, err := strkey.Encode(strkey.VersionByteSeed, make([]byte, 32)) // of no account: 32 zeros
	if err != nil {
		t.Fatal(err)
	}
	const env = `            - {name: API_LISTEN, value: ":4000"}` + "\n"
	const api = "Deployment stellar-escrow/api: container api: "
	tests := map[string]struct{ file, old, with, says string }{
		"by name":           {"k8s/base/api.yaml", env, env + "            - {name: POSTGRES_PASSWORD, value: x}\n", api + "POSTGRES_PASSWORD is in the environment"},
		"by value":          {"k8s/base/api.yaml", env, env + "            - {name: HARMLESS, value: " + seed + "}\n", api + "HARMLESS is in the environment"},
		"in a URL":          {"k8s/base/api.yaml", "http://indexer:3000", "http://a:b@indexer:3000", api + "INDEXER_URL is in the environment"},
		"from a Secret":     {"k8s/base/api.yaml", env, env + "            - {name: X, valueFrom: {secretKeyRef: {name: stellar-escrow-secrets, key: API_KEYS}}}\n", api + "X is a secret"},
		"all of a Secret":   {"k8s/base/api.yaml", "- configMapRef: {name: settings}", "- secretRef: {name: stellar-escrow-secrets}", api + "secret stellar-escrow-secrets is in"},
		"in the settings":   {"k8s/overlays/production/settings.env", "ASSETS=", "REDIS_PASSWORD=x\nASSETS=", api + "REDIS_PASSWORD is in the environment"},
		"in an argument":    {"k8s/base/api.yaml", "args: [api]", "args: [api, " + seed + "]", api + "an argument looks like a secret"},
		"in a ConfigMap":    {"monitoring/alertmanager.yml", "receiver: warning", "receiver: " + seed, "ConfigMap stellar-escrow/alertmanager-config-"},
		"a Secret in plain": {"k8s/base/rbac.yaml", "kind: Role\n", "kind: Role\nmetadata: {name: x}\nrules: []\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: plain}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n", "Secret stellar-escrow/plain: it stands in the tree"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := environmentProblems(changed(t, test.file, test.old, test.with))
			if !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, test.says) }) {
				t.Errorf("got %q, want one that begins with %q", got, test.says)
			}
		})
	}
}

// others are read by the libraries that the programs are made with: PostgreSQL's client and AWS' SDK.
var others = []string{"PGSSLMODE", "PGSSLROOTCERT", "AWS_REGION"}

// TestProgramsReadTheirEnvironment compares what our pods are given with what the programs' settings name.
func TestProgramsReadTheirEnvironment(t *testing.T) {
	known := map[string]bool{}
	tag := regexp.MustCompile(`env:"([A-Z0-9_,]+)"`)
	for _, dir := range []string{"internal/app", "internal/ctl"} {
		names, err := fs.Glob(os.DirFS(root+"/"+dir), "*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(root + "/" + dir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range tag.FindAllStringSubmatch(string(text), -1) {
				for name := range strings.SplitSeq(m[1], ",") {
					known[name] = true
				}
			}
		}
	}
	set := render(t, production)
	maps := map[string]*corev1.ConfigMap{}
	for _, m := range set.ConfigMaps() {
		maps[m.Name] = m.Value
	}
	looked := 0
	for _, name := range []string{"Deployment stellar-escrow/api", "Deployment stellar-escrow/indexer", "Deployment stellar-escrow/client", "CronJob stellar-escrow/backup"} {
		for _, c := range workload(t, set, name).Containers() {
			var given []string
			for _, e := range c.Env {
				given = append(given, e.Name)
			}
			for _, from := range c.EnvFrom {
				for key := range maps[from.ConfigMapRef.Name].Data {
					given = append(given, key)
				}
			}
			for _, e := range given {
				looked++
				if !known[e] && !slices.Contains(others, e) {
					t.Errorf("%s is given %s, which no setting names", name, e)
				}
			}
		}
	}
	if looked < 30 {
		t.Errorf("only %d variables were looked at", looked)
	}
}

// TestAssetsAreUSDC works out the contract of each network's USDC from its issuer.
func TestAssetsAreUSDC(t *testing.T) {
	issuers := map[string]string{
		"Public Global Stellar Network ; September 2015": "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN",
		"Test SDF Network ; September 2015":              "GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5",
	}
	for _, overlay := range overlays(t) {
		for _, m := range render(t, overlay).ConfigMaps() {
			passphrase, ok := m.Value.Data["NETWORK_PASSPHRASE"]
			if !ok {
				continue
			}
			id, err := xdr.MustNewCreditAsset("USDC", issuers[passphrase]).ContractID(passphrase)
			if err != nil {
				t.Fatal(err)
			}
			if want := strkey.MustEncode(strkey.VersionByteContract, id[:]); m.Value.Data["ASSETS"] != want {
				t.Errorf("%s: ASSETS=%s, want %s", overlay, m.Value.Data["ASSETS"], want)
			}
		}
	}
}

// inCluster is the host and port of a URL of the cluster's own: a name without a dot.
func inCluster(text string) (host, port string, ok bool) {
	u, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https", "redis", "rediss"}, u.Scheme) || strings.Contains(u.Hostname(), ".") {
		return "", "", false
	}
	return u.Hostname(), u.Port(), true
}
