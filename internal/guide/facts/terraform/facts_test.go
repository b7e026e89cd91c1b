package terraform

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// example is a small root in which each way to come to a value is there once.
var example = fstest.MapFS{
	"a/main.tf": {Data: []byte(`
terraform {
  required_version = "~> 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.1.0"
    }
  }
  backend "s3" {}
}

variable "names" {
  type    = set(string)
  default = ["x"]
}

variable "size" {
  type = object({ days = optional(number, 7), kind = string })
}

variable "owner" {
  type = string
}

resource "aws_kms_key" "k" {
  count = 2

  description         = "key ${count.index}"
  enable_key_rotation = "true"
  policy              = jsonencode({ Statement = [{ Resource = aws_iam_role.r.arn, Days = var.size.days, Owner = var.owner }] })
}

resource "aws_iam_role" "r" {
  assume_role_policy = format("%s", var.owner)
  tags               = { known = "yes", owner = var.owner }
}

module "part" {
  source   = "./part"
  for_each = var.names

  name = "${each.key}-part"
  key  = aws_kms_key.k[0].arn
}

output "groups" {
  value = { for name, part in module.part : name => part.group }
}
`)},
	"a/part/main.tf": {Data: []byte(`
variable "name" {
  type = string
}

variable "key" {
  type = string
}

resource "aws_cloudwatch_log_group" "g" {
  name       = var.name
  kms_key_id = var.key
}

resource "aws_launch_template" "t" {
  dynamic "block_device_mappings" {
    for_each = { "/dev/a" = 4, "/dev/b" = 8 }
    iterator = disk

    content {
      device_name = disk.key
      ebs {
        volume_size = disk.value
      }
    }
  }
}

output "group" {
  value = aws_cloudwatch_log_group.g.arn
}
`)},
	"a/one.tfvars":              {Data: []byte("names = [\"y\", \"x\"]\nsize = { kind = \"k\" }\n")},
	"a/environments/two.tfvars": {Data: []byte("size = { kind = \"k\", days = 30 }\nowner = \"me\"\n")},
}

