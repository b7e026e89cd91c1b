package terraform

import (
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// weight is of the values that an expression refers to: how large they are, how many elements or characters the longest of them has, and how often
// something is referred to.
type weight struct{ size, longest, text, references int }

func (w *weight) add(v cty.Value) {
	w.references++
	w.size += size(v, maxReferred+1)
	_ = cty.Walk(v, func(_ cty.Path, inner cty.Value) (bool, error) {
		switch {
		case !inner.IsKnown() || inner.IsNull():
		case inner.Type() == cty.String:
			w.text = max(w.text, len(inner.AsString()))
		case inner.CanIterateElements():
			w.longest = max(w.longest, inner.LengthInt())
		}
		return true, nil
	})
}

// join adds what something else weighs.
func (w *weight) join(of weight) {
	w.size = min(w.size+of.size, maxReferred+1)
	w.longest, w.text, w.references = max(w.longest, of.longest), max(w.text, of.text), w.references+of.references
}

// cost is at most how many steps an expression of a shape takes: what it is made of, for each turn of its loops within loops. A list that is looped
// over is one that is referred to or several of them, or is written in the expression, or is made of a text.
func (w *weight) cost(s shaper) int {
	turns := w.longest*w.references + s.nodes
	if s.lists {
		turns += w.text * w.references
	}
	cost := s.nodes + w.size
	for range s.deepest {
		if cost *= turns; cost > maxExpression {
			break
		}
	}
	return cost
}

// shaper is what an expression is made of: how many parts, how deep its loops are within each other, and whether it makes lists of texts.
type shaper struct {
	nodes, loops, deepest int
	lists                 bool
}

// anatomy is what an expression refers to and is made of. It is found once, however many modules and variants work the expression out.
type anatomy struct {
	refers []hcl.Traversal
	shape  shaper
}

func (r *reader) anatomy(x hclsyntax.Expression) *anatomy {
	known := r.anatomies[x]
	if known == nil {
		known = &anatomy{refers: x.Variables()}
		_ = hclsyntax.Walk(x, &known.shape)
		r.anatomies[x] = known
	}
	return known
}

func loop(n hclsyntax.Node) bool {
	switch n.(type) {
	case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
		return true
	}
	return false
}

// Enter is hclsyntax.Walker's.
func (s *shaper) Enter(n hclsyntax.Node) hcl.Diagnostics {
	s.nodes++
	if f, ok := n.(*hclsyntax.FunctionCallExpr); ok {
		s.lists = s.lists || slices.Contains([]string{"split", "regexall", "jsondecode"}, f.Name)
	}
	if loop(n) {
		s.loops++
		s.deepest = max(s.deepest, s.loops)
	}
	return nil
}

// Exit is hclsyntax.Walker's.
func (s *shaper) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if loop(n) {
		s.loops--
	}
	return nil
}

var errEnough = errors.New("enough")

// size is how large a value is, or limit if it is larger.
func size(v cty.Value, limit int) int {
	n := 0
	_ = cty.Walk(v, func(_ cty.Path, inner cty.Value) (bool, error) {
		n++
		if inner.Type() == cty.String && inner.IsKnown() && !inner.IsNull() {
			n += len(inner.AsString()) / 16
		}
		if n >= limit {
			n = limit
			return false, errEnough
		}
		return true, nil
	})
	return n
}
