package kube_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// TestSecretsOfEachPlace: an overlay takes secrets of its own environment and no other, and the same ones.
func TestSecretsOfEachPlace(t *testing.T) {
	named := func(overlay, environment string) (all []string) {
		for _, c := range render(t, overlay).SecretProviderClasses() {
			objects, err := c.Value.AWSObjects()
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				rest, ok := strings.CutPrefix(o.ObjectName, "stellar-escrow/"+environment+"/")
				if !ok || strings.Contains(rest, "/") || o.ObjectType != "secretsmanager" || c.Value.Spec.Parameters["region"] == "" {
					t.Errorf("%s: %s fetches %s, %s of region %q", overlay, c, o.ObjectType, o.ObjectName, c.Value.Spec.Parameters["region"])
				}
				for _, p := range o.JMESPath {
					all = append(all, c.Name+" "+rest+" "+p.Path+" as "+p.ObjectAlias)
				}
			}
		}
		return all
	}
	want := named(production, "production")
	if len(want) < 15 {
		t.Fatalf("only %q are fetched", want)
	}
	for _, place := range []string{"dev", "staging"} {
		if diff := cmp.Diff(want, named("k8s/overlays/"+place, place)); diff != "" {
			t.Errorf("%s: -production +%s:\n%s", place, place, diff)
		}
	}
}

// TestObjectsStandWhereTheyAreSaidTo reads the file again, at the line.
func TestObjectsStandWhereTheyAreSaidTo(t *testing.T) {
	tree, looked := checkout(t), 0
	for _, overlay := range overlays(t) {
		for _, o := range render(t, overlay).Objects() {
			if o.Line == 0 {
				continue
			}
			looked++
			lines := strings.Split(string(tree[o.File].Data), "\n")[o.Line-1:]
			if end := slices.Index(lines, "---"); end > 0 {
				lines = lines[:end]
			}
			if !slices.Contains(lines, "kind: "+o.Kind) || !slices.Contains(lines, "  name: "+o.Name) || !strings.HasPrefix(lines[0], "apiVersion: ") {
				t.Errorf("%s: %s is not at %s:%d, where %q begins", overlay, o, o.File, o.Line, lines[0])
			}
		}
	}
	if looked < 200 {
		t.Errorf("only %d were looked up", looked)
	}
}

// TestTheGuidesSecrets is S2 and S3, to the letter.
func TestTheGuidesSecrets(t *testing.T) {
	set := render(t, production)
	for _, c := range set.SecretProviderClasses() {
		if c.File != "k8s/base/secrets-store.yaml" {
			if c.Value.Annotations["stellar-escrow/reason"] == "" || c.Value.Annotations["stellar-escrow/addition-to"] == "" {
				t.Errorf("%s is an addition without a reason", c)
			}
			continue
		}
		objects, err := c.Value.AWSObjects()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, o := range objects {
			for _, p := range o.JMESPath {
				got[o.ObjectName] = append(got[o.ObjectName], p.ObjectAlias)
			}
		}
		if diff := cmp.Diff(map[string][]string{
			"stellar-escrow/production/database": {"DATABASE_URL", "POSTGRES_PASSWORD"},
			"stellar-escrow/production/api-keys": {"API_KEYS", "ADMIN_KEYS"},
			"stellar-escrow/production/stellar":  {"CONTRACT_ID"},
		}, got); diff != "" {
			t.Errorf("-guide +class:\n%s", diff)
		}
		if s := c.Value.Spec.SecretObjects; len(s) != 1 || s[0].SecretName != "stellar-escrow-secrets" || len(s[0].Data) != 5 {
			t.Errorf("it is synced into %+v, want stellar-escrow-secrets with all five", s)
		}
	}
}

// TestAccountsAndBuckets: what an overlay's site.yaml says is where it belongs, and nothing of another place is left.
func TestAccountsAndBuckets(t *testing.T) {
	tree := checkout(t)
	change(t, tree, "k8s/overlays/staging/site.yaml", `"000000000000"`, `"123456789012"`)
	change(t, tree, "k8s/overlays/staging/site.yaml", "us-east-1", "eu-central-1")
	change(t, tree, "k8s/overlays/staging/site.yaml", "escrow.staging.example.com", "trade.example.org")
	set, err := kube.Render(tree, "k8s/overlays/staging")
	if err != nil {
		t.Fatal(err)
	}
	roles := 0
	for _, a := range set.ServiceAccounts() {
		if role, ok := a.Value.Annotations["eks.amazonaws.com/role-arn"]; ok {
			roles++
			if want := "arn:aws:iam::123456789012:role/stellar-escrow-staging-" + a.Name; role != want {
				t.Errorf("%s: role %s, want %s", a, role, want)
			}
		}
	}
	if roles < 7 {
		t.Errorf("only %d accounts have a role", roles)
	}
	for _, c := range set.SecretProviderClasses() {
		if got := c.Value.Spec.Parameters["region"]; got != "eu-central-1" {
			t.Errorf("%s: region %s", c, got)
		}
	}
	environment := map[string]string{}
	for _, e := range workload(t, set, "CronJob stellar-escrow/backup").Pod.Spec.Containers[0].Env {
		environment[e.Name] = e.Value
	}
	if environment["BACKUP_TO"] != "s3://stellar-escrow-staging-backups-123456789012" || environment["AWS_REGION"] != "eu-central-1" {
		t.Errorf("the backup goes to %s in %s", environment["BACKUP_TO"], environment["AWS_REGION"])
	}
	for _, i := range set.Ingresses() {
		if got := i.Value.Spec.Rules[0].Host + " " + i.Value.Spec.TLS[0].Hosts[0]; got != "trade.example.org trade.example.org" {
			t.Errorf("%s is of %s", i, got)
		}
	}
	for _, m := range set.ConfigMaps() {
		if m.Name == "site" {
			t.Error("site.yaml would be applied")
		}
	}
}

