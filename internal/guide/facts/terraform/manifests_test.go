package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// The secrets that are made, the keys they are said to hold and the roles that read them are those of the manifests: what a pod mounts is there, and
// its service account's role may read it, and nothing that it does not mount.
func TestSecretsAreThoseThatPodsMount(t *testing.T) {
	type secret struct{ Keys, Readers []string }
	mounted := map[string]*secret{}
	for _, name := range []string{"secrets-store.yaml", "secrets-store-parts.yaml"} {
		text, err := os.ReadFile("../../../../k8s/base/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var class struct {
				Metadata struct{ Name string }
				Spec     struct{ Parameters struct{ Objects string } }
			}
			if err := dec.Decode(&class); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			var objects []struct {
				ObjectName string                  `yaml:"objectName"`
				JMESPath   []struct{ Path string } `yaml:"jmesPath"`
			}
			if err := yaml.Unmarshal([]byte(class.Spec.Parameters.Objects), &objects); err != nil || len(objects) == 0 {
				t.Fatalf("%s: %s: objects: %v", name, class.Metadata.Name, err)
			}
			reader := class.Metadata.Name
			if reader == "stellar-escrow-secrets" {
				reader = "api" // which alone mounts the guide's class; see there
			}
			for _, o := range objects {
				if mounted[o.ObjectName] == nil {
					mounted[o.ObjectName] = &secret{}
				}
				m := mounted[o.ObjectName]
				m.Readers = append(m.Readers, reader)
				for _, p := range o.JMESPath {
					if !slices.Contains(m.Keys, p.Path) {
						m.Keys = append(m.Keys, p.Path)
					}
				}
			}
		}
	}
	v := variantOf(t, committed(t), "production")
	made := map[string]*secret{}
	for _, r := range v.Of("aws_secretsmanager_secret") {
		name, _ := r.Get("name").Text()
		text, _ := r.Get("tags").JSON()
		var tags map[string]string
		if err := json.Unmarshal(text, &tags); err != nil {
			t.Fatal(err)
		}
		made[name] = &secret{Keys: strings.Fields(tags["stellar-escrow:keys"])}
		for _, p := range v.Of("aws_iam_role_policy") {
			part, ok := strings.CutPrefix(p.Address, `module.part["`)
			part, _, _ = strings.Cut(part, `"`)
			for _, s := range policy(t, p, "policy") {
				if ok && slices.Contains(s.Resource, "${"+r.Address+".arn}") {
					made[name].Readers = append(made[name].Readers, part)
				}
			}
		}
	}
	for _, all := range []map[string]*secret{mounted, made} {
		for _, s := range all {
			slices.Sort(s.Keys)
			slices.Sort(s.Readers)
		}
	}
	if diff := cmp.Diff(mounted, made); diff != "" {
		t.Errorf("secrets (-mounted by pods +made by Terraform):\n%s", diff)
	}
}
