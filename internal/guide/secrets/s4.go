package secrets

import (
	"context"
	"encoding/base64"
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

func s4() guide.Control {
	return guide.Control{
		ID:     "S4",
		Clause: "no pod gets a secret through an environment value in a plaintext manifest",
		Question: "Is, in each overlay, no secret in a text that a pod has of its manifest, an environment value, a command, what a shell shall run, a probe, a label, an annotation, a ConfigMap " +
			"or any other field, and, beyond the guide, is none an environment value by reference either: programs read files, which follow a " +
			"change and are in no dump of an environment? Running: the same of the pods that run, the next ones, and the cluster's ConfigMaps.",
		Modes: []guide.Mode{
			{Name: "secret-in-environment", What: "an environment value is a secret, for everybody who reads the manifest"},
			{Name: "secret-by-reference", What: "an environment value is taken from a Secret: it stays what it was when the process began, and is in every dump"},
			{Name: "secret-in-arguments", What: "an argument is a secret, for everybody who lists processes"},
			{Name: "secret-in-configmap", What: "a ConfigMap holds a secret"},
			{Name: "secret-in-probe", What: "what a probe or a hook runs or sends has a secret in it"},
			{Name: "secret-in-annotation", What: "an annotation or a label is a secret, for everybody who lists objects"},
			{Name: "secret-in-field", What: "another field of an object has a secret in it"},
		},
		Mutations: []guide.Mutation{
			deployment.Change("secret-in-environment", "the api's keys are in its environment", "api.yaml", `            - {name: API_LISTEN, value: ":4000"}`+"\n", `            - {name: API_LISTEN, value: ":4000"}`+"\n            - {name: API_KEYS, value: one-of-somebody}\n"),
			deployment.Change("secret-in-environment", "a URL has a password in it", "api.yaml", `            - {name: API_LISTEN, value: ":4000"}`+"\n", `            - {name: API_LISTEN, value: ":4000"}`+"\n            - {name: STORE, value: \"postgres://escrow:of-somebody@postgres/escrow\"}\n"),
			deployment.Change("secret-by-reference", "the database's password comes by reference", "api.yaml", "            - {name: POSTGRES_PASSWORD_FILE, value: /run/secrets/stellar-escrow/POSTGRES_PASSWORD}\n",
				"            - {name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: stellar-escrow-secrets, key: POSTGRES_PASSWORD}}}\n"),
			deployment.Change("secret-by-reference", "the whole Secret is the api's environment", "api.yaml", "            - configMapRef: {name: settings}\n", "            - configMapRef: {name: settings}\n            - secretRef: {name: stellar-escrow-secrets}\n"),
			deployment.Change("secret-in-arguments", "a password is an argument", "api.yaml", "          args: [api]\n", "          args: [api, --admin-password=of-somebody]\n"),
			deployment.Change("secret-in-arguments", "a password is the word behind a flag", "api.yaml", "          args: [api]\n", "          args: [api, --admin-password, of-somebody]\n"),
			deployment.Change("secret-in-arguments", "what a shell runs has a password in it", "api.yaml", "          args: [api]\n", "          command: [sh, -c, \"PGPASSWORD=of-somebody exec stellarescrow api\"]\n"),
			deployment.Change("secret-in-probe", "a probe has redis' password in its command", "redis.yaml", "command: [sh, /etc/redis/ready.sh]", "command: [redis-cli, -a, of-somebody, ping]"),
			deployment.Change("secret-in-probe", "a hook sends a token", "api.yaml", "              sleep: {seconds: 5} # until nobody is sent here any more\n",
				"              httpGet: {path: /healthz, port: http, httpHeaders: [{name: Authorization, value: Bearer of-somebody}]}\n"),
			deployment.Change("secret-in-annotation", "an annotation of the api's pods is a password", "api.yaml", "        eks.amazonaws.com/skip-containers: api # the role is the driver's business\n",
				"        eks.amazonaws.com/skip-containers: api\n        example.org/database: postgres://escrow:of-somebody@postgres/escrow\n"),
			deployment.Change("secret-in-field", "what a volume is given is a password", "api.yaml", "            volumeAttributes: {secretProviderClass: api}\n", "            volumeAttributes: {secretProviderClass: api, password: of-somebody}\n"),
			deployment.Append("secret-in-configmap", "a ConfigMap has settings with a password", "rbac.yaml", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\ndata: {settings.ini: \"[database]\\nadmin_password = of-somebody\\n\"}\n"),
			deployment.Append("secret-in-configmap", "a ConfigMap has a password in a map on one line", "rbac.yaml", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\ndata: {sources.yml: \"sources:\\n  - {name: one, secureJsonData: {basicAuthPassword: of-somebody}}\\n\"}\n"),
			deployment.Append("secret-in-configmap", "a ConfigMap has a password in the quotes of a setting", "rbac.yaml", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: by-hand}\ndata: {settings.conf: \"primary_conninfo = 'host=one password=of-somebody'\\n\"}\n"),
			change("secret-in-environment", "a URL has a key for its user", "REPORTS_URL", "https://of-somebody-of-somebody@reports.example/2"),
			change("secret-in-environment", "a user and his password stand in one value", "REPORTS_AUTH", "somebody:of-somebody"),
			change("secret-in-environment", "a channel's address is a secret of its own", "REPORTS_CHANNEL", "https://hooks.slack.com/services/T0/B0/of-somebody"),
			change("secret-in-environment", "what signs sessions is in the environment", "SESSION_HMAC", "of-somebody"),
			deployment.Patch("secret-in-environment", "with managed stores alone, a password is in the environment", "production-managed", "{kind: Deployment, name: api}",
				"{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: A_PASSWORD, value: of-somebody}}"),
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
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			once := func(o kube.Any) (*looked, error) {
				return facts.Keep(t, plain{o}, func() (*looked, error) { return look(o) })
			}
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgePlaintext(o.Set, once) })
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return deployment.Live(ctx, s, append(makers(), "configmaps"), func(f *cluster.Facts) guide.Result { return judgePlaintext(f.Set, look) })
		},
	}
}

// change is a mutation that gives the api one more variable.
func change(mode, what, name, value string) guide.Mutation {
	const first = `            - {name: API_LISTEN, value: ":4000"}` + "\n"
	return deployment.Change(mode, what, "api.yaml", first, first+fmt.Sprintf("            - {name: %s, value: %q}\n", name, value))
}

// plain is an object that has been looked through, and has not changed since.
type plain struct{ kube.Any }

// judgePlaintext looks at each object of a set by look.
func judgePlaintext(set *kube.Set, look func(kube.Any) (*looked, error)) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, o := range set.Every() {
		if o.Namespace != deployment.NamespaceOf(set) || o.Kind == "Secret" { // of those S1 says that they are there
			continue
		}
		l, err := look(o)
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		findings = append(findings, l.findings...)
		for _, name := range slices.Sorted(maps.Keys(l.texts)) {
			subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("%d texts, none of them a secret", l.texts[name]), At: deployment.At(o.Object)})
		}
	}
	return deployment.Once(subjects, findings)
}

