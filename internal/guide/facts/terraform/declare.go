package terraform

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

type variable struct {
	block    *hclsyntax.Block
	name     string
	kind     cty.Type
	defaults *typeexpr.Defaults
}

type output struct {
	block *hclsyntax.Block
	name  string
}

type resource struct {
	block            *hclsyntax.Block
	kind, name, same string // "data.", "aws_region", "current"
	schema           *BlockSchema
}

func (r *resource) address() string { return r.kind + r.name + "." + r.same }

type call struct {
	block *hclsyntax.Block
	name  string
	child *source // nil for one that is not in the tree
}

func (c *call) address() string { return "module." + c.name }

// sorted are the values of a map, by their keys.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	var values []V
	for _, k := range sortedKeys(m) {
		values = append(values, m[k])
	}
	return values
}

func at(r hcl.Range) (file string, line int) { return r.Filename, r.Start.Line }

// labels is how many names stand behind the type of each block of Terraform's.
var labels = map[string]int{
	"terraform": 0, "locals": 0, "provider": 1, "variable": 1, "output": 1, "module": 1, "resource": 2, "data": 2, "ephemeral": 2,
	"moved": 0, "removed": 0, "import": 0, "check": 1,
}

// declare takes up what a file declares.
func (r *reader) declare(s *source, body *hclsyntax.Body) {
	for _, a := range body.Attributes {
		file, line := at(a.SrcRange)
		r.problem(UnknownArgument, file, line, a.Name, "nothing is set outside a block")
	}
	for _, b := range body.Blocks {
		file, line := at(b.DefRange())
		n, known := labels[b.Type]
		if !known || len(b.Labels) != n {
			r.problem(UnknownBlock, file, line, b.Type, "Terraform has no such block with %d names", len(b.Labels))
			continue
		}
		switch b.Type {
		case "terraform":
			r.settings(s, b)
		case "locals":
			for _, a := range sorted(b.Body.Attributes) {
				declare(r, s.locals, a.Name, a, a.SrcRange, "local.")
			}
		case "variable":
			declare(r, s.variables, b.Labels[0], r.variable(b), b.DefRange(), "var.")
		case "output":
			declare(r, s.outputs, b.Labels[0], &output{b, b.Labels[0]}, b.DefRange(), "output.")
		case "module":
			declare(r, s.calls, b.Labels[0], &call{block: b, name: b.Labels[0]}, b.DefRange(), "module.")
		case "resource", "data", "ephemeral":
			kind := ""
			if b.Type != "resource" {
				kind = b.Type + "."
			}
			declared := &resource{b, kind, b.Labels[0], b.Labels[1], r.schema.of(kind, b.Labels[0])}
			if declared.schema == nil {
				r.unchecked(file, line, kind+b.Labels[0], "the schema does not have the type: its arguments are not checked")
			}
			declare(r, s.resources, declared.address(), declared, b.DefRange(), "")
		case "provider":
			s.providers = append(s.providers, b)
		case "check":
			r.unchecked(file, line, "check."+b.Labels[0], "the block is not read: what it asks only a plan can answer")
		}
	}
}

func declare[T any](r *reader, in map[string]T, name string, value T, where hcl.Range, prefix string) {
	file, line := at(where)
	if _, twice := in[name]; twice {
		r.problem(Duplicate, file, line, prefix+name, "it is declared twice")
		return
	}
	in[name] = value
}

// variable reads a declaration's type.
func (r *reader) variable(b *hclsyntax.Block) *variable {
	v := &variable{block: b, name: b.Labels[0], kind: cty.DynamicPseudoType}
	for _, a := range sorted(b.Body.Attributes) {
		file, line := at(a.SrcRange)
		if !slices.Contains([]string{"type", "description", "default", "nullable", "sensitive", "ephemeral", "deprecated", "const"}, a.Name) {
			r.problem(UnknownArgument, file, line, "var."+v.name, "a variable has no %s", a.Name)
		}
		if a.Name != "type" {
			continue
		}
		kind, defaults, diags := typeexpr.TypeConstraintWithDefaults(a.Expr)
		if diags.HasErrors() {
			r.problem(WrongValue, file, line, "var."+v.name, "its type: %s", diags[0].Detail)
			continue
		}
		v.kind, v.defaults = kind, defaults
	}
	for _, inner := range b.Body.Blocks {
		if inner.Type != "validation" {
			file, line := at(inner.DefRange())
			r.problem(UnknownBlock, file, line, "var."+v.name, "a variable has no block %s", inner.Type)
		}
	}
	return v
}

// settings reads a terraform block; of a module's only the root's count.
func (r *reader) settings(s *source, b *hclsyntax.Block) {
	text := func(a *hclsyntax.Attribute) string {
		if a == nil {
			return ""
		}
		value, _ := a.Expr.Value(nil)
		text, _ := Value{value: value}.Text()
		return text
	}
	root := s.dir == r.root.Dir
	for _, a := range sorted(b.Body.Attributes) {
		file, line := at(a.SrcRange)
		if a.Name != "required_version" && a.Name != "experiments" {
			r.problem(UnknownArgument, file, line, "terraform", "it has no %s", a.Name)
		} else if root && a.Name == "required_version" {
			r.root.Settings.RequiredVersion = text(a)
		}
	}
	for _, inner := range b.Body.Blocks {
		file, line := at(inner.DefRange())
		switch inner.Type {
		case "required_providers":
			for _, a := range sorted(inner.Body.Attributes) {
				p := Provider{File: file, Line: a.SrcRange.Start.Line}
				value, _ := a.Expr.Value(nil)
				if value.IsKnown() && !value.IsNull() && value.Type().IsObjectType() {
					for name, field := range value.AsValueMap() {
						switch name {
						case "source":
							p.Source, _ = Value{value: field}.Text()
						case "version":
							p.Version, _ = Value{value: field}.Text()
						}
					}
				}
				if root {
					r.root.Settings.Providers[a.Name] = p
				}
			}
		case "backend":
			if root && len(inner.Labels) == 1 {
				r.root.Settings.Backend = inner.Labels[0]
			}
		case "cloud", "provider_meta", "encryption":
			r.unchecked(file, line, "terraform."+inner.Type, "the block is not read")
		default:
			r.problem(UnknownBlock, file, line, "terraform", "it has no block %s", strings.Join(append([]string{inner.Type}, inner.Labels...), " "))
		}
	}
}
