// Schemagen writes schema/aws.json: the schema of the types that infra/terraform uses, taken from the bindings that are generated from it.
//
//	npm pack @cdktn/provider-aws@25.7.0 && tar xzf cdktn-provider-aws-25.7.0.tgz
//	go run ./internal/guide/facts/terraform/schemagen -bindings package -root infra/terraform > internal/guide/facts/terraform/schema/aws.json
//
// The package says which version of the provider its bindings are of, and it must be the one the root is pinned to.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/terraform"
)

const source = "hashicorp/aws"

func main() {
	root := flag.String("root", "infra/terraform", "folder of the root")
	bindings := flag.String("bindings", "package", "folder of the unpacked bindings")
	flag.Parse()
	if err := run(*root, *bindings, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

var versionLine = regexp.MustCompile(`(?m)^# .* hashicorp/aws provider version ([0-9.]+)$`)

func run(dir, bindings string, out io.Writer) error {
	root, err := terraform.Read(os.DirFS(dir), ".", &terraform.Schema{})
	if err != nil {
		return err
	}
	readme, err := os.ReadFile(path.Join(bindings, "README.md"))
	if err != nil {
		return fmt.Errorf("read which provider the bindings are of: %w", err)
	}
	version := versionLine.FindStringSubmatch(string(readme))
	if version == nil {
		return fmt.Errorf("%s/README.md does not say which version of %s it is of", bindings, source)
	}
	if pinned := root.Settings.Providers["aws"]; pinned.Source != source || pinned.Version != "= "+version[1] {
		return fmt.Errorf("%s is pinned to %s %q, and the bindings are of %s: pin it to that, or take other bindings", dir, pinned.Source, pinned.Version, version[1])
	}
	read := func(folder string) (*terraform.BlockSchema, error) {
		text, err := os.ReadFile(path.Join(bindings, "lib", folder, "index.js"))
		if err != nil {
			return nil, err
		}
		b, err := schema(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		return b, nil
	}
	provider, err := read("provider")
	if err != nil {
		return err
	}
	schemas := func() map[string]*terraform.BlockSchema { return map[string]*terraform.BlockSchema{} }
	s := terraform.Schema{Source: source, Version: version[1], Provider: provider, Resources: schemas(), Data: schemas(), Ephemeral: schemas()}
	for _, v := range root.Variants {
		for _, r := range v.Resources {
			of, folder := s.Resources, strings.TrimPrefix(r.Type, "aws_")
			switch r.Kind {
			case "data.":
				of, folder = s.Data, "data-"+r.Type
			case "ephemeral.":
				of, folder = s.Ephemeral, "ephemeral-"+r.Type
			}
			if of[r.Type] != nil {
				continue
			}
			if of[r.Type], err = read(strings.ReplaceAll(folder, "_", "-")); err != nil {
				return fmt.Errorf("%s:%d: %s%s: %w", r.File, r.Line, r.Kind, r.Type, err)
			}
		}
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", " ")
	return enc.Encode(s)
}

var (
	classLine  = regexp.MustCompile(`^class (\w+) extends cdktn\.(\w+) \{$`)
	memberLine = regexp.MustCompile(`^    // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$`)
	nestedLine = regexp.MustCompile(`^    _\w+ = new (\w+?)(OutputReference|List|Map)\(this, "(\w+)"(?:, (true|false))?\);$`)
	getterLine = regexp.MustCompile(`^        return (?:cdktn\.)?(.*)this\.(\w+)\('(\w+)'\)+;$`)
	inputLine  = regexp.MustCompile(`^        return this\._\w+;$`)
	formStart  = regexp.MustCompile(`^(?:function (\w+)ToHclTerraform\(struct\)|    synthesizeHclAttributes\(\)) \{$`)
	formName   = regexp.MustCompile(`^ {8,12}(\w+): \{$`)
	formField  = regexp.MustCompile(`^ {12,16}(isBlock|type|storageClassType): "?(\w+)"?,$`)
)

// member is an argument or block of a class.
type member struct {
	name                         string
	computed, optional, required bool
	class, container             string // of what is nested: X and OutputReference, List or Map
	set                          bool
	kind                         cty.Type // of what is not
}

// form is how a member is written in HCL: as a block or an argument, and in which collection.
type form struct {
	block bool
	in    string
	of    string // the class in it
}

type class struct {
	members []*member
	forms   map[string]form
}

// schema reads the bindings of one type, which are JavaScript of one shape. What is not of that shape is an error.
func schema(text string) (*terraform.BlockSchema, error) {
	classes, forms := map[string]*class{}, map[string]map[string]form{}
	var top, in *class
	var at *member
	var written map[string]form
	name := ""
	for _, line := range strings.Split(text, "\n") {
		if m := classLine.FindStringSubmatch(line); m != nil {
			in, at = &class{}, nil
			classes[strings.TrimSuffix(m[1], "OutputReference")] = in
			if strings.HasPrefix(m[2], "Terraform") {
				top = in
			}
		}
		if m := formStart.FindStringSubmatch(line); m != nil {
			written = map[string]form{}
			if m[1] == "" && in != nil {
				in.forms = written
			} else {
				forms[strings.ToLower(m[1])] = written
			}
		}
		if m := formName.FindStringSubmatch(line); m != nil && written != nil {
			name = m[1]
		}
		if m := formField.FindStringSubmatch(line); m != nil && written != nil {
			f := written[name]
			switch m[1] {
			case "isBlock":
				f.block = m[2] == "true"
			case "type":
				f.in = m[2]
			case "storageClassType":
				f.of = m[2]
			}
			written[name] = f
		}
		if strings.HasPrefix(line, "}") || line == "    }" && in != nil && written != nil && in.forms != nil {
			written = nil
		}
		if m := memberLine.FindStringSubmatch(line); m != nil && in != nil {
			at = &member{name: m[1], computed: m[2] == "true", optional: m[3] == "true", required: m[4] == "true", kind: cty.NilType}
			in.members = append(in.members, at)
		}
		if at == nil {
			continue
		}
		if m := nestedLine.FindStringSubmatch(line); m != nil && m[3] == at.name {
			at.class, at.container, at.set = m[1], m[2], m[4] == "true"
		}
		if m := getterLine.FindStringSubmatch(line); m != nil && m[3] == at.name && at.kind == cty.NilType {
			if at.kind = kindOf(m[2], strings.HasPrefix(m[1], "Fn.tolist")); at.kind == cty.NilType {
				return nil, fmt.Errorf("%s: unknown accessor %s", at.name, m[2])
			}
		}
		if inputLine.MatchString(line) && at.kind == cty.NilType && at.class == "" { // the provider's arguments have no getter but this
			at.kind = cty.DynamicPseudoType
		}
	}
	if top == nil || len(top.members) == 0 {
		return nil, fmt.Errorf("no resource with members in it")
	}
	for name, c := range classes {
		if c.forms == nil {
			c.forms = forms[strings.ToLower(name)]
		}
	}
	for _, m := range top.members { // of the provider's blocks there is only how they are written
		if f := top.forms[m.name]; m.class == "" && f.block {
			m.class, m.container = strings.TrimSuffix(f.of, "List"), "List"
			of := &class{forms: forms[strings.ToLower(m.class)]}
			for name := range of.forms {
				of.members = append(of.members, &member{name: name, optional: true, kind: cty.DynamicPseudoType})
			}
			classes[m.class] = of
		}
	}
	return block(classes, top, 0)
}

func kindOf(accessor string, set bool) cty.Type {
	kinds := map[string]cty.Type{
		"getStringAttribute": cty.String, "getNumberAttribute": cty.Number, "getBooleanAttribute": cty.Bool,
		"getStringMapAttribute": cty.Map(cty.String), "getNumberMapAttribute": cty.Map(cty.Number), "getBooleanMapAttribute": cty.Map(cty.Bool),
		"getListAttribute": cty.List(cty.String), "getNumberListAttribute": cty.List(cty.Number), "interpolationForAttribute": cty.DynamicPseudoType,
	}
	kind, ok := kinds[accessor]
	if ok && set && kind.IsListType() {
		return cty.Set(kind.ElementType())
	}
	return kind
}

const deepest = 20

func block(classes map[string]*class, c *class, depth int) (*terraform.BlockSchema, error) {
	if depth > deepest {
		return nil, fmt.Errorf("blocks within each other more than %d deep", deepest)
	}
	b := &terraform.BlockSchema{Attributes: map[string]*terraform.AttributeSchema{}, Blocks: map[string]*terraform.NestedSchema{}}
	for _, m := range c.members {
		if m.class == "" {
			if m.kind == cty.NilType {
				return nil, fmt.Errorf("%s: its type is not to be seen", m.name)
			}
			b.Attributes[m.name] = &terraform.AttributeSchema{Type: m.kind, Required: m.required, Optional: m.optional, Computed: m.computed}
			continue
		}
		of := classes[m.class]
		if of == nil {
			return nil, fmt.Errorf("%s: no class %s", m.name, m.class)
		}
		inner, err := block(classes, of, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		nesting := map[string]string{"List": "list", "Map": "map", "OutputReference": "list"}[m.container]
		if m.set {
			nesting = "set"
		}
		written := c.forms[m.name]
		switch {
		case m.container == "OutputReference" && written.in == "struct":
			nesting = "single"
		case m.container == "OutputReference" && written.in == "set":
			nesting = "set"
		}
		if written.block {
			nested := &terraform.NestedSchema{Nesting: nesting, Block: inner}
			if m.required {
				nested.Min = 1
			}
			if m.container == "OutputReference" && nesting != "single" {
				nested.Max = 1
			}
			b.Blocks[m.name] = nested
			continue
		}
		kind := inner.Object()
		switch nesting {
		case "list":
			kind = cty.List(kind)
		case "set":
			kind = cty.Set(kind)
		case "map":
			kind = cty.Map(kind)
		}
		b.Attributes[m.name] = &terraform.AttributeSchema{Type: kind, Required: m.required, Optional: m.optional, Computed: m.computed}
	}
	return b, nil
}