// TestImagesAreThoseOfTheLockFile compares each image of others with images/lock.json.
func TestImagesAreThoseOfTheLockFile(t *testing.T) {
	text, err := os.ReadFile(root + "/images/lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Images []struct{ Name, Reference, Digest string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	locked := map[string][]string{} // how an image may be written
	for _, i := range lock.Images {
		if locked[i.Name] = []string{i.Reference}; i.Digest != "" {
			repository := i.Reference[:strings.LastIndexByte(i.Reference, ':')]
			locked[i.Name] = []string{i.Reference + "@" + i.Digest, repository + "@" + i.Digest}
		}
	}
	looked := 0
	for _, w := range render(t, production).Workloads() {
		for _, c := range w.Containers() {
			if want, ok := locked[c.Name]; ok {
				if looked++; !slices.Contains(want, c.Image) {
					t.Errorf("%s: %s, the lock file has %q", w, c.Image, want)
				}
			} else if !strings.Contains(c.Image, "/stellar-escrow-"+w.Name+":") && !strings.Contains(c.Image, "/stellar-escrow-"+w.Name+"@") {
				t.Errorf("%s: %s is neither of ours nor in the lock file", w, c.Image)
			}
		}
	}
	if looked < 6 {
		t.Errorf("only %d images of others were compared", looked)
	}
}

// TestOnlyTheDevelopersClusterTakesTags: everywhere else what is refused is refused.
func TestOnlyTheDevelopersClusterTakesTags(t *testing.T) {
	for _, overlay := range overlays(t) {
		for _, b := range render(t, overlay).AdmissionBindings() {
			denies := slices.Contains(b.Value.Spec.ValidationActions, admissionregistrationv1.Deny)
			if want := b.Name != "stellar-escrow-images" || overlay != "k8s/overlays/dev"; denies != want {
				t.Errorf("%s: %s denies: %t, want %t", overlay, b, denies, want)
			}
		}
	}
}

// TestOutsideIsTheSameEverywhere: the rules that lead out of the cluster are three, and one list of addresses.
func TestOutsideIsTheSameEverywhere(t *testing.T) {
	found := map[string][]networkingv1.NetworkPolicyPeer{}
	for _, p := range render(t, production).NetworkPolicies() {
		for _, rule := range p.Value.Spec.Egress {
			for _, to := range rule.To {
				if to.IPBlock != nil {
					found[p.Name] = append(found[p.Name], to)
				}
			}
		}
		if p.Value.Annotations["stellar-escrow/clause"] == "" && (p.Value.Annotations["stellar-escrow/reason"] == "" || p.Value.Annotations["stellar-escrow/addition-to"] == "") {
			t.Errorf("%s is neither a row of the guide's table nor an addition with its reason", p)
		}
	}
	if len(found) != 3 || len(found["indexer"]) != 2 {
		t.Fatalf("outside go %v, want indexer, alertmanager and backup", found)
	}
	for name, peers := range found {
		if diff := cmp.Diff(found["indexer"], peers); diff != "" {
			t.Errorf("-indexer +%s:\n%s", name, diff)
		}
	}
}

func TestManagedStoresLeaveNothingBehind(t *testing.T) {
	set := render(t, "k8s/overlays/production-managed")
	for _, o := range set.Objects() {
		if strings.HasPrefix(o.Name, "postgres") || strings.HasPrefix(o.Name, "redis") {
			t.Errorf("%s is still there", o)
		}
	}
	for _, e := range workload(t, set, "Deployment stellar-escrow/indexer").Pod.Spec.Containers[0].Env {
		if e.Name == "REDIS_URL" && !strings.HasPrefix(e.Value, "rediss://") || e.Name == "PGSSLMODE" && e.Value != "verify-full" {
			t.Errorf("%s=%s: TLS is not verified", e.Name, e.Value)
		}
	}
}
