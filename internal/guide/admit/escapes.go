package admit

import (
	"fmt"
	"maps"
	"slices"

	celgo "github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// matchEscapes are what in a match leaves out pods by what whoever makes them chooses: labels and names.
func matchEscapes(of string, m *admissionregistrationv1.MatchResources) (all []string) {
	if chooses(m.ObjectSelector) {
		all = append(all, of+".objectSelector leaves out pods by their labels: leave it out")
	}
	if len(m.ExcludeResourceRules) > 0 {
		all = append(all, of+".excludeResourceRules leave out what they name: leave them out")
	}
	return all
}

func chooses(s *metav1.LabelSelector) bool {
	return s != nil && len(s.MatchLabels)+len(s.MatchExpressions) > 0
}

// theVariables hold what a policy names itself.
const theVariables = "variables"

// add adds what is not there yet.
func (n *Literals) add(more Literals) {
	for _, text := range more.Texts {
		if !slices.Contains(n.Texts, text) {
			n.Texts = append(n.Texts, text)
		}
	}
	for _, number := range more.Numbers {
		if !slices.Contains(n.Numbers, number) {
			n.Numbers = append(n.Numbers, number)
		}
	}
}

// expressionEscapes are what expressions ask for beside the fields that they may be about: the names, labels and annotations of a pod, who makes it, and whatever
// else it could be told apart by; and the values that they name.
func expressionEscapes(env *celgo.Env, texts []string, fields []string) (all []string, literals Literals, err error) {
	beside := map[string]bool{}
	for _, text := range texts {
		parsed, issues := env.Parse(text)
		if issues.Err() != nil {
			return nil, literals, issues.Err()
		}
		asked(parsed.NativeRep().Expr(), fields, beside)
		literals.add(values(parsed.NativeRep().Expr()))
	}
	for _, what := range slices.Sorted(maps.Keys(beside)) {
		all = append(all, fmt.Sprintf("an expression asks for %s, which whoever makes a pod chooses: leave it out", what))
	}
	return all, literals, nil
}

// values are those that an expression names.
func values(e ast.Expr) (n Literals) {
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.LiteralKind {
			return
		}
		switch v := e.AsLiteral().Value().(type) {
		case string:
			n.add(Literals{Texts: []string{v}})
		case int64:
			n.add(Literals{Numbers: []int64{v}})
		}
	}))
	return n
}

// asked puts into beside what an expression asks for and may not.
func asked(e ast.Expr, fields []string, beside map[string]bool) {
	field := func(name string) {
		if !slices.Contains(fields, name) {
			beside["."+name] = true
		}
	}
	key := func(e ast.Expr) {
		switch {
		case e.Kind() != ast.LiteralKind:
			beside["a field by a name that is computed"] = true
		case e.AsLiteral().Type() == types.StringType:
			field(fmt.Sprint(e.AsLiteral().Value()))
		default:
			beside[fmt.Sprintf("[%v]", e.AsLiteral().Value())] = true // one container, and not the next one
		}
	}
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if of := e.AsSelect().Operand(); of.Kind() != ast.IdentKind || of.AsIdent() != theVariables {
				field(e.AsSelect().FieldName())
			}
		case ast.CallKind:
			call := e.AsCall()
			switch call.FunctionName() {
			case overloads.Size:
				beside["how many there are"] = true
			case operators.OptSelect, operators.Index, operators.OptIndex:
				if len(call.Args()) == 2 {
					key(call.Args()[1])
				}
			}
		case ast.IdentKind:
			switch name := e.AsIdent(); name {
			case "oldObject", "request", "namespaceObject", "params", "authorizer":
				beside[name] = true
			}
		}
	}))
}
