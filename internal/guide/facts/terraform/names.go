package terraform

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// names are the values of what an expression refers to, and their weight. What is declared nowhere is unknown: the check of
// references has said so.
func (e *evaluator) names(m *instance, x hclsyntax.Expression, scope map[string]cty.Value) (names map[string]cty.Value, w weight) {
	names = map[string]cty.Value{}
	groups := map[string]map[string]cty.Value{} // var, local, a type of resource …
	kinds := map[string]map[string]map[string]cty.Value{}
	modules := map[string]map[string]bool{} // outputs that are asked for; "" is all
	put := func(group, name string, value cty.Value) {
		if groups[group] == nil {
			groups[group] = map[string]cty.Value{}
		}
		groups[group][name] = value
		if m != nil {
			known := m.memo[group+"."+name]
			if known != nil {
				w.join(known.weight)
				return
			}
		}
		w.add(value)
	}
	for _, t := range e.anatomy(x).refers {
		root, first := t.RootName(), step(t, 1)
		if value, ok := scope[root]; ok {
			names[root] = value
			w.add(value)
			continue
		}
		if m == nil {
			names[root] = cty.DynamicVal
			continue
		}
		switch root {
		case "var", "local", "module", "data", "ephemeral":
			if first == "" { // var[...]: nothing that Terraform has
				names[root] = cty.DynamicVal
				continue
			}
		}
		switch root {
		case "var":
			if d := m.variables[first]; d != nil {
				put(root, first, e.variable(m, d))
			} else {
				put(root, first, cty.DynamicVal)
			}
		case "local":
			if a := m.locals[first]; a != nil {
				put(root, first, e.local(m, a))
			} else {
				put(root, first, cty.DynamicVal)
			}
		case "module":
			if modules[first] == nil {
				modules[first] = map[string]bool{}
			}
			modules[first][step(t, 2)] = true
		case "data", "ephemeral":
			if kinds[root] == nil {
				kinds[root] = map[string]map[string]cty.Value{}
			}
			if kinds[root][first] == nil {
				kinds[root][first] = map[string]cty.Value{}
			}
			second := step(t, 2)
			kinds[root][first][second] = e.thing(m, root+"."+first+"."+second)
		case "path":
			names[root] = cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(m.dir), "root": cty.StringVal(e.root.Dir), "cwd": cty.UnknownVal(cty.String)})
		case "terraform":
			names[root] = cty.ObjectVal(map[string]cty.Value{"workspace": cty.UnknownVal(cty.String), "applying": cty.UnknownVal(cty.Bool)})
		default:
			if first == "" {
				names[root] = cty.DynamicVal
				continue
			}
			put(root, first, e.thing(m, root+"."+first))
		}
	}
	for name, outputs := range modules {
		put("module", name, e.module(m, m.calls[name], outputs))
	}
	for root, types := range kinds {
		for kind, things := range types {
			put(root, kind, cty.ObjectVal(things))
		}
	}
	for group, values := range groups {
		names[group] = cty.ObjectVal(values)
	}
	return names, w
}

// thing is what a reference to a resource gives.
func (e *evaluator) thing(m *instance, address string) cty.Value {
	d := m.resources[address]
	if d == nil || d.schema == nil {
		return cty.DynamicVal
	}
	return e.once(m, address, d.block.DefRange(), func() cty.Value {
		kind := d.schema.Object()
		one := func(suffix string) cty.Value {
			if e.named {
				return named(kind, m.address+address+suffix, 0)
			}
			return cty.UnknownVal(kind)
		}
		how := repeated(d.block.Body)
		if how == "" {
			return one("")
		}
		reps := e.repetitions(m, d.block.Body, nil, address, false)
		list, byKey := []cty.Value{}, map[string]cty.Value{}
		for _, rep := range reps {
			switch {
			case rep.suffix == "[*]" && how == "count":
				return cty.UnknownVal(cty.List(kind))
			case rep.suffix == "[*]":
				return cty.UnknownVal(cty.Map(kind))
			case how == "count":
				list = append(list, one(rep.suffix))
			default:
				byKey[rep.key] = one(rep.suffix)
			}
		}
		if how == "count" {
			return cty.TupleVal(list)
		}
		return cty.ObjectVal(byKey)
	})
}

// named is a value of a type in which texts are the name of where they come from; what is no text is unknown.
func named(kind cty.Type, address string, depth int) cty.Value {
	const deepest = 8 // aws_eks_cluster's identity[0].oidc[0].issuer is 5
	switch {
	case kind == cty.String:
		return cty.StringVal("${" + address + "}")
	case depth >= deepest:
	case kind.IsObjectType():
		attributes := map[string]cty.Value{}
		for name, inner := range kind.AttributeTypes() {
			attributes[name] = named(inner, address+"."+name, depth+1)
		}
		return cty.ObjectVal(attributes)
	case kind.IsListType():
		return cty.ListVal([]cty.Value{named(kind.ElementType(), address+"[0]", depth+1)})
	case kind.IsSetType() && kind.ElementType() == cty.String:
		return cty.SetVal([]cty.Value{cty.StringVal("${" + address + "[*]}")})
	}
	return cty.UnknownVal(kind)
}

