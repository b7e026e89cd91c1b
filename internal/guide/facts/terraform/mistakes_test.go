package terraform

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// copied is the committed root in memory.
func copied(t testing.TB) fstest.MapFS {
	t.Helper()
	tree := fstest.MapFS{}
	from := os.DirFS("../../../..")
	err := fs.WalkDir(from, committedDir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, name)
		tree[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Each kind of mistake, made in a copy of the committed root, is found by its name, and it alone.
func TestMistakesAreFoundByName(t *testing.T) {
	mistakes := []struct {
		name, file, old, new string
		kind                 Kind
		subject, detail      string
	}{
		{"typo in an argument", "modules/database/main.tf", "storage_encrypted     = true", "storage_encrypt       = true", UnknownArgument, "aws_db_instance.this", "no argument storage_encrypt"},
		{"typo in an argument of a block", "modules/cluster/main.tf", "endpoint_private_access = true", "endpoint_private_acces  = true", UnknownArgument, "aws_eks_cluster.this vpc_config", "endpoint_private_acces"},
		{"typo in an argument of a dynamic block", "modules/cache/main.tf", "log_format       = ", "log_formt        = ", UnknownArgument, "aws_elasticache_replication_group.this log_delivery_configuration", "log_formt"},
		{"typo in a block", "modules/bucket/main.tf", "  versioning_configuration {", "  versioning_config {", UnknownBlock, "aws_s3_bucket_versioning.this", "versioning_config"},
		{"argument of a module that it does not have", "main.tf", "  cidr               = var.vpc_cidr", "  cidr               = var.vpc_cidr\n  cidrs = []", UnknownArgument, "module.network", "no variable cidrs"},
		{"required argument left out", "modules/key/main.tf", "  target_key_id = aws_kms_key.this.key_id\n", "", MissingArgument, "aws_kms_alias.this", "target_key_id is missing"},
		{"required block left out", "modules/cluster/nodes.tf", "  scaling_config {\n    min_size     = var.nodes.minimum\n    desired_size = var.nodes.desired\n    max_size     = var.nodes.maximum\n  }\n", "", MissingBlock, "aws_eks_node_group.this", "scaling_config"},
		{"block that may stand once, twice", "modules/cluster/main.tf", "  upgrade_policy {", "  upgrade_policy {\n    support_type = \"EXTENDED\"\n  }\n  upgrade_policy {", TooManyBlocks, "aws_eks_cluster.this", "upgrade_policy"},
		{"argument of a module left out", "main.tf", "  node_type                = var.cache_node_type\n", "", MissingArgument, "module.cache", "node_type is missing"},
		{"what only the provider sets", "modules/key/main.tf", "  deletion_window_in_days = 30", "  deletion_window_in_days = 30\n  key_id = \"x\"", ReadOnlyArgument, "aws_kms_key.this", "key_id"},
		{"unknown variable", "main.tf", "node_type                = var.cache_node_type", "node_type                = var.cache_nodetype", UnknownReference, "module.cache", "var.cache_nodetype"},
		{"unknown local", "main.tf", "  path               = local.secret_path", "  path               = local.secrets_path", UnknownReference, "module.secrets", "local.secrets_path"},
		{"unknown resource", "modules/network/flow.tf", "log_destination          = aws_cloudwatch_log_group.flow.arn", "log_destination          = aws_cloudwatch_log_group.flows.arn", UnknownReference, "aws_flow_log.this", "aws_cloudwatch_log_group.flows"},
		{"unknown data source", "modules/cluster/addons.tf", `addon_version               = data.aws_eks_addon_version.this["kube-proxy"].version`, `addon_version               = data.aws_eks_addon_version.those["kube-proxy"].version`, UnknownReference, "aws_eks_addon.proxy", "data.aws_eks_addon_version.those"},
		{"unknown module", "main.tf", "  key_arn     = module.secrets.key_arn", "  key_arn     = module.secret.key_arn", UnknownReference, "module.rotation", "module.secret"},
		{"output that the module does not have", "main.tf", "  key_arn     = module.secrets.key_arn", "  key_arn     = module.secrets.key_arns", UnknownReference, "module.rotation", "module.secrets.key_arns"},
		{"attribute that the type does not have", "modules/database/outputs.tf", "aws_db_instance.this.endpoint", "aws_db_instance.this.endpont", UnknownAttribute, "output.endpoint", "endpont"},
		{"attribute of a block's that it does not have", "modules/cluster/outputs.tf", "vpc_config[0].cluster_security_group_id", "vpc_config[0].cluster_security_group", UnknownAttribute, "output.security_group_id", "cluster_security_group"},
		{"one of many without its key", "modules/network/main.tf", "allocation_id = aws_eip.nat[each.key].id", "allocation_id = aws_eip.nat.id", UnknownAttribute, "aws_nat_gateway.this", "id"},
		{"each without for_each", "modules/network/main.tf", `  tags = { Name = "${var.name}-data" }`, `  tags = { Name = "${var.name}-data-${each.key}" }`, UnknownReference, "aws_route_table.data", "no for_each"},
		{"unknown function", "modules/cluster/addons.tf", "oidc_issuer = replace(", "oidc_issuer = replaces(", UnknownFunction, "local.oidc_issuer", "replaces"},
		{"variable that nothing uses", "modules/cache/variables.tf", `variable "node_type" {`, "variable \"nodes\" {\n  description = \"-\"\n  type        = string\n  default     = \"\"\n}\n\nvariable \"node_type\" {", UnusedVariable, "var.nodes", "nothing refers to it"},
		{"variable that only its own condition uses", "modules/cache/variables.tf", `variable "node_type" {`, "variable \"nodes\" {\n  description = \"-\"\n  type        = string\n  default     = \"\"\n\n  validation {\n    condition     = var.nodes == \"\"\n    error_message = \"-\"\n  }\n}\n\nvariable \"node_type\" {", UnusedVariable, "var.nodes", "nothing refers to it"},
		{"local that nothing uses", "locals.tf", "  key_administrators = ", "  nobodys = 1\n\n  key_administrators = ", UnusedLocal, "local.nobodys", "nothing refers to it"},
		{"declared twice", "modules/key/outputs.tf", `output "arn" {`, "output \"arn\" {\n  description = \"-\"\n  value       = aws_kms_key.this.arn\n}\n\noutput \"arn\" {", Duplicate, "output.arn", "twice"},
		{"module that is not there", "main.tf", `"./modules/cache"`, `"./modules/caches"`, NoModule, "module.cache", "modules/caches"},
		{"module outside the tree", "main.tf", `"./modules/cache"`, `"../../../../etc"`, NoModule, "module.cache", "outside the tree"},
		{"value of the wrong type", "modules/database/main.tf", "  multi_az               = true", "  multi_az               = \"twice\"", WrongValue, "aws_db_instance.this", "multi_az"},
		{"variable of the wrong type", "environments/dev.tfvars", `cache_node_type    = "cache.t4g.micro"`, `cache_node_type    = ["cache.t4g.micro"]`, WrongValue, "var.cache_node_type", "string required"},
		{"variable against its condition", "environments/production.tfvars", "  lock_days   = 35", "  lock_days   = 400", WrongValue, "var.backups", "expire_days is more than lock_days"},
		{"value for a variable that is not there", "environments/staging.tfvars", "cache_node_type    = ", "cache_node = 1\ncache_node_type    = ", UnknownArgument, "cache_node", "no variable of that name"},
		{"list for each", "modules/identity/main.tf", "for_each = toset(var.managed_policy_arns)", "for_each = var.managed_policy_arns", WrongValue, "aws_iam_role_policy_attachment.managed", "for_each"},
		{"value that depends on itself", "locals.tf", `  secret_path = "stellar-escrow/${var.environment}"`, `  secret_path = "${local.secret_path}/${var.environment}"`, Cycle, "local.secret_path", "itself"},
		{"block that Terraform does not have", "outputs.tf", `output "cluster_name" {`, `outputs "cluster_name" {`, UnknownBlock, "outputs", "no such block"},
		{"not HCL", "outputs.tf", `output "cluster_name" {`, `output "cluster_name" {{`, Syntax, "infra/terraform/outputs.tf", ""},
	}
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			tree := copied(t)
			file := committedDir + "/" + m.file
			for name := range tree { // one variant is enough
				if strings.HasSuffix(name, ".tfvars") && name != file && (strings.HasSuffix(m.file, ".tfvars") || !strings.HasSuffix(name, "production.tfvars")) {
					delete(tree, name)
				}
			}
			text := string(tree[file].Data)
			if strings.Count(text, m.old) == 0 {
				t.Fatalf("%s has no %q any more: the mistake cannot be made", m.file, m.old)
			}
			tree[file] = &fstest.MapFile{Data: []byte(strings.Replace(text, m.old, m.new, 1))}
			root, err := Read(tree, committedDir, schema(t))
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, p := range root.Problems {
				switch {
				case p.Kind == m.kind && strings.Contains(p.Subject, m.subject) && strings.Contains(p.Detail, m.detail) && p.Line > 0 && tree[p.File] != nil:
					found++
				case p.Kind == UnusedVariable || p.Kind == UnusedLocal || p.Kind == MissingArgument || p.Kind == MissingBlock: // what nobody refers to or gives any more, since the mistake
				default:
					t.Errorf("found besides: %s", p)
				}
			}
			if found != 1 {
				t.Errorf("found %d times as %s of %s; all: %v", found, m.kind, m.subject, root.Problems)
			}
		})
	}
}

// A type of resource that the schema does not have is said to be unchecked, and no mistake of it is made up.
func TestUnknownTypesAreSaid(t *testing.T) {
	tree := copied(t)
	file := committedDir + "/modules/backups/main.tf"
	tree[file] = &fstest.MapFile{Data: append(tree[file].Data, "\nresource \"aws_s3_bukket\" \"x\" {\n  bucket = 1\n}\n"...)}
	root, err := Read(tree, committedDir, schema(t))
	if err != nil || len(root.Problems) != 0 {
		t.Fatal(err, root.Problems)
	}
	if len(root.Unchecked) != 1 || root.Unchecked[0].What != "aws_s3_bukket" || root.Unchecked[0].Line == 0 {
		t.Errorf("unchecked: %v", root.Unchecked)
	}
}
