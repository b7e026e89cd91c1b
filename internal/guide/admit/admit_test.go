package admit

import (
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const policy = `
metadata: {name: roots}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ours}}
    resourceRules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE, UPDATE]
        resources: [pods, pods/ephemeralcontainers]
  variables:
    - {name: all, expression: "object.spec.containers + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])"}
  validations:
    - {expression: "variables.all.all(c, c.?securityContext.?readOnlyRootFilesystem.orValue(false))", message: "make it read-only"}
    - {expression: "variables.all.all(c, c.image.contains('@sha256:'))"}
`

const binding = `
metadata: {name: bind}
spec: {policyName: roots, validationActions: [Deny, Audit]}
`

func fields() []string {
	return []string{"spec", "containers", "initContainers", "ephemeralContainers", "securityContext", "readOnlyRootFilesystem", "image"}
}

func made(t testing.TB, policy, binding string) *Policies {
	t.Helper()
	var p admissionregistrationv1.ValidatingAdmissionPolicy
	var b admissionregistrationv1.ValidatingAdmissionPolicyBinding
	for text, into := range map[string]any{policy: &p, binding: &b} {
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	all, err := New(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ours", Labels: map[string]string{"tier": "1"}}}, []admissionregistrationv1.ValidatingAdmissionPolicy{p},
		[]admissionregistrationv1.ValidatingAdmissionPolicyBinding{b}, fields())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const digest = "x@sha256:0"

func pod(image string, readOnly bool) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "a", Image: image, SecurityContext: &corev1.SecurityContext{ReadOnlyRootFilesystem: &readOnly}}}}}
}

func ephemeral() *corev1.Pod {
	p := pod(digest, true)
	p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "e", Image: digest}}}
	return p
}

