package terraform

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

const committedDir = "infra/terraform"

// What all tests only look at is read once.
var (
	readSchema    = sync.OnceValues(AWS)
	readCommitted = sync.OnceValues(func() (*Root, error) {
		s, err := readSchema()
		if err != nil {
			return nil, err
		}
		return Read(os.DirFS("../../../.."), committedDir, s)
	})
)

// committed is this repository's own root.
func committed(t testing.TB) *Root {
	t.Helper()
	root, err := readCommitted()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func schema(t testing.TB) *Schema {
	t.Helper()
	s, err := readSchema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheCommittedRootHasNoProblem(t *testing.T) {
	root := committed(t)
	for _, p := range root.Problems {
		t.Error(p)
	}
	for _, u := range root.Unchecked {
		t.Errorf("%s:%d: %s is not checked: %s", u.File, u.Line, u.What, u.Why)
	}
	if len(root.Files) < 30 || len(root.Variants) != 3 {
		t.Fatalf("read %d files and %d variants; the root has more than 30, and 3", len(root.Files), len(root.Variants))
	}
	for _, v := range root.Variants {
		if len(v.Resources) < 100 {
			t.Errorf("%s: %d resources, there are more than 100", v.VarFile, len(v.Resources))
		}
		if diff := cmp.Diff([]string{"account_id", "administrators", "rotation_principals", "terraform_role_arn"}, v.Missing); diff != "" {
			t.Errorf("%s: what the operator gives (-want +got):\n%s", v.VarFile, diff)
		}
	}
}

func TestVersionsArePinned(t *testing.T) {
	root := committed(t)
	exact := func(version string) bool { return strings.HasPrefix(version, "= ") && strings.Count(version, ".") == 2 }
	if !exact(root.Settings.RequiredVersion) {
		t.Errorf("required_version is %q, no exact one", root.Settings.RequiredVersion)
	}
	aws := root.Settings.Providers["aws"]
	if s := schema(t); aws.Source != s.Source || aws.Version != "= "+s.Version {
		t.Errorf("the provider is %s %q, and the schema of %s %q", aws.Source, aws.Version, s.Source, s.Version)
	}
	if len(root.Settings.Providers) != 1 || root.Settings.Backend != "s3" {
		t.Errorf("providers %v, backend %q", root.Settings.Providers, root.Settings.Backend)
	}
}

// Every variable and output says what it is, and a variable what it takes.
func TestDeclarationsSayWhatTheyAre(t *testing.T) {
	root := &Root{Dir: committedDir, Settings: Settings{Providers: map[string]Provider{}}}
	r := &reader{tree: os.DirFS("../../../.."), schema: schema(t), functions: functions(), anatomies: map[hclsyntax.Expression]*anatomy{}, sources: map[string]*source{}, open: map[string]bool{}, root: root}
	if _, err := r.module(committedDir, 0); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, s := range r.sources {
		for _, v := range s.variables {
			seen++
			if v.block.Body.Attributes["type"] == nil || v.block.Body.Attributes["description"] == nil {
				t.Errorf("%s: var.%s has no type or no description", s.dir, v.name)
			}
		}
		for _, o := range s.outputs {
			seen++
			if o.block.Body.Attributes["description"] == nil {
				t.Errorf("%s: output.%s has no description", s.dir, o.name)
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d declarations, there are more than 100", seen)
	}
}

func TestFilesAreFormatted(t *testing.T) {
	tree, seen := os.DirFS("../../../../"+committedDir), 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".tf", ".tfvars", ".hcl"}, path.Ext(name)) || d.Name() == ".terraform.lock.hcl" {
			return err
		}
		seen++
		text, err := fs.ReadFile(tree, name)
		if diff := cmp.Diff(string(text), string(hclwrite.Format(text))); diff != "" {
			t.Errorf("%s is not as `terraform fmt` writes it (-is +fmt):\n%s", name, diff)
		}
		return err
	})
	if err != nil || seen < 30 {
		t.Fatalf("looked at %d files: %v", seen, err)
	}
}

// statement is one of an IAM policy, as the modules write them.
type statement struct {
	Sid, Effect      string
	Action, Resource oneOrMore
	Principal        json.RawMessage
	Condition        map[string]map[string]oneOrMore
}

// oneOrMore is a list in IAM's JSON, where one alone needs no brackets.
type oneOrMore []string

