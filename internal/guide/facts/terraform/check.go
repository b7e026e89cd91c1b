package terraform

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// checker looks at a folder as it is written, whoever calls it.
type checker struct {
	*reader
	*source
	used map[string]bool // var.x and local.x that something refers to
}

// where is the place a reference stands in: what names it may use beside the module's.
type where struct {
	subject  string
	each     string          // "each" or "count", when the block has for_each or count
	self     bool            // conditions of a resource
	own      string          // a variable's validation refers to itself, which is no use of it
	iterator map[string]bool // of dynamic blocks
}

func (w where) with(iterator string) where {
	with := map[string]bool{iterator: true}
	for name := range w.iterator {
		with[name] = true
	}
	w.iterator = with
	return w
}

// check finds what is wrong with a folder's files by themselves.
func (r *reader) check(s *source) {
	c := checker{r, s, map[string]bool{}}
	for _, v := range sorted(s.variables) {
		for _, inner := range v.block.Body.Blocks {
			c.body(inner.Body, where{subject: "var." + v.name, own: "var." + v.name})
			for _, name := range []string{"condition", "error_message"} {
				if inner.Body.Attributes[name] == nil {
					file, line := at(inner.DefRange())
					c.problem(MissingArgument, file, line, "var."+v.name, "%s is missing", name)
				}
			}
		}
	}
	for _, a := range sorted(s.locals) {
		c.expression(a.Expr, where{subject: "local." + a.Name})
	}
	for _, o := range sorted(s.outputs) {
		c.output(o)
	}
	for _, d := range sorted(s.resources) {
		c.resource(d)
	}
	for _, m := range sorted(s.calls) {
		c.call(m)
	}
	for _, b := range s.providers {
		w := where{subject: "provider." + b.Labels[0]}
		c.body(b.Body, w)
		if "hashicorp/"+b.Labels[0] == c.schema.Source {
			c.arguments(b.Body, c.schema.Provider, w, []string{"alias", "version"}, nil)
		}
	}
	for _, v := range sorted(s.variables) {
		if !c.used["var."+v.name] {
			file, line := at(v.block.DefRange())
			c.problem(UnusedVariable, file, line, "var."+v.name, "nothing refers to it")
		}
	}
	for _, a := range sorted(s.locals) {
		if !c.used["local."+a.Name] {
			file, line := at(a.SrcRange)
			c.problem(UnusedLocal, file, line, "local."+a.Name, "nothing refers to it")
		}
	}
}

func (c *checker) output(o *output) {
	file, line := at(o.block.DefRange())
	w := where{subject: "output." + o.name}
	c.body(o.block.Body, w)
	for _, a := range sorted(o.block.Body.Attributes) {
		if !slices.Contains([]string{"value", "description", "sensitive", "ephemeral", "depends_on", "deprecated"}, a.Name) {
			file, line := at(a.SrcRange)
			c.problem(UnknownArgument, file, line, w.subject, "an output has no %s", a.Name)
		}
	}
	if o.block.Body.Attributes["value"] == nil {
		c.problem(MissingArgument, file, line, w.subject, "value is missing")
	}
}

// repeated is what a block with for_each or count may refer to.
func repeated(b *hclsyntax.Body) string {
	if b.Attributes["for_each"] != nil {
		return "each"
	}
	if b.Attributes["count"] != nil {
		return "count"
	}
	return ""
}

func (c *checker) resource(d *resource) {
	w := where{subject: d.address(), each: repeated(d.block.Body)}
	rest := *d.block.Body
	rest.Attributes, rest.Blocks = hclsyntax.Attributes{}, nil
	for name, a := range d.block.Body.Attributes {
		if name != "provider" { // names a provider, not a thing
			rest.Attributes[name] = a
		}
	}
	for _, b := range d.block.Body.Blocks {
		switch b.Type {
		case "lifecycle":
			c.lifecycle(b, d, w)
		default:
			rest.Blocks = append(rest.Blocks, b)
		}
	}
	c.body(&rest, w)
	if d.schema == nil {
		return
	}
	c.arguments(&rest, d.schema, w, []string{"count", "for_each", "depends_on", "provider"}, []string{"provisioner", "connection"})
}