func TestRefuse(t *testing.T) {
	good := pod(digest, true)
	for name, c := range map[string]struct {
		request Request
		want    string // by which policy, and why; empty: by none
	}{
		"a good one":          {Request{Pod: good}, ""},
		"a writable root":     {Request{Pod: pod(digest, false)}, "roots bind make it read-only"},
		"an image by its tag": {Request{Pod: pod("x:1", true)}, "roots bind failed expression: variables.all.all(c, c.image.contains('@sha256:'))"},
		"nothing said":        {Request{Pod: &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: digest}}}}}, "roots bind make it read-only"},
		"changed to a good":   {Request{Pod: good, Old: good}, ""},
		"changed to a tag":    {Request{Pod: pod("x:1", true), Old: good}, "roots bind failed expression: variables.all.all(c, c.image.contains('@sha256:'))"},
		"one to debug it":     {Request{Pod: ephemeral(), Old: good, Subresource: "ephemeralcontainers"}, "roots bind make it read-only"},
		"another subresource": {Request{Pod: pod(digest, false), Old: good, Subresource: "status"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := made(t, policy, binding).Refuse(t.Context(), c.request)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range all {
				got += r.Policy + " " + r.Binding + " " + r.Reason
				if len(r.Escapes) > 0 {
					t.Errorf("it can be got round: %v", r.Escapes)
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := made(t, policy, binding).Refuse(t.Context(), Request{}); err == nil {
		t.Error("no pod is an answer")
	}
}

// What takes the teeth out of a policy is seen: that it does nothing, or how it can be got round.
func TestWeakened(t *testing.T) {
	const nothing = "refuses nothing"
	const constraints = "    namespaceSelector:"
	for name, c := range map[string]struct{ in, old, new, want string }{
		"warned of only":            {binding, "[Deny, Audit]", "[Warn, Audit]", "refuses nothing: it has [Warn Audit] and no Deny"},
		"another is bound":          {binding, "policyName: roots", "policyName: root", "nothing binds it"},
		"by parameters":             {policy, "  failurePolicy: Fail\n", "  paramKind: {apiVersion: v1, kind: ConfigMap}\n", "parameters"},
		"not an expression":         {policy, "c.image.contains(", "c.image.containing(", "cannot be evaluated"},
		"not a truth":               {policy, "c.image.contains('@sha256:'))\"", "c.image.contains('@sha256:')) ? 1 : 2\"", "must evaluate to bool"},
		"a broken variable":         {policy, "object.spec.containers +", "object..containers +", "variable all"},
		"asks who may what":         {policy, "message: \"make it read-only\"", "message: x}\n    - {expression: \"authorizer.path('/').check('get').allowed()\"", "undeclared reference to 'authorizer'"},
		"about nothing":             {policy, "    resourceRules:\n      - apiGroups: [\"\"]\n        apiVersions: [v1]\n        operations: [CREATE, UPDATE]\n        resources: [pods, pods/ephemeralcontainers]\n", "", "about nothing"},
		"always true":               {policy, ".orValue(false))\"", ".orValue(false)) || true\"", nothing},
		"of another namespace":      {policy, "metadata.name: ours", "metadata.name: others", nothing},
		"of pods of a name":         {policy, "resources: [pods, pods/ephemeralcontainers]", "resources: [pods]\n        resourceNames: [a]", nothing},
		"of other resources":        {policy, "resources: [pods, pods/ephemeralcontainers]", "resources: [services]", nothing},
		"of changes":                {policy, "operations: [CREATE, UPDATE]", "operations: [UPDATE]", nothing},
		"pods left out":             {policy, constraints, "    excludeResourceRules:\n      - {apiGroups: [\"\"], apiVersions: [v1], operations: [\"*\"], resources: [pods]}\n" + constraints, nothing},
		"bound elsewhere":           {binding, "policyName: roots", "policyName: roots, matchResources: {namespaceSelector: {matchLabels: {tier: \"2\"}}}", nothing},
		"bound to labels":           {binding, "policyName: roots", "policyName: roots, matchResources: {objectSelector: {matchLabels: {checked: \"yes\"}}}", nothing},
		"a condition never holds":   {policy, "  variables:", "  matchConditions: [{name: always, expression: \"true\"}, {name: never, expression: \"false\"}]\n  variables:", nothing},
		"ignores what fails":        {policy, "failurePolicy: Fail", "failurePolicy: Ignore", "failurePolicy: Ignore"},
		"a condition":               {policy, "  variables:", "  matchConditions: [{name: most, expression: \"!has(object.metadata.labels)\"}]\n  variables:", "matchConditions"},
		"a condition that breaks":   {policy, "  variables:", "  matchConditions: [{name: broken, expression: \"object.spec.nothing == 1\"}]\n  variables:", "matchConditions"},
		"unless labelled":           {policy, constraints, "    objectSelector: {matchExpressions: [{key: skip, operator: DoesNotExist}]}\n" + constraints, "objectSelector"},
		"bound unless labelled":     {binding, "policyName: roots", "policyName: roots, matchResources: {objectSelector: {matchExpressions: [{key: skip, operator: DoesNotExist}]}}", "binding bind.objectSelector"},
		"but for one name":          {policy, constraints, "    excludeResourceRules:\n      - {apiGroups: [\"\"], apiVersions: [v1], operations: [\"*\"], resources: [pods], resourceNames: [debug]}\n" + constraints, "excludeResourceRules"},
		"unless it is called so":    {policy, "c, c.?sec", "c, c.name == 'debug' || c.?sec", "an expression asks for .name,"},
		"unless annotated":          {policy, ".orValue(false))\"", ".orValue(false)) || object.metadata.?annotations.?skip.hasValue()\"", "asks for .metadata,"},
		"unless annotated, by keys": {policy, ".orValue(false))\"", ".orValue(false)) || object['metadata'][?'annotations'].hasValue()\"", "asks for .metadata,"},
		"by a key that is computed": {policy, ".orValue(false))\"", ".orValue(false)) || 'x' in object['meta' + 'data']\"", "by a name that is computed"},
		"the first container alone": {policy, "variables.all.all(c, c.?securityContext.", "[variables.all[0]].all(c, c.?securityContext.", "asks for [0],"},
		"unless there are many":     {policy, ".orValue(false))\"", ".orValue(false)) || variables.all.size() > 9\"", "how many there are"},
		"unless one is trusted":     {policy, ".orValue(false))\"", ".orValue(false)) || request.userInfo.username == 'me'\"", "asks for request,"},
	} {
		t.Run(name, func(t *testing.T) {
			texts := map[string]string{policy: policy, binding: binding}
			if strings.Count(c.in, c.old) != 1 {
				t.Fatalf("%q stands there %d times", c.old, strings.Count(c.in, c.old))
			}
			texts[c.in] = strings.Replace(c.in, c.old, c.new, 1)
			p := made(t, texts[policy], texts[binding])
			all, err := p.Refuse(t.Context(), Request{Pod: pod(digest, false)})
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(p.Unusable())
			switch {
			case len(all) == 0 && len(p.Unusable()) == 0:
				got = nothing
			case len(all) > 0:
				got = strings.Join(all[0].Escapes, "; ")
			}
			if !strings.Contains(got, c.want) || len(all) > 0 && len(all[0].Escapes) == 0 {
				t.Errorf("%v, %v; want %q", p.Unusable(), all, c.want)
			}
		})
	}
}

// What a policy could make an exception of is told.
func TestLiterals(t *testing.T) {
	text := strings.Replace(policy, "c.image.contains('@sha256:')", "c.image.contains('@sha256:') || c.image == 'debug' && c.?securityContext.?runAsUser == optional.of(7) || c.image in ['debug', 'x']", 1)
	if got := fmt.Sprint(made(t, text, binding).Literals()); got != "{[initContainers ephemeralContainers securityContext readOnlyRootFilesystem @sha256: debug runAsUser x] [7]}" {
		t.Errorf("got %s", got)
	}
}

func TestBounds(t *testing.T) {
	many := make([]admissionregistrationv1.ValidatingAdmissionPolicy, maxPolicies+1)
	if _, err := New(&corev1.Namespace{}, many, nil, nil); err == nil {
		t.Error("any number of policies is compiled")
	}
	long := strings.Replace(policy, "  validations:\n", "  validations:\n"+strings.Repeat("    - {expression: \"true\"}\n", maxExpressions), 1)
	if got := made(t, long, binding).Unusable(); len(got) != 1 || !strings.Contains(got[0], "expressions") {
		t.Errorf("got %v", got)
	}
	// What takes without end the API server breaks off, and so is that here: it is refused for want of an answer.
	list := "[" + strings.Repeat("1,", 200) + "1]"
	endless := strings.Replace(policy, "{expression: \"variables.all.all(c, c.image", "{expression: \""+strings.Repeat(list+".all(x, ", 4)+"true))))\"}\n    - {expression: \"variables.all.all(c, c.image", 1)
	all, err := made(t, endless, binding).Refuse(t.Context(), Request{Pod: pod(digest, true)})
	if err != nil || len(all) != 1 || !strings.Contains(all[0].Reason, "could not be evaluated") {
		t.Errorf("%v, %v", all, err)
	}
}

// Whatever an expression of somebody's tree says, it ends, and breaks nothing.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{"true", "object.spec.containers.all(c, c.image.matches('^[^@]+@sha256:[0-9a-f]{64}$'))", "variables.all[0].?image.orValue('') == ''", "has(object.spec)", "{'a': [1]}['a'][0] == 1", "quantity('1Gi').isGreaterThan(quantity('1Mi'))"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
		if err := yaml.Unmarshal([]byte(policy), &p); err != nil {
			t.Fatal(err)
		}
		p.Name, p.Spec.Validations = "p", []admissionregistrationv1.Validation{{Expression: text}}
		b := admissionregistrationv1.ValidatingAdmissionPolicyBinding{Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "p", ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}}}
		all, err := New(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ours"}}, []admissionregistrationv1.ValidatingAdmissionPolicy{p}, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{b}, fields())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all.Refuse(t.Context(), Request{Pod: pod(digest, true)}); err != nil {
			t.Error(err)
		}
	})
}
