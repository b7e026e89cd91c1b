package admit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	celgo "github.com/google/cel-go/cel"
	celtypes "github.com/google/cel-go/common/types"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// The bounds of what is compiled: an overlay of anybody's may have any number.
const (
	maxPolicies    = 200
	maxBindings    = 400
	maxExpressions = 100 // of one policy
	maxLiterals    = 100 // of all policies: whoever tries to get round them tries each
)

// Policies are admission policies as their bindings have them enforced in one namespace.
type Policies struct {
	namespace *corev1.Namespace
	bound     []bound
	unusable  []string
	literals  Literals
}

// Literals are the values that stand in the policies' expressions: what a policy makes an exception of is among them.
type Literals struct {
	Texts   []string
	Numbers []int64
}

// Literals are the values that the policies name, each once.
func (p *Policies) Literals() Literals { return p.literals }

// bound is a policy as one of its bindings has it enforced: it refuses what it is about and does not hold of.
type bound struct {
	policy, binding string
	matches         []*admissionregistrationv1.MatchResources // the policy's, and the binding's if it says anything
	conditions      cel.ConditionEvaluator                    // nil: whatever matches
	validations     cel.ConditionEvaluator
	messages        []string // of the validations, in their order
	ignores         bool     // what it cannot evaluate it lets pass
	escapes         []string
	literals        Literals
}

// New compiles the policies that are bound, for a namespace with its labels. The error says that there are more than can be looked at; what is wrong with one policy
// is among Unusable.
//
// fields are those of a pod that a policy may be about (Policies.Refuse: Refusal.Escapes).
func New(namespace *corev1.Namespace, policies []admissionregistrationv1.ValidatingAdmissionPolicy, bindings []admissionregistrationv1.ValidatingAdmissionPolicyBinding, fields []string) (*Policies, error) {
	if len(policies) > maxPolicies || len(bindings) > maxBindings {
		return nil, fmt.Errorf("compile %d admission policies with %d bindings: more than %d with %d are not looked at: leave out what is not the platform's", len(policies), len(bindings), maxPolicies, maxBindings)
	}
	p := &Policies{namespace: labelled(namespace)}
	unusable := func(policy string, format string, args ...any) {
		p.unusable = append(p.unusable, "ValidatingAdmissionPolicy "+policy+": "+fmt.Sprintf(format, args...))
	}
	for _, policy := range policies {
		own := slices.DeleteFunc(slices.Clone(bindings), func(b admissionregistrationv1.ValidatingAdmissionPolicyBinding) bool {
			return b.Spec.PolicyName != policy.Name
		})
		if len(own) == 0 {
			unusable(policy.Name, "nothing binds it, so it does nothing")
			continue
		}
		if policy.Spec.ParamKind != nil {
			unusable(policy.Name, "it goes by parameters, which stand elsewhere")
			continue
		}
		compiled, err := compile(policy, fields)
		if err != nil {
			unusable(policy.Name, "%v", err)
			continue
		}
		for _, b := range own {
			if !slices.Contains(b.Spec.ValidationActions, admissionregistrationv1.Deny) {
				unusable(policy.Name, "its binding %s refuses nothing: it has %v and no Deny", b.Name, b.Spec.ValidationActions)
				continue
			}
			one := compiled
			one.binding = b.Name
			if b.Spec.MatchResources != nil {
				one.matches = append(slices.Clone(one.matches), b.Spec.MatchResources)
				one.escapes = append(slices.Clone(one.escapes), matchEscapes("binding "+b.Name, b.Spec.MatchResources)...)
			}
			p.bound = append(p.bound, one)
			p.literals.add(one.literals)
		}
	}
	if n := len(p.literals.Texts) + len(p.literals.Numbers); n > maxLiterals {
		return nil, fmt.Errorf("the admission policies name %d values, more than %d, each of which could be an exception: say it by a pattern, or in policies of fewer words", n, maxLiterals)
	}
	return p, nil
}

// Unusable are the policies and bindings that refuse nothing, or of which it cannot be told here, each with the reason.
func (p *Policies) Unusable() []string { return slices.Clone(p.unusable) }

// labelled is a copy of the namespace with the label that the API server gives each.
func labelled(n *corev1.Namespace) *corev1.Namespace {
	n = n.DeepCopy()
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	n.Labels[corev1.LabelMetadataName] = n.Name
	return n
}

// expression is one of a policy's, of the type that it must have.
type expression struct {
	name, text string
	types      []*celgo.Type
}

func (e expression) GetExpression() string      { return e.text }
func (e expression) GetName() string            { return e.name }
func (e expression) ReturnTypes() []*celgo.Type { return e.types }

