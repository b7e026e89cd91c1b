package csifiles

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// classOf reads one whose parameters.objects are given.
func classOf(t *testing.T, objects string) Class {
	t.Helper()
	return readClass(t, map[string]any{"provider": "aws", "parameters": map[string]any{"region": "us-east-1", "objects": objects}})
}

func readClass(t *testing.T, spec map[string]any) Class {
	t.Helper()
	c, err := ReadClass(&unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"namespace": "app", "name": "it"}, "spec": spec}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var store = fstest.MapFS{
	"app/db":   {Data: []byte(`{"URL":"postgres://x","nested":{"a":"deep"},"port":5432}`)},
	"app/text": {Data: []byte("as it is\n")},
	"app/huge": {Data: make([]byte, maxSecret+1)},
}

func TestFetch(t *testing.T) {
	m, err := classOf(t, `
- objectName: app/db
  objectType: secretsmanager
  jmesPath:
    - {path: URL, objectAlias: DATABASE_URL}
    - {path: nested.a, objectAlias: DEEP}
- objectName: app/text
  objectType: secretsmanager
  objectAlias: plain`).Fetch(store)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"app_db": string(store["app/db"].Data), "DATABASE_URL": "postgres://x", "DEEP": "deep", "plain": "as it is\n"}
	for name, text := range m.Files {
		if want[name] != string(text) {
			t.Errorf("file %s is %q, want %q", name, text, want[name])
		}
	}
	if len(m.Files) != len(want) || len(m.Versions) != 2 {
		t.Errorf("%d files of %d secrets, want %d of 2", len(m.Files), len(m.Versions), len(want))
	}
}

func TestFetchRefuses(t *testing.T) {
	for _, test := range []struct{ objects, says string }{
		{``, "names 0 secrets"},
		{`{`, "parameters.objects: "},
		{`[{objectName: app/db, objectType: secretsmanager, failoverObject: {objectName: x}}]`, `unknown field "failoverObject"`},
		{`[{objectName: app/none, objectType: secretsmanager}]`, `secret "app/none": `},
		{`[{objectName: ../etc/passwd, objectType: secretsmanager}]`, "it is no name of a secret"},
		{`[{objectName: app/db, objectType: ssmparameter}]`, "only secretsmanager"},
		{`[{objectName: app/huge, objectType: secretsmanager}]`, "more than 65536"},
		{`[{objectName: app/db, objectType: secretsmanager}, {objectName: app/db, objectType: secretsmanager, objectAlias: again}]`, "twice"},
		{`[{objectName: app/db, objectType: secretsmanager, objectAlias: a/b}]`, `"a/b" is no name of a file`},
		{`[{objectName: app/db, objectType: secretsmanager, objectAlias: one, jmesPath: [{path: URL, objectAlias: one}]}]`, "the file one would be there twice"},
		{`[{objectName: app/text, objectType: secretsmanager, jmesPath: [{path: URL, objectAlias: URL}]}]`, "it is no JSON"},
		{`[{objectName: app/db, objectType: secretsmanager, jmesPath: [{path: URL}]}]`, "needs path and objectAlias"},
		{`[{objectName: app/db, objectType: secretsmanager, jmesPath: [{path: none, objectAlias: N}]}]`, "finds no text"},
		{`[{objectName: app/db, objectType: secretsmanager, jmesPath: [{path: port, objectAlias: N}]}]`, "finds no text"},
		{`[{objectName: app/db, objectType: secretsmanager, jmesPath: [{path: "[", objectAlias: N}]}]`, "jmesPath"},
	} {
		if _, err := classOf(t, test.objects).Fetch(store); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "app/it") {
			t.Errorf("%s: %v, want an error that says %q", test.objects, err, test.says)
		} else if strings.Contains(err.Error(), "postgres://") || strings.Contains(err.Error(), "as it is") {
			t.Errorf("%s: the error tells the secret: %v", test.objects, err)
		}
	}
	for name, spec := range map[string]map[string]any{
		"only aws":     {"provider": "vault", "parameters": map[string]any{"region": "x", "objects": ""}},
		"region":       {"provider": "aws", "parameters": map[string]any{"objects": ""}},
		"usePodIdenti": {"provider": "aws", "parameters": map[string]any{"region": "x", "objects": "", "usePodIdentity": "true"}},
	} {
		if _, err := readClass(t, spec).Fetch(store); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOurClassesAreUnderstood fetches each class of k8s/base from a store that has every secret with every value they name, and makes their Secrets.
func TestOurClassesAreUnderstood(t *testing.T) {
	found := 0
	for _, file := range []string{"secrets-store.yaml", "secrets-store-parts.yaml"} {
		text, err := os.ReadFile("../../../../k8s/base/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(text), "\n---\n") {
			u := &unstructured.Unstructured{}
			if err := yaml.UnmarshalStrict([]byte(doc), &u.Object); err != nil {
				t.Fatal(err)
			}
			c, err := ReadClass(u)
			if err != nil {
				t.Fatal(err)
			}
			found++
			values := fstest.MapFS{}
			var aliases []string
			for line := range strings.Lines(c.Spec.Parameters["objects"]) {
				line = strings.TrimSpace(line)
				if name, ok := strings.CutPrefix(line, "- objectName: "); ok {
					values[name] = &fstest.MapFile{Data: []byte(`{"DATABASE_URL":"v","POSTGRES_PASSWORD":"v","API_KEYS":"v","ADMIN_KEYS":"v","CONTRACT_ID":"v","RELAY_SECRET":"v","DATABASE_CA":"v",
						"REDIS_PASSWORD":"v","STELLAR_RPC_URLS":"v","KEEPER_KEYS":"v","FEE_KEY":"v","CHANNEL_KEYS":"v","SERVER_CERTIFICATE":"v","SERVER_KEY":"v","GRAFANA_ADMIN_PASSWORD":"v",
						"ALERT_CRITICAL_URL":"v","ALERT_WARNING_URL":"v","BACKUP_RECIPIENTS":"v"}`)}
				}
				if alias, ok := strings.CutPrefix(line, "objectAlias: "); ok {
					aliases = append(aliases, alias)
				}
			}
			m, err := c.Fetch(fs.FS(values))
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			for _, a := range aliases {
				if string(m.Files[a]) != "v" {
					t.Errorf("class %s has no file %s", c.Name, a)
				}
			}
			for _, o := range c.Spec.SecretObjects {
				s, err := o.wanted(c.Namespace, m.Files)
				if err != nil || len(s.Data) != len(o.Data) {
					t.Errorf("class %s: Secret %v, %v", c.Name, s, err)
				}
			}
			if slices.Contains([]string{"stellar-escrow-secrets", "postgres"}, c.Name) != (len(c.Spec.SecretObjects) == 1) || len(aliases) == 0 {
				t.Errorf("class %s has %d secretObjects and %d values", c.Name, len(c.Spec.SecretObjects), len(aliases))
			}
		}
	}
	if found < 8 {
		t.Errorf("%d classes were looked at", found)
	}
}