func (l *oneOrMore) UnmarshalJSON(text []byte) error {
	var alone string
	if json.Unmarshal(text, &alone) == nil {
		*l = oneOrMore{alone}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

func policy(t *testing.T, r Resource, argument string) []statement {
	t.Helper()
	text, ok := r.Get(argument).Text()
	if !ok {
		t.Fatalf("%s: %s is %s", r.Address, argument, r.Get(argument))
	}
	var p struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &p); err != nil || len(p.Statement) == 0 {
		t.Fatalf("%s: %s: %v in %s", r.Address, argument, err, text)
	}
	return p.Statement
}

// variant is that of an environment.
func variantOf(t *testing.T, root *Root, environment string) Variant {
	t.Helper()
	for _, v := range root.Variants {
		if path.Base(v.VarFile) == environment+".tfvars" {
			return v
		}
	}
	t.Fatalf("no variant %s", environment)
	return Variant{}
}

// The guide's three secrets stand at its paths (S2) in every environment.
func TestSecretsStandAtTheGuidesPaths(t *testing.T) {
	root := committed(t)
	for _, environment := range []string{"dev", "staging", "production"} {
		names := map[string]string{}
		for _, r := range variantOf(t, root, environment).Of("aws_secretsmanager_secret") {
			name, _ := r.Get("name").Text()
			tags, _ := r.Get("tags").JSON()
			var tag map[string]string
			if err := json.Unmarshal(tags, &tag); err != nil {
				t.Fatal(err)
			}
			names[name] = tag["stellar-escrow:keys"]
			if days, by := tag["stellar-escrow:rotation-every-days"], tag["stellar-escrow:rotation-by"]; days+by != "90escrowctl" && days+by != "0nobody" {
				t.Errorf("%s: rotated by %q every %q days", name, by, days)
			}
		}
		for secret, keys := range map[string]string{"database": "DATABASE_URL POSTGRES_PASSWORD", "api-keys": "API_KEYS ADMIN_KEYS", "stellar": "CONTRACT_ID"} {
			if got := names["stellar-escrow/"+environment+"/"+secret]; got != keys {
				t.Errorf("stellar-escrow/%s/%s has %q, want %q", environment, secret, got, keys)
			}
		}
	}
}

// Each part's role reads its own secrets and no other, and no role of ours has a wildcard but behind a prefix of a bucket or a log group.
func TestRolesReachNoFurtherThanTheyMust(t *testing.T) {
	v := variantOf(t, committed(t), "production")
	reads := map[string][]string{}
	for _, r := range v.Of("aws_iam_role_policy") {
		for _, s := range policy(t, r, "policy") {
			for _, action := range s.Action {
				if strings.Contains(action, "*") {
					t.Errorf("%s: %s: action %s", r.Address, s.Sid, action)
				}
			}
			for _, of := range s.Resource {
				if wild := strings.Index(of, "*"); wild >= 0 && !strings.HasSuffix(of, "/backups/*") && !strings.HasSuffix(of, ".arn}:*") && !strings.Contains(of, "[*]") {
					t.Errorf("%s: %s: resource %s", r.Address, s.Sid, of)
				}
				if part, ok := strings.CutPrefix(r.Address, `module.part["`); ok && slices.Contains(s.Action, "secretsmanager:GetSecretValue") {
					part, _, _ = strings.Cut(part, `"`)
					_, secret, _ := strings.Cut(of, `this["`)
					secret, _, _ = strings.Cut(secret, `"`)
					reads[part] = append(reads[part], secret)
				}
			}
		}
	}
	want := map[string][]string{
		"alertmanager": {"alertmanager"},
		"api":          {"api-keys", "database", "database-ca", "relay", "stellar"},
		"backup":       {"backup", "database-ca"},
		"grafana":      {"grafana"},
		"indexer":      {"database-ca", "indexer", "redis", "relay"},
		"postgres":     {"postgres"},
		"redis":        {"redis"},
	}
	if diff := cmp.Diff(want, reads); diff != "" {
		t.Errorf("who reads which secret (-want +got):\n%s", diff)
	}
}

// A role for a service account is for that one alone.
func TestRolesAreTakenByTheirServiceAccountOnly(t *testing.T) {
	v, seen := variantOf(t, committed(t), "production"), 0
	for _, r := range v.Of("aws_iam_role") {
		part, ok := strings.CutPrefix(r.Address, `module.part["`)
		if !ok {
			continue
		}
		seen++
		part, _, _ = strings.Cut(part, `"`)
		for _, s := range policy(t, r, "assume_role_policy") {
			subject := ""
			for name, values := range s.Condition["StringEquals"] {
				if strings.HasSuffix(name, ":sub") && len(values) == 1 {
					subject = values[0]
				}
			}
			if subject != "system:serviceaccount:stellar-escrow:"+part {
				t.Errorf("%s is taken by %q", r.Address, subject)
			}
		}
	}
	if seen != 7 {
		t.Errorf("%d roles of parts, want 7", seen)
	}
}

// The policy of every key names who may use it: nobody by the account's other policies alone, and administrators do not decrypt.
func TestKeysAreNarrow(t *testing.T) {
	v := variantOf(t, committed(t), "production")
	keys := v.Of("aws_kms_key")
	if len(keys) < 8 {
		t.Fatalf("%d keys, there are more than 7", len(keys))
	}
	for _, r := range keys {
		if on, ok := r.Get("enable_key_rotation").Bool(); !on || !ok {
			t.Errorf("%s is not rotated", r.Address)
		}
		for _, s := range policy(t, r, "policy") {
			uses := slices.ContainsFunc(s.Action, func(a string) bool { return strings.Contains(a, "crypt") || strings.Contains(a, "*") })
			wide := strings.Contains(string(s.Principal), ":root") || s.Sid == "Administration"
			if uses && wide && len(s.Condition["StringEquals"]["kms:ViaService"]) == 0 {
				t.Errorf("%s: %s may %v without a service between", r.Address, s.Sid, s.Action)
			}
		}
	}
}

// What checkov does not follow from one module into the next, and so is skipped there: every backup has a second copy, in another region, that a deletion
// does not reach, and neither copy can be changed before its time.
func TestBackupsHaveALockedSecondCopy(t *testing.T) {
	for _, v := range committed(t).Variants {
		copies := v.Of("aws_s3_bucket_replication_configuration")
		if len(copies) != 1 {
			t.Fatalf("%s: %d replications", v.VarFile, len(copies))
		}
		rule := copies[0].BlocksOf("rule")[0]
		from, _ := copies[0].Get("bucket").Text()
		to, _ := rule.BlocksOf("destination")[0].Get("bucket").Text()
		deleted, _ := rule.BlocksOf("delete_marker_replication")[0].Get("status").Text()
		on, _ := rule.Get("status").Text()
		if from != "${module.backups.module.bucket.aws_s3_bucket.this.id}" || to != "${module.backups.module.replica.aws_s3_bucket.this.arn}" || on != "Enabled" || deleted != "Disabled" {
			t.Errorf("%s: from %s to %s: %s, deletions %s", v.VarFile, from, to, on, deleted)
		}
		regions, locked := map[string]bool{}, 0
		for _, b := range v.Of("aws_s3_bucket") {
			if name, _ := b.Get("bucket").Text(); strings.Contains(name, "-backups-") {
				region, _ := b.Get("region").Text()
				regions[region] = true
			}
		}
		for _, l := range v.Of("aws_s3_bucket_object_lock_configuration") {
			if days, ok := l.BlocksOf("rule")[0].BlocksOf("default_retention")[0].Get("days").Text(); ok && days != "0" {
				locked++
			}
		}
		if len(regions) != 2 || locked != 2 {
			t.Errorf("%s: backups in %v, %d of them locked", v.VarFile, regions, locked)
		}
	}
}

// What protects something has no switch: every yes and no is the same in dev, staging and production.
func TestProtectionIsTheSameEverywhere(t *testing.T) {
	answers := map[string]map[string]string{}
	var collect func(environment, at string, b Body)
	collect = func(environment, at string, b Body) {
		for name, value := range b.Attributes {
			if is, ok := value.Bool(); ok {
				key := at + " " + name
				if answers[key] == nil {
					answers[key] = map[string]string{}
				}
				answers[key][environment] = fmt.Sprint(is)
			}
		}
		for i, inner := range b.Blocks {
			collect(environment, fmt.Sprintf("%s %s[%d]", at, inner.Type, i), inner.Body)
		}
	}
	for _, v := range committed(t).Variants {
		for _, r := range v.Resources {
			collect(path.Base(v.VarFile), r.Address, r.Body)
		}
	}
	for key, by := range answers {
		if len(by) != 3 || by["dev.tfvars"] != by["production.tfvars"] || by["staging.tfvars"] != by["production.tfvars"] {
			t.Errorf("%s: %v", key, by)
		}
	}
	if len(answers) < 50 {
		t.Errorf("%d answers, there are more than 50", len(answers))
	}
}

// checkov is told to skip a check only with a reason beside it.
func TestSkipsHaveReasons(t *testing.T) {
	root, seen := committed(t), 0
	for _, name := range root.Files {
		text, err := os.ReadFile("../../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			_, skip, ok := strings.Cut(line, "checkov:skip=")
			if !ok {
				continue
			}
			seen++
			if _, reason, _ := strings.Cut(skip, ":"); len(strings.Fields(reason)) < 10 {
				t.Errorf("%s: skipped without a reason: %s", name, skip)
			}
		}
	}
	if seen == 0 || seen > 3 {
		t.Errorf("%d skips, want 1 to 3: a new one needs a look at this test too", seen)
	}
}

// The page for operators names every value that they give, and every module.
func TestTheReadmeNamesWhatIsGiven(t *testing.T) {
	page, err := os.ReadFile("../../../../" + committedDir + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	names := committed(t).Variants[0].Missing
	modules, err := os.ReadDir("../../../../" + committedDir + "/modules")
	if err != nil || len(modules) == 0 {
		t.Fatal(err)
	}
	for _, m := range modules {
		names = append(names, m.Name())
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

// What is in the state is no secret: no version of a secret is made, and no argument that would keep a password.
func TestNoSecretComesIntoTheState(t *testing.T) {
	for _, v := range committed(t).Variants {
		for _, r := range v.Resources {
			if r.Kind == "" && slices.Contains([]string{"aws_secretsmanager_secret_version", "random_password", "aws_iam_access_key", "tls_private_key"}, r.Type) {
				t.Errorf("%s: a %s keeps its value in the state", r.Address, r.Type)
			}
			for name := range r.Attributes {
				if strings.Contains(name, "password") && name != "manage_master_user_password" || name == "auth_token" || name == "secret_string" {
					t.Errorf("%s: %s is kept in the state", r.Address, name)
				}
			}
		}
	}
}
