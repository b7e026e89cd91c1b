package terraform

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Bounds of what is worked out. A unit of work is about what one step of an expression costs, or 16 bytes of text; this repository's own root comes
// to 7 million, and the whole bound to about a second.
const (
	maxWork       = 50_000_000 // of a root, all its variants together
	maxExpression = 4_000_000  // of an expression: a list in a list in a list of a page each is beyond it
	maxReferred   = 1 << 18    // what an expression refers to
	maxValue      = 1 << 16    // what it may come to
	maxDepth      = 500        // values that depend on each other, one on the next
	maxInstances  = 5000       // resources and modules of a variant
	maxRepeated   = 300        // of one block with count or for_each
)

// evaluator works out what the root comes to with one file of variables. It does so twice: with unknown values of the right type, which finds what
// does not fit; then with names in place of what is computed, which is what controls can judge.
type evaluator struct {
	*reader
	named     bool
	given     map[string]*hclsyntax.Attribute
	varFile   string
	depth     int
	instances int
	stopped   bool
}

// instance is a module as one call makes it.
type instance struct {
	*source
	parent   *instance
	call     *call
	address  string               // "", or "module.part[\"api\"]." with the dot
	scope    map[string]cty.Value // each or count of the call
	memo     map[string]*worked
	children map[string][]*instance
}

// worked is a value of a module's that has a name, and its weight.
type worked struct {
	value  cty.Value
	weight weight
}

// variant works out the root with a file of variables, nil for none.
func (r *reader) variant(top *source, name string, body *hclsyntax.Body) Variant {
	v := Variant{VarFile: name, Outputs: map[string]Value{}}
	given := map[string]*hclsyntax.Attribute{}
	if body != nil {
		given = body.Attributes
	}
	for _, a := range sorted(given) {
		if top.variables[a.Name] == nil {
			file, line := at(a.SrcRange)
			r.problem(UnknownArgument, file, line, a.Name, "%s has no variable of that name", top.dir)
		}
	}
	for _, d := range sorted(top.variables) {
		if given[d.name] == nil && d.block.Body.Attributes["default"] == nil {
			v.Missing = append(v.Missing, d.name)
		}
	}
	for _, named := range []bool{false, true} {
		e := &evaluator{reader: r, named: named, given: given, varFile: name}
		root := &instance{source: top, memo: map[string]*worked{}, children: map[string][]*instance{}}
		v.Resources = nil
		e.walk(root, &v)
		for _, o := range sorted(top.outputs) {
			v.Outputs[o.name] = Value{o.block.DefRange().Start.Line, e.output(root, o)}
		}
	}
	return v
}

// walk works out everything of a module and of those it calls.
func (e *evaluator) walk(m *instance, v *Variant) {
	for _, d := range sorted(m.variables) {
		e.valid(m, d)
	}
	for _, a := range sorted(m.locals) {
		e.local(m, a)
	}
	for _, o := range sorted(m.outputs) {
		e.output(m, o)
	}
	for _, d := range sorted(m.resources) {
		for _, rep := range e.repetitions(m, d.block.Body, nil, d.address(), false) {
			if !e.room(d.block) {
				return
			}
			file, line := at(d.block.DefRange())
			v.Resources = append(v.Resources, Resource{m.address + d.address() + rep.suffix, d.kind, d.name, d.same, file, line,
				e.body(m, d.block.Body, d.schema, rep.scope, d.address())})
		}
	}
	for _, c := range sorted(m.calls) {
		for _, child := range e.called(m, c) {
			e.walk(child, v)
		}
	}
}

// room counts what is made, and is false once there is too much of it.
func (e *evaluator) room(b *hclsyntax.Block) bool {
	if e.instances++; e.instances > maxInstances {
		e.stop(b.DefRange(), fmt.Sprintf("it comes to more than %d resources and modules", maxInstances))
	}
	return !e.stopped
}

func (e *evaluator) stop(where hcl.Range, why string) {
	if !e.stopped {
		file, line := at(where)
		e.problem(TooMuch, file, line, e.root.Dir, "%s; the rest is not worked out", why)
	}
	e.stopped = true
}