// lifecycle refers to the resource's own arguments by their bare names.
func (c *checker) lifecycle(b *hclsyntax.Block, d *resource, w where) {
	for _, a := range sorted(b.Body.Attributes) {
		file, line := at(a.SrcRange)
		switch a.Name {
		case "create_before_destroy", "prevent_destroy", "enabled", "destroy":
		case "replace_triggered_by":
			c.expression(a.Expr, w)
		case "ignore_changes":
			for _, t := range a.Expr.Variables() {
				name := t.RootName()
				if d.schema != nil && name != "all" && d.schema.Attributes[name] == nil && d.schema.Blocks[name] == nil {
					c.problem(UnknownArgument, file, line, w.subject, "ignore_changes names %s, which %s does not have", name, d.name)
				}
			}
		default:
			c.problem(UnknownArgument, file, line, w.subject, "lifecycle has no %s", a.Name)
		}
	}
	w.self = true
	for _, inner := range b.Body.Blocks {
		if inner.Type != "precondition" && inner.Type != "postcondition" {
			file, line := at(inner.DefRange())
			c.problem(UnknownBlock, file, line, w.subject, "lifecycle has no block %s", inner.Type)
		}
		c.body(inner.Body, w)
	}
}

func (c *checker) call(m *call) {
	w := where{subject: m.address(), each: repeated(m.block.Body)}
	body := *m.block.Body
	body.Attributes = hclsyntax.Attributes{}
	for name, a := range m.block.Body.Attributes {
		if name != "source" && name != "version" && name != "providers" {
			body.Attributes[name] = a
		}
	}
	c.body(&body, w)
	if m.child == nil {
		return
	}
	for _, a := range sorted(body.Attributes) {
		if m.child.variables[a.Name] == nil && !slices.Contains([]string{"count", "for_each", "depends_on"}, a.Name) {
			file, line := at(a.SrcRange)
			c.problem(UnknownArgument, file, line, w.subject, "%s has no variable %s", m.child.dir, a.Name)
		}
	}
	for _, v := range sorted(m.child.variables) {
		if body.Attributes[v.name] == nil && v.block.Body.Attributes["default"] == nil {
			file, line := at(m.block.DefRange())
			c.problem(MissingArgument, file, line, w.subject, "%s is missing: %s has a variable of that name without a default", v.name, m.child.dir)
		}
	}
}

// body follows every reference of a block and of the blocks in it.
func (c *checker) body(b *hclsyntax.Body, w where) {
	for _, a := range sorted(b.Attributes) {
		c.expression(a.Expr, w)
	}
	for _, inner := range b.Blocks {
		if inner.Type != "dynamic" {
			c.body(inner.Body, w)
			continue
		}
		name, content := dynamic(inner)
		for _, a := range sorted(inner.Body.Attributes) {
			if a.Name != "iterator" {
				c.expression(a.Expr, w)
			}
		}
		if content != nil {
			c.body(content.Body, w.with(name))
		}
	}
}

// dynamic is the iterator's name and the content of a dynamic block.
func dynamic(b *hclsyntax.Block) (iterator string, content *hclsyntax.Block) {
	if len(b.Labels) == 1 {
		iterator = b.Labels[0]
	}
	if a := b.Body.Attributes["iterator"]; a != nil {
		iterator = hcl.ExprAsKeyword(a.Expr)
	}
	for _, inner := range b.Body.Blocks {
		if inner.Type == "content" {
			content = inner
		}
	}
	return iterator, content
}

func (c *checker) expression(e hclsyntax.Expression, w where) {
	for _, t := range c.anatomy(e).refers {
		c.reference(t, w)
	}
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if f, ok := n.(*hclsyntax.FunctionCallExpr); ok && !c.has(f.Name) {
			file, line := at(f.NameRange)
			c.problem(UnknownFunction, file, line, w.subject, "Terraform has no function %s", f.Name)
		}
		return nil
	})
}

// step is the name behind a traversal's i-th dot.
func step(t hcl.Traversal, i int) string {
	if i < len(t) {
		if a, ok := t[i].(hcl.TraverseAttr); ok {
			return a.Name
		}
	}
	return ""
}

