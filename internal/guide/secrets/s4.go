package secrets

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// secretName are names of what is secret. One that ends in _FILE names a file, which is no secret.
var secretName = regexp.MustCompile(`(?i)(^|_)(password|passwd|secret|secrets|token|tokens|key|keys|seed|credentials?)$|^DATABASE_URL$`)

// secretValue are texts that hold a secret whatever they are called: a URL with a password, a Stellar seed.
var secretValue = regexp.MustCompile(`://[^/@:\s]+:[^/@\s]+@|\bS[A-Z2-7]{55}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----`)

func s4() guide.Control {
	return guide.Control{
		ID:     "S4",
		Clause: "no pod gets a secret through an environment value in a plaintext manifest",
		Question: "Does no container have a secret in an environment value, an argument or a ConfigMap, and, beyond the guide, none by reference either: programs read files, which follow a " +
			"change and are in no dump of an environment? Running: the same of the pods that run, the next ones, and the cluster's ConfigMaps.",
		Modes: []guide.Mode{
			{Name: "secret-in-environment", What: "an environment value is a secret, for everybody who reads the manifest"},
			{Name: "secret-by-reference", What: "an environment value is taken from a Secret: it stays what it was when the process began, and is in every dump"},
			{Name: "secret-in-arguments", What: "an argument is a secret, for everybody who lists processes"},
			{Name: "secret-in-configmap", What: "a ConfigMap holds a secret"},
		},
		Mutations: []guide.Mutation{
			deployment.Change("secret-in-environment", "the api's keys are in its environment", "api.yaml", `            - {name: API_LISTEN, value: ":4000"}`+"\n", `            - {name: API_LISTEN, value: ":4000"}`+"\n            - {name: API_KEYS, value: one-of-somebody}\n"),
			deployment.Change("secret-in-environment", "a URL has a password in it", "api.yaml", `            - {name: API_LISTEN, value: ":4000"}`+"\n", `            - {name: API_LISTEN, value: ":4000"}`+"\n            - {name: STORE, value: \"postgres://escrow:of-somebody@postgres/escrow\"}\n"),
			deployment.Change("secret-by-reference", "the database's password comes by reference", "api.yaml", "            - {name: POSTGRES_PASSWORD_FILE, value: /run/secrets/stellar-escrow/POSTGRES_PASSWORD}\n",
				"            - {name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: stellar-escrow-secrets, key: POSTGRES_PASSWORD}}}\n"),
			deployment.Change("secret-by-reference", "the whole Secret is the api's environment", "api.yaml", "            - configMapRef: {name: settings}\n", "            - configMapRef: {name: settings}\n            - secretRef: {name: stellar-escrow-secrets}\n"),
			deployment.Change("secret-in-arguments", "a password is an argument", "api.yaml", "          args: [api]\n", "          args: [api, --admin-password=of-somebody]\n"),
			deployment.Append("secret-in-configmap", "a ConfigMap has a token", "rbac.yaml", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\ndata: {SCREENING_TOKEN: of-somebody}\n"),
		},
		Breaks: []guide.Break{
			container("secret-in-environment", "the api's keys are in the environment of its next pods", map[string]any{"name": "API_KEYS", "value": "one-of-somebody"}, "env"),
			container("secret-by-reference", "a password is taken from the Secret into the environment of the api's next pods", map[string]any{"name": "SOMETHING",
				"valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": guideSecret, "key": "POSTGRES_PASSWORD"}}}, "env", "P1/ours-refused"),
			container("secret-in-arguments", "a password is an argument of the api's next pods", "--admin-password=of-somebody", "args"),
			breaks.Add("secret-in-configmap", "a ConfigMap has a token", breaks.Object{Version: "v1", Resource: "configmaps", Name: "audit-break"}, map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"SCREENING_TOKEN": "of-somebody"}}),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result { return deployment.Judge(t, judgeEnvironment) },
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return deployment.Live(ctx, s, append(makers(), "configmaps"), func(f *cluster.Facts) guide.Result { return judgeEnvironment(f.Set) })
		},
	}
}

func judgeEnvironment(set *kube.Set) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, w := range deployment.Workloads(set) {
		for _, c := range w.Containers() {
			name := w.String() + " " + c.Name
			for _, f := range environmentOf(c) {
				f.Subject, f.At = name, deployment.At(w.Object)
				findings = append(findings, f)
			}
			subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("%d environment values, %d arguments, none of them a secret", len(c.Env), len(c.Command)+len(c.Args)), At: deployment.At(w.Object)})
		}
	}
	for _, m := range set.ConfigMaps() {
		for key, value := range m.Value.Data {
			if secretName.MatchString(key) || secretValue.MatchString(value) {
				findings = append(findings, guide.Finding{Mode: "secret-in-configmap", Subject: m.String(), Detail: key + ": put it into AWS Secrets Manager", At: deployment.At(m.Object)})
			}
		}
	}
	return deployment.Once(subjects, findings)
}

func environmentOf(c corev1.Container) (findings []guide.Finding) {
	for _, e := range c.Env {
		switch {
		case e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil:
			findings = append(findings, guide.Finding{Mode: "secret-by-reference", Detail: e.Name + ": mount the Secret, and name the file in " + e.Name + "_FILE"})
		case e.Value != "" && (secretName.MatchString(e.Name) || secretValue.MatchString(e.Value)):
			findings = append(findings, guide.Finding{Mode: "secret-in-environment", Detail: e.Name + ": put its value into AWS Secrets Manager, mount it, and name the file in " + e.Name + "_FILE"})
		}
	}
	for _, from := range c.EnvFrom {
		if from.SecretRef != nil {
			findings = append(findings, guide.Finding{Mode: "secret-by-reference", Detail: "envFrom " + from.SecretRef.Name + ": mount it instead"})
		}
	}
	for _, arg := range append(append([]string{}, c.Command...), c.Args...) {
		flag, value, ok := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if ok && value != "" && secretName.MatchString(strings.ReplaceAll(flag, "-", "_")) || secretValue.MatchString(arg) {
			findings = append(findings, guide.Finding{Mode: "secret-in-arguments", Detail: flag + ": name a file instead"})
		}
	}
	return findings
}