// looked is what was found in an object, by its fields.
type looked struct {
	object    kube.Object
	container string // in which the field stands
	texts     map[string]int
	findings  []guide.Finding
}

// look looks through an object.
func look(o kube.Any) (*looked, error) {
	fields, err := o.Fields()
	if err != nil {
		return nil, err
	}
	l := &looked{object: o.Object}
	l.fields(fields, nil)
	return l, nil
}

func (l *looked) add(mode string, path []string, advice string, args ...any) {
	l.findings = append(l.findings, guide.Finding{Mode: mode, Subject: l.subject(), Detail: strings.Join(path, ".") + ": " + fmt.Sprintf(advice, args...), At: deployment.At(l.object)})
}

func (l *looked) subject() string {
	return strings.TrimSuffix(l.object.String()+" "+l.container, " ")
}

// fields looks at a map of an object's: at values by their keys, and at pairs of a name and a value.
func (l *looked) fields(all map[string]any, path []string) {
	if name, ok := all["name"].(string); ok {
		if value, ok := all["value"].(string); ok && secretOf(name, value) {
			l.add(modeOf(l.object, path), append(path, name), "put its value into AWS Secrets Manager, mount it, and name the file, as in %s_FILE", name)
			return
		}
		if from, ok := all["valueFrom"].(map[string]any); ok && from["secretKeyRef"] != nil {
			l.add("secret-by-reference", append(path, name), "mount the Secret, and name the file in %s_FILE", name)
		}
	}
	if from, ok := all["secretRef"].(map[string]any); ok && slices.Contains(path, "envFrom") {
		l.add("secret-by-reference", path, "%v: mount it instead", from["name"])
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		at := append(slices.Clip(path), key)
		if text, ok := all[key].(string); ok && (given(text) && secretWord(key) || slices.Equal(path, []string{"data"}) && secretOf(key, text)) {
			l.add(modeOf(l.object, at), at, "put it into AWS Secrets Manager")
			continue
		}
		if key == "binaryData" {
			l.binary(all[key], at)
			continue
		}
		l.value(all[key], at)
	}
}

func (l *looked) value(of any, path []string) {
	switch v := of.(type) {
	case map[string]any:
		l.fields(v, path)
	case []any:
		l.list(v, path)
	case string:
		l.text(v, path)
	}
}

// list looks at a list: of containers each under its own name, and the words of a command together.
func (l *looked) list(all []any, path []string) {
	var words []string
	for _, one := range all {
		if word, ok := one.(string); ok {
			words = append(words, word)
			continue
		}
		fields, _ := one.(map[string]any)
		if name, ok := fields["name"].(string); ok && slices.Contains([]string{"containers", "initContainers", "ephemeralContainers"}, path[len(path)-1]) {
			l.container = name
			l.value(one, path)
			l.container = ""
			continue
		}
		l.value(one, path)
	}
	l.count(len(words))
	if name := spellsIn(words); name != "" {
		l.add(modeOf(l.object, path), path, "%s: name a file instead", name)
	}
}

func (l *looked) text(text string, path []string) {
	l.count(1)
	if name := spells(text); name != "" {
		l.add(modeOf(l.object, path), path, "%s: put it into AWS Secrets Manager", name)
	}
}

// binary looks at what a ConfigMap has in base64.
func (l *looked) binary(of any, path []string) {
	all, _ := of.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text, _ := all[key].(string)
		plain, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			plain = []byte(text)
		}
		l.text(string(plain), append(slices.Clip(path), key))
	}
}

func (l *looked) count(n int) {
	if l.texts == nil {
		l.texts = map[string]int{}
	}
	if n > 0 {
		l.texts[l.subject()] += n
	}
}

// modeOf is the way to fail of a secret that stands in a field.
func modeOf(o kube.Object, path []string) string {
	for _, step := range path {
		switch {
		case step == "annotations" || step == "labels":
			return "secret-in-annotation"
		case step == "env":
			return "secret-in-environment"
		case step == "lifecycle" || strings.HasSuffix(step, "Probe"):
			return "secret-in-probe"
		case step == "command" || step == "args":
			return "secret-in-arguments"
		}
	}
	if o.Kind == "ConfigMap" {
		return "secret-in-configmap"
	}
	return "secret-in-field"
}