// repetition is one of what count or for_each makes.
type repetition struct {
	suffix string // "", [0], ["key"], or [*] for an unknown number
	key    string
	scope  map[string]cty.Value // the outer one with each or count
}

// repetitions are what the count or for_each of a block makes of it. lists tells that for_each may be one: of a dynamic block it may.
func (e *evaluator) repetitions(m *instance, b *hclsyntax.Body, outer map[string]cty.Value, subject string, lists bool) []repetition {
	how := repeated(b)
	with := func(suffix, key string, value cty.Value) repetition {
		scope := map[string]cty.Value{how: value}
		for name, value := range outer {
			if name != how {
				scope[name] = value
			}
		}
		return repetition{suffix, key, scope}
	}
	switch how {
	case "count":
		a := b.Attributes["count"]
		unknown := []repetition{with("[*]", "", cty.ObjectVal(map[string]cty.Value{"index": cty.UnknownVal(cty.Number)}))}
		n, err := convert.Convert(e.expression(m, a.Expr, outer, subject), cty.Number)
		if err != nil || n.IsKnown() && n.IsNull() {
			e.wrong(WrongValue, a.SrcRange, subject, "count is not a number")
			return unknown
		}
		if !n.IsKnown() || !e.few(a, subject, n) {
			return unknown
		}
		var reps []repetition
		count, _ := n.AsBigFloat().Int64()
		for i := range count {
			reps = append(reps, with(fmt.Sprintf("[%d]", i), "", cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(i)})))
		}
		return reps
	case "each":
		a := b.Attributes["for_each"]
		unknown := []repetition{with("[*]", "", cty.ObjectVal(map[string]cty.Value{"key": cty.UnknownVal(cty.String), "value": cty.DynamicVal}))}
		of := e.expression(m, a.Expr, outer, subject)
		kind := of.Type()
		if kind != cty.DynamicPseudoType && !kind.IsMapType() && !kind.IsObjectType() && !kind.IsSetType() && !(lists && (kind.IsListType() || kind.IsTupleType())) {
			e.wrong(WrongValue, a.SrcRange, subject, "for_each takes a map or a set of strings, and gets %s", kind.FriendlyName())
			return unknown
		}
		if !of.IsKnown() || of.IsNull() || kind == cty.DynamicPseudoType || !e.few(a, subject, of.Length()) {
			return unknown
		}
		var reps []repetition
		for it := of.ElementIterator(); it.Next(); {
			key, value := it.Element()
			if kind.IsSetType() {
				key = value
			}
			text, ok := Value{value: key}.Text()
			if !ok {
				return unknown
			}
			reps = append(reps, with(fmt.Sprintf("[%q]", text), text, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})))
		}
		return reps
	}
	return []repetition{{scope: outer}}
}

// few is false for more than there may be of one block.
func (e *evaluator) few(a *hclsyntax.Attribute, subject string, n cty.Value) bool {
	if !n.IsKnown() {
		return false
	}
	if n.GreaterThan(cty.NumberIntVal(maxRepeated)).True() {
		file, line := at(a.SrcRange)
		e.unchecked(file, line, subject, fmt.Sprintf("there are more than %d of it: they are looked at as one", maxRepeated))
		return false
	}
	return true
}

// called are the modules that a call makes; none for one whose files are not in the tree.
func (e *evaluator) called(m *instance, c *call) []*instance {
	if known, ok := m.children[c.name]; ok {
		return known
	}
	if c.child == nil {
		return nil
	}
	m.children[c.name] = nil // while for_each is worked out: a cycle ends here
	var children []*instance
	for _, rep := range e.repetitions(m, c.block.Body, nil, c.address(), false) {
		if !e.room(c.block) {
			return nil
		}
		children = append(children, &instance{c.child, m, c, m.address + c.address() + rep.suffix + ".", rep.scope, map[string]*worked{}, map[string][]*instance{}})
	}
	m.children[c.name] = children
	return children
}

// module is what a reference to a module gives, with the outputs that are asked for; "" is all.
func (e *evaluator) module(m *instance, c *call, asked map[string]bool) cty.Value {
	if c == nil || c.child == nil {
		return cty.DynamicVal
	}
	how := repeated(c.block.Body)
	all := asked[""] || how != ""
	byKey, list := map[string]cty.Value{}, []cty.Value{}
	children := e.called(m, c)
	for _, child := range children {
		outputs := map[string]cty.Value{}
		for _, o := range sorted(child.outputs) {
			if all || asked[o.name] {
				outputs[o.name] = e.output(child, o)
			}
		}
		for name := range asked {
			if name != "" && child.outputs[name] == nil && how == "" {
				outputs[name] = cty.DynamicVal // the check of references has said so
			}
		}
		value := cty.ObjectVal(outputs)
		switch each, ok := child.scope[how]; {
		case how == "":
			return value
		case !ok:
			return cty.DynamicVal
		case how == "count":
			if !each.GetAttr("index").IsKnown() {
				return cty.DynamicVal
			}
			list = append(list, value)
		default:
			key, known := Value{value: each.GetAttr("key")}.Text()
			if !known {
				return cty.DynamicVal
			}
			byKey[key] = value
		}
	}
	switch {
	case len(children) == 0 && how == "":
		return cty.DynamicVal
	case how == "count":
		return cty.TupleVal(list)
	}
	return cty.ObjectVal(byKey)
}