// wrong is a problem of the first pass; the second would say it again.
func (e *evaluator) wrong(kind Kind, where hcl.Range, subject, format string, args ...any) {
	if !e.named {
		file, line := at(where)
		e.problem(kind, file, line, subject, format, args...)
	}
}

// once works out a value of the module's that has a name.
func (e *evaluator) once(m *instance, name string, where hcl.Range, work func() cty.Value) cty.Value {
	if known, ok := m.memo[name]; ok {
		if known != nil {
			return known.value
		}
		e.wrong(Cycle, where, name, "it depends on itself")
		return cty.DynamicVal
	}
	if e.depth++; e.depth > maxDepth {
		e.stop(where, fmt.Sprintf("more than %d values depend on each other", maxDepth))
	}
	defer func() { e.depth-- }()
	if e.stopped {
		return cty.DynamicVal
	}
	m.memo[name] = nil
	value := work()
	known := &worked{value: value}
	known.weight.add(value)
	m.memo[name] = known
	return value
}

func (e *evaluator) local(m *instance, a *hclsyntax.Attribute) cty.Value {
	name := "local." + a.Name
	return e.once(m, name, a.SrcRange, func() cty.Value { return e.expression(m, a.Expr, nil, name) })
}

func (e *evaluator) output(m *instance, o *output) cty.Value {
	name := "output." + o.name
	return e.once(m, name, o.block.DefRange(), func() cty.Value {
		if a := o.block.Body.Attributes["value"]; a != nil {
			return e.expression(m, a.Expr, nil, name)
		}
		return cty.DynamicVal
	})
}

// variable is what the module is called with, else the default.
func (e *evaluator) variable(m *instance, d *variable) cty.Value {
	name := "var." + d.name
	return e.once(m, name, d.block.DefRange(), func() cty.Value {
		var value cty.Value
		var where hcl.Range
		given, outer := e.given[d.name], (*instance)(nil)
		if m.call != nil {
			given, outer = m.call.block.Body.Attributes[d.name], m.parent
		}
		switch standard := d.block.Body.Attributes["default"]; {
		case given != nil && outer != nil:
			where = given.SrcRange
			value = e.expression(outer, given.Expr, m.scope, m.call.address())
		case given != nil:
			where = given.SrcRange
			value = e.plain(given, name)
		case standard != nil:
			where = standard.SrcRange
			value = e.plain(standard, name)
		case e.named:
			return named(d.kind.WithoutOptionalAttributesDeep(), m.address+name, 0)
		default:
			return cty.UnknownVal(d.kind.WithoutOptionalAttributesDeep())
		}
		if d.defaults != nil && !value.IsNull() && value.IsKnown() {
			value = d.defaults.Apply(value)
		}
		fits, err := convert.Convert(value, d.kind)
		if err != nil {
			e.wrong(WrongValue, where, name, "what it is given does not fit its type: %v", err)
			return cty.DynamicVal
		}
		return fits
	})
}

// plain is a value that may refer to nothing.
func (e *evaluator) plain(a *hclsyntax.Attribute, name string) cty.Value {
	for _, t := range a.Expr.Variables() {
		e.wrong(UnknownReference, a.SrcRange, name, "%s: nothing can be referred to here", t.RootName())
		return cty.DynamicVal
	}
	return e.expression(nil, a.Expr, nil, name)
}

// valid works out a variable and its conditions.
func (e *evaluator) valid(m *instance, d *variable) {
	value := e.variable(m, d)
	for _, b := range d.block.Body.Blocks {
		a := b.Body.Attributes["condition"]
		if b.Type != "validation" || a == nil || !value.IsWhollyKnown() || e.named {
			continue
		}
		holds, err := convert.Convert(e.expression(m, a.Expr, nil, "var."+d.name), cty.Bool)
		if err != nil || !holds.IsKnown() || holds.IsNull() || holds.True() {
			continue
		}
		where := d.block.DefRange()
		if m.call != nil {
			where = m.call.block.DefRange()
		} else if g := e.given[d.name]; g != nil {
			where = g.SrcRange
		}
		message := "its condition does not hold"
		if text := b.Body.Attributes["error_message"]; text != nil {
			if said, ok := (Value{value: e.expression(m, text.Expr, nil, "var."+d.name)}).Text(); ok {
				message = said
			}
		}
		e.wrong(WrongValue, where, "var."+d.name, "%s", message)
	}
}