func TestWhatARootComesTo(t *testing.T) {
	root, err := Read(example, "a", schema(t))
	if err != nil || len(root.Problems) > 0 || len(root.Unchecked) > 0 {
		t.Fatal(err, root)
	}
	if s := root.Settings; s.RequiredVersion != "~> 1.9" || s.Providers["aws"].Version != "6.1.0" || s.Providers["aws"].Line == 0 || s.Backend != "s3" {
		t.Errorf("settings %+v", s)
	}
	if diff := cmp.Diff([]string{"a/main.tf", "a/part/main.tf"}, root.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	got := map[string]map[string]string{}
	for _, v := range root.Variants {
		values := map[string]string{"missing": "none", "groups": v.Outputs["groups"].String()}
		if len(v.Missing) > 0 {
			values["missing"] = v.Missing[0]
		}
		for _, r := range v.Resources {
			for name, value := range r.Attributes {
				values[r.Address+" "+name] = value.String()
			}
			for _, b := range r.BlocksOf("block_device_mappings") {
				device, _ := b.Get("device_name").Text()
				values[r.Address+" "+device] = b.BlocksOf("ebs")[0].Get("volume_size").String()
			}
		}
		got[v.VarFile] = values
	}
	want := map[string]map[string]string{
		"a/one.tfvars": {
			"missing":                                                "owner",
			"groups":                                                 `{"x":"${module.part[\"x\"].aws_cloudwatch_log_group.g.arn}","y":"${module.part[\"y\"].aws_cloudwatch_log_group.g.arn}"}`,
			"aws_kms_key.k[0] description":                           "key 0",
			"aws_kms_key.k[1] description":                           "key 1",
			"aws_kms_key.k[0] enable_key_rotation":                   "true",
			"aws_kms_key.k[1] enable_key_rotation":                   "true",
			"aws_kms_key.k[0] policy":                                `{"Statement":[{"Days":7,"Owner":"${var.owner}","Resource":"${aws_iam_role.r.arn}"}]}`,
			"aws_kms_key.k[1] policy":                                `{"Statement":[{"Days":7,"Owner":"${var.owner}","Resource":"${aws_iam_role.r.arn}"}]}`,
			"aws_iam_role.r assume_role_policy":                      "computed",
			"aws_iam_role.r tags":                                    `{"known":"yes","owner":"${var.owner}"}`,
			`module.part["x"].aws_cloudwatch_log_group.g name`:       "x-part",
			`module.part["x"].aws_cloudwatch_log_group.g kms_key_id`: "${aws_kms_key.k[0].arn}",
			`module.part["y"].aws_cloudwatch_log_group.g name`:       "y-part",
			`module.part["y"].aws_cloudwatch_log_group.g kms_key_id`: "${aws_kms_key.k[0].arn}",
			`module.part["x"].aws_launch_template.t /dev/a`:          "4",
			`module.part["x"].aws_launch_template.t /dev/b`:          "8",
			`module.part["y"].aws_launch_template.t /dev/a`:          "4",
			`module.part["y"].aws_launch_template.t /dev/b`:          "8",
		},
		"a/environments/two.tfvars": {
			"missing":                                                "none",
			"groups":                                                 `{"x":"${module.part[\"x\"].aws_cloudwatch_log_group.g.arn}"}`,
			"aws_kms_key.k[0] description":                           "key 0",
			"aws_kms_key.k[1] description":                           "key 1",
			"aws_kms_key.k[0] enable_key_rotation":                   "true",
			"aws_kms_key.k[1] enable_key_rotation":                   "true",
			"aws_kms_key.k[0] policy":                                `{"Statement":[{"Days":30,"Owner":"me","Resource":"${aws_iam_role.r.arn}"}]}`,
			"aws_kms_key.k[1] policy":                                `{"Statement":[{"Days":30,"Owner":"me","Resource":"${aws_iam_role.r.arn}"}]}`,
			"aws_iam_role.r assume_role_policy":                      "computed",
			"aws_iam_role.r tags":                                    `{"known":"yes","owner":"me"}`,
			`module.part["x"].aws_cloudwatch_log_group.g name`:       "x-part",
			`module.part["x"].aws_cloudwatch_log_group.g kms_key_id`: "${aws_kms_key.k[0].arn}",
			`module.part["x"].aws_launch_template.t /dev/a`:          "4",
			`module.part["x"].aws_launch_template.t /dev/b`:          "8",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestValuesSayWhatIsKnown(t *testing.T) {
	root, err := Read(example, "a", schema(t))
	if err != nil {
		t.Fatal(err)
	}
	v := root.Variants[0]
	key, role := v.Of("aws_kms_key")[0], v.Of("aws_iam_role")[0]
	if is, ok := key.Get("enable_key_rotation").Bool(); !is || !ok {
		t.Error(`"true" is not true`)
	}
	for name, c := range map[string]struct {
		value                       Value
		given, literal, text, texts bool
	}{
		"literal":               {key.Get("description"), true, true, true, true},
		"with a name in it":     {key.Get("policy"), true, false, true, true},
		"computed as a whole":   {role.Get("assume_role_policy"), true, false, false, false},
		"a map":                 {role.Get("tags"), true, true, false, false},
		"an argument not there": {role.Get("name"), false, false, false, false},
	} {
		_, text := c.value.Text()
		_, texts := c.value.Texts()
		if c.value.Given() != c.given || c.value.Literal() != c.literal || text != c.text || texts != c.texts {
			t.Errorf("%s: given %v, literal %v, text %v, texts %v", name, c.value.Given(), c.value.Literal(), text, texts)
		}
	}
	if key.File != "a/main.tf" || key.Line == 0 || key.Get("policy").Line <= key.Line {
		t.Errorf("%s:%d, its policy on line %d", key.File, key.Line, key.Get("policy").Line)
	}
}