// compile makes a policy ready, as the API server does when it is applied.
func compile(policy admissionregistrationv1.ValidatingAdmissionPolicy, fields []string) (b bound, err error) {
	spec := policy.Spec
	if n := len(spec.Variables) + len(spec.MatchConditions) + len(spec.Validations); n > maxExpressions {
		return b, fmt.Errorf("it has %d expressions, more than %d", n, maxExpressions)
	}
	if spec.MatchConstraints == nil || len(spec.MatchConstraints.ResourceRules) == 0 || len(spec.Validations) == 0 {
		return b, errors.New("it is about nothing, or says nothing: the API server does not take it")
	}
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return b, err
	}
	b = bound{policy: policy.Name, matches: []*admissionregistrationv1.MatchResources{spec.MatchConstraints}}
	b.ignores = spec.FailurePolicy != nil && *spec.FailurePolicy == admissionregistrationv1.Ignore
	var errs []error
	var texts []string
	truth := []*celgo.Type{celgo.BoolType}
	for _, v := range spec.Variables {
		texts = append(texts, v.Expression)
		r := compiler.CompileAndStoreVariable(expression{v.Name, v.Expression, []*celgo.Type{celgo.AnyType, celgo.DynType}}, cel.OptionalVariableDeclarations{}, environment.StoredExpressions)
		if r.Error != nil {
			errs = append(errs, fmt.Errorf("variable %s: %w", v.Name, r.Error))
		}
	}
	var conditions, validations []cel.ExpressionAccessor
	for _, c := range spec.MatchConditions {
		conditions = append(conditions, expression{c.Name, c.Expression, truth})
	}
	for _, v := range spec.Validations {
		texts = append(texts, v.Expression)
		validations = append(validations, expression{"", v.Expression, truth})
		b.messages = append(b.messages, strings.TrimSpace(v.Message))
	}
	b.validations = compiler.CompileCondition(validations, cel.OptionalVariableDeclarations{}, environment.StoredExpressions)
	errs = append(errs, b.validations.CompilationErrors()...)
	if len(conditions) > 0 {
		b.conditions = compiler.CompileCondition(conditions, cel.OptionalVariableDeclarations{}, environment.StoredExpressions)
		errs = append(errs, b.conditions.CompilationErrors()...)
	}
	if err := errors.Join(errs...); err != nil {
		return b, fmt.Errorf("it cannot be evaluated: %w", err)
	}
	env, err := compiler.Env(environment.StoredExpressions)
	if err != nil {
		return b, err
	}
	if b.ignores {
		b.escapes = append(b.escapes, "failurePolicy: Ignore lets pass what it cannot be evaluated for: write Fail")
	}
	if len(spec.MatchConditions) > 0 {
		b.escapes = append(b.escapes, "matchConditions leave out what they say: leave them out")
	}
	b.escapes = append(b.escapes, matchEscapes("matchConstraints", spec.MatchConstraints)...)
	beside, literals, err := expressionEscapes(env, texts, fields)
	b.escapes, b.literals = append(b.escapes, beside...), literals
	return b, err
}

// refuses tells whether it does, and in which words; a refusal for want of an answer counts.
func (b bound) refuses(ctx context.Context, r attributes) (reason string, refused bool, err error) {
	for _, m := range b.matches {
		about, err := r.match(m)
		if err != nil || !about {
			return "", false, err
		}
	}
	budget := int64(celconfig.RuntimeCELCostBudget)
	if b.conditions != nil {
		results, _, err := b.conditions.ForInput(ctx, r.versioned, r.request(), cel.OptionalVariableBindings{}, r.namespace, celconfig.RuntimeCELCostBudgetMatchConditions)
		if err != nil {
			return "no condition could be evaluated: " + err.Error(), !b.ignores, nil
		}
		var wrong error
		for _, one := range results {
			if one.EvalResult == celtypes.False {
				return "", false, nil
			}
			wrong = errors.Join(wrong, one.Error)
		}
		if wrong != nil {
			return "a condition could not be evaluated: " + wrong.Error(), !b.ignores, nil
		}
	}
	results, _, err := b.validations.ForInput(ctx, r.versioned, r.request(), cel.OptionalVariableBindings{}, cel.CreateNamespaceObject(r.namespace), budget)
	if err != nil {
		if ctx.Err() != nil {
			return "", false, ctx.Err()
		}
		return "it could not be evaluated: " + err.Error(), !b.ignores, nil
	}
	for i, one := range results {
		switch {
		case one.Error != nil && !b.ignores:
			return "it could not be evaluated: " + one.Error.Error(), true, nil
		case one.Error == nil && one.EvalResult != celtypes.True:
			if b.messages[i] == "" {
				return "failed expression: " + strings.TrimSpace(one.ExpressionAccessor.GetExpression()), true, nil
			}
			return b.messages[i], true, nil
		}
	}
	return "", false, nil
}