// body works out the arguments of a resource or of a block in it.
func (e *evaluator) body(m *instance, b *hclsyntax.Body, s *BlockSchema, scope map[string]cty.Value, subject string) Body {
	body := Body{Attributes: map[string]Value{}}
	if e.stopped {
		return body
	}
	for _, a := range sorted(b.Attributes) {
		switch a.Name {
		case "for_each", "count", "depends_on", "provider", "ignore_changes", "replace_triggered_by":
			if s == nil || s.Attributes[a.Name] == nil {
				continue
			}
		}
		value := e.expression(m, a.Expr, scope, subject)
		if s != nil && s.Attributes[a.Name] != nil {
			fits, err := convert.Convert(value, s.Attributes[a.Name].Type)
			if err != nil {
				e.wrong(WrongValue, a.SrcRange, subject, "%s: %v", a.Name, err)
			} else {
				value = fits
			}
		}
		body.Attributes[a.Name] = Value{a.SrcRange.Start.Line, value}
	}
	for _, inner := range b.Blocks {
		kind, content, reps := inner.Type, inner.Body, []repetition{{scope: scope}}
		if kind == "dynamic" {
			iterator, block := dynamic(inner)
			if block == nil || len(inner.Labels) != 1 {
				continue
			}
			kind, content = inner.Labels[0], block.Body
			reps = e.repetitions(m, inner.Body, scope, subject, true)
			for i := range reps {
				own := map[string]cty.Value{iterator: reps[i].scope["each"]}
				for name, value := range scope {
					if name != iterator {
						own[name] = value
					}
				}
				reps[i].scope = own
			}
		}
		var of *BlockSchema
		if s != nil && s.Blocks[kind] != nil {
			of = s.Blocks[kind].Block
		}
		for _, rep := range reps {
			if kind == "precondition" || kind == "postcondition" || !e.room(inner) {
				continue // what they ask only a plan can answer
			}
			body.Blocks = append(body.Blocks, Block{kind, inner.DefRange().Start.Line, e.body(m, content, of, rep.scope, subject+" "+kind)})
		}
	}
	return body
}

// expression works one out. What is too much, or fails, is unknown.
func (e *evaluator) expression(m *instance, x hclsyntax.Expression, scope map[string]cty.Value, subject string) (value cty.Value) {
	if e.stopped {
		return cty.DynamicVal
	}
	defer func() { // the libraries give up on some odd values by a panic
		if broken := recover(); broken != nil {
			value = cty.DynamicVal
			file, line := at(x.Range())
			e.unchecked(file, line, subject, "an expression could not be worked out")
		}
	}()
	variables, w := e.names(m, x, scope)
	cost := w.cost(e.anatomy(x).shape)
	if cost > maxExpression || w.size > maxReferred {
		file, line := at(x.Range())
		e.unchecked(file, line, subject, "an expression is too much to be worked out")
		return cty.DynamicVal
	}
	value, diags := x.Value(&hcl.EvalContext{Variables: variables, Functions: e.functions})
	if diags.HasErrors() {
		for _, d := range diags {
			e.diagnosed(d, x.Range(), subject)
		}
		return cty.DynamicVal
	}
	large := size(value, maxValue+1)
	if e.work += cost + 16*large; e.work > maxWork {
		e.stop(x.Range(), "its expressions are too much work")
	}
	if large > maxValue || e.stopped {
		file, line := at(x.Range())
		e.unchecked(file, line, subject, "an expression comes to too much")
		return cty.DynamicVal
	}
	return value
}

// diagnosed makes a problem of what the evaluation says, unless the check of references has said it already.
func (e *evaluator) diagnosed(d *hcl.Diagnostic, where hcl.Range, subject string) {
	if d.Subject != nil {
		where = *d.Subject
	}
	switch d.Summary {
	case "Unknown variable", "Call to unknown function", "Variables not allowed":
	case "Unsupported attribute", "Missing resource instance key":
		e.wrong(UnknownAttribute, where, subject, "%s", strings.ReplaceAll(d.Detail, "\n", " "))
	default:
		e.wrong(WrongValue, where, subject, "%s: %s", d.Summary, strings.ReplaceAll(d.Detail, "\n", " "))
	}
}