// reference finds what a name stands for. What its type has is found when the value is worked out.
func (c *checker) reference(t hcl.Traversal, w where) {
	root, first := t.RootName(), step(t, 1)
	name, known, why := root+"."+first, false, "declared nowhere in "+c.dir
	switch root {
	case "var":
		known = c.variables[first] != nil
		c.used[name] = c.used[name] || name != w.own
	case "local":
		known = c.locals[first] != nil
		c.used[name] = true
	case "module":
		m := c.calls[first]
		if known = m != nil; !known || m.child == nil || m.block.Body.Attributes["for_each"] != nil || m.block.Body.Attributes["count"] != nil {
			break
		}
		if out := step(t, 2); out != "" && m.child.outputs[out] == nil {
			name, known, why = name+"."+out, false, m.child.dir+" has no output of that name"
		}
	case "each", "count":
		known, why = w.each == root, "the block has no "+map[string]string{"each": "for_each", "count": "count"}[root]
	case "self":
		known, why = w.self, "only conditions of a resource have it"
	case "path":
		known, why = slices.Contains([]string{"module", "root", "cwd"}, first), "Terraform has no such path"
	case "terraform":
		known, why = first == "workspace" || first == "applying", "Terraform has no such value"
	case "data", "ephemeral":
		name = fmt.Sprintf("%s.%s.%s", root, first, step(t, 2))
		known = c.resources[name] != nil
	default:
		known = w.iterator[root] || c.resources[name] != nil
	}
	if !known {
		file, line := at(t.SourceRange())
		c.problem(UnknownReference, file, line, w.subject, "%s is unknown: %s", name, why)
	}
}

// arguments compares a block with its schema. meta are the arguments, and metaBlocks the blocks, that Terraform itself takes there.
func (c *checker) arguments(b *hclsyntax.Body, s *BlockSchema, w where, meta, metaBlocks []string) {
	for _, a := range sorted(b.Attributes) {
		file, line := at(a.SrcRange)
		switch is := s.Attributes[a.Name]; {
		case slices.Contains(meta, a.Name):
		case is == nil && s.Blocks[a.Name] != nil:
			c.problem(UnknownArgument, file, line, w.subject, "%s is a block: write it without =", a.Name)
		case is == nil:
			c.problem(UnknownArgument, file, line, w.subject, "there is no argument %s", a.Name)
		case is.Computed && !is.Optional && !is.Required:
			c.problem(ReadOnlyArgument, file, line, w.subject, "%s is set by the provider", a.Name)
		}
	}
	for _, name := range sortedKeys(s.Attributes) {
		if s.Attributes[name].Required && b.Attributes[name] == nil {
			file, line := at(b.SrcRange)
			c.problem(MissingArgument, file, line, w.subject, "%s is missing", name)
		}
	}
	there := map[string]int{}
	for _, inner := range b.Blocks {
		kind, body, many := inner.Type, inner.Body, false
		if kind == "dynamic" && len(inner.Labels) == 1 {
			_, content := dynamic(inner)
			if content == nil {
				file, line := at(inner.DefRange())
				c.problem(MissingBlock, file, line, w.subject, "content of dynamic %q is missing", inner.Labels[0])
				continue
			}
			kind, body, many = inner.Labels[0], content.Body, true
		}
		if slices.Contains(metaBlocks, kind) {
			continue
		}
		file, line := at(inner.DefRange())
		is := s.Blocks[kind]
		if is == nil {
			what := "there is no block"
			if s.Attributes[kind] != nil {
				what = "it is an argument, written with =, and no block:"
			}
			c.problem(UnknownBlock, file, line, w.subject, "%s %s", what, kind)
			continue
		}
		if there[kind]++; is.Max > 0 && there[kind] > is.Max && !many {
			c.problem(TooManyBlocks, file, line, w.subject, "at most %d of block %s", is.Max, kind)
		}
		c.arguments(body, is.Block, where{subject: w.subject + " " + kind}, nil, nil)
	}
	for _, name := range sortedKeys(s.Blocks) {
		if s.Blocks[name].Min > 0 && there[name] == 0 {
			file, line := at(b.SrcRange)
			c.problem(MissingBlock, file, line, w.subject, "block %s is missing", name)
		}
	}
}
