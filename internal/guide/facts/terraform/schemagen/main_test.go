package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/terraform"
)

// bindings are two types in the shape that the generator gives them; the names are made up.
const bindings = `class ThingPartOutputReference extends cdktn.ComplexObject {
    // size - computed: false, optional: false, required: true
    _size;
    get size() {
        return this.getNumberAttribute('size');
    }
}
function thingPartToHclTerraform(struct) {
    const attrs = {
        size: {
            value: cdktn.numberToHclTerraform(struct.size),
            isBlock: false,
            type: "simple",
            storageClassType: "number",
        },
    };
}
class Thing extends cdktn.TerraformResource {
    // arn - computed: true, optional: false, required: false
    get arn() {
        return this.getStringAttribute('arn');
    }
    // labels - computed: false, optional: true, required: false
    _labels;
    get labels() {
        return cdktn.Fn.tolist(this.getListAttribute('labels'));
    }
    // name - computed: false, optional: false, required: true
    _name;
    get name() {
        return this.getStringAttribute('name');
    }
    // part - computed: false, optional: true, required: false
    _part = new ThingPartOutputReference(this, "part");
    get part() {
        return this._part;
    }
    // parts - computed: false, optional: false, required: true
    _parts = new ThingPartList(this, "parts", true);
    get parts() {
        return this._parts;
    }
    // seen - computed: true, optional: false, required: false
    _seen = new ThingPartList(this, "seen", false);
    get seen() {
        return this._seen;
    }
    synthesizeHclAttributes() {
        const attrs = {
            part: {
                value: thingPartToHclTerraform(this._part.internalValue),
                isBlock: true,
                type: "list",
                storageClassType: "ThingPartList",
            },
            parts: {
                value: cdktn.listMapperHcl(thingPartToHclTerraform, true)(this._parts.internalValue),
                isBlock: true,
                type: "set",
                storageClassType: "ThingPartList",
            },
        };
    }
}
`

const provider = `class AwsProvider extends cdktn.TerraformProvider {
    // region - computed: false, optional: true, required: false
    _region;
    get region() {
        return this._region;
    }
}
`

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaOfBindings(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/root/main.tf", "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \"= 1.2.3\"\n    }\n  }\n}\n\nresource \"aws_thing\" \"x\" {\n  name = \"x\"\n}\n")
	write(t, dir+"/package/README.md", "# CDKTN prebuilt bindings for hashicorp/aws provider version 1.2.3\n")
	write(t, dir+"/package/lib/thing/index.js", bindings)
	write(t, dir+"/package/lib/provider/index.js", provider)
	var out bytes.Buffer
	if err := run(dir+"/root", dir+"/package", &out); err != nil {
		t.Fatal(err)
	}
	s, err := terraform.ParseSchema(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	thing := s.Resources["aws_thing"]
	if s.Version != "1.2.3" || thing == nil {
		t.Fatalf("schema %s", out.String())
	}
	name, arn, labels, seen := thing.Attributes["name"], thing.Attributes["arn"], thing.Attributes["labels"], thing.Attributes["seen"]
	if !name.Required || name.Type.FriendlyName() != "string" || !arn.Computed || arn.Optional || labels.Type.FriendlyName() != "set of string" || seen.Type.FriendlyName() != "list of object" {
		t.Errorf("attributes: %s", out.String())
	}
	part, parts := thing.Blocks["part"], thing.Blocks["parts"]
	if part.Max != 1 || part.Min != 0 || part.Nesting != "list" || parts.Max != 0 || parts.Min != 1 || parts.Nesting != "set" || !parts.Block.Attributes["size"].Required {
		t.Errorf("blocks: %s", out.String())
	}
}

func TestWhatSchemagenRefuses(t *testing.T) {
	for name, change := range map[string]struct{ old, new, want string }{
		"bindings of another version":    {"version 1.2.3", "version 1.2.4", "is pinned to"},
		"an accessor that is not known":  {"this.getStringAttribute('name')", "this.getTextAttribute('name')", "unknown accessor"},
		"a member without a type":        {"        return this.getStringAttribute('name');\n", "", "its type is not to be seen"},
		"a class that is not there":      {"new ThingPartOutputReference", "new ThingOtherOutputReference", "no class"},
		"a type without a class at all":  {"cdktn.TerraformResource", "cdktn.Other", "no resource"},
		"bindings that name no provider": {"# CDKTN prebuilt bindings", "# Some", "does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			edit := func(text string) string { return strings.ReplaceAll(text, change.old, change.new) }
			if edit(bindings+"# CDKTN prebuilt bindings for hashicorp/aws provider version 1.2.3") == bindings+"# CDKTN prebuilt bindings for hashicorp/aws provider version 1.2.3" {
				t.Fatal("the change changes nothing")
			}
			write(t, dir+"/root/main.tf", "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \"= 1.2.3\"\n    }\n  }\n}\n\nresource \"aws_thing\" \"x\" {\n  name = \"x\"\n}\n")
			readme := "# CDKTN prebuilt bindings for hashicorp/aws provider version 1.2.3\n"
			if strings.HasPrefix(change.new, "# Some") {
				readme = "# Some bindings\n"
			}
			write(t, dir+"/package/README.md", edit(readme))
			write(t, dir+"/package/lib/thing/index.js", edit(bindings))
			write(t, dir+"/package/lib/provider/index.js", provider)
			if err := run(dir+"/root", dir+"/package", &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), change.want) {
				t.Errorf("error %v, want one about %q", err, change.want)
			}
		})
	}
}
