package pods

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/admit"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// letIn are the violations that an overlay lets in on purpose, each with the reason.
func letIn(overlay string) map[string]string {
	if overlay == "k8s/overlays/dev" {
		return map[string]string{byItsTag: "which is let in here, and warned of: developers try what they have built a minute ago"}
	}
	return nil
}

// gateOf is the namespace, the policies and what binds them, as they stand in JSON.
type gateOf string

// policies are those of a set, as they are enforced in the platform's namespace; of the same ones it gives the same.
func policies(m memory, set *kube.Set) (*admit.Policies, error) {
	namespace := &corev1.Namespace{}
	namespace.Name = deployment.NamespaceOf(set)
	for _, n := range set.Namespaces() {
		if n.Name == namespace.Name {
			namespace = n.Value
		}
	}
	var all []admissionregistrationv1.ValidatingAdmissionPolicy
	for _, p := range set.AdmissionPolicies() {
		all = append(all, *p.Value)
	}
	var bindings []admissionregistrationv1.ValidatingAdmissionPolicyBinding
	for _, b := range set.AdmissionBindings() {
		bindings = append(bindings, *b.Value)
	}
	text, err := json.Marshal([]any{namespace, all, bindings})
	if err != nil {
		return nil, fmt.Errorf("compare policies of admission: %w", err)
	}
	return remember(m, gateOf(text), func() (*admit.Policies, error) { return admit.New(namespace, all, bindings, asked()) })
}

// judgePolicies asks what the API server would make of the pods that the overlay's workloads make next, and of one that is wrong in each way. Of that one it is
// presumed that the namespace enforces restricted: whether it does, the namespace is judged by.
func judgePolicies(ctx context.Context, m memory, o deployment.Overlay) (subjects []guide.Subject, findings []guide.Finding, err error) {
	p, err := policies(m, o.Set)
	if err != nil {
		return nil, nil, err
	}
	workloads := deployment.Workloads(o.Set)
	var good *asking
	if len(workloads) == 0 {
		if good, err = newAsking(p, plain()); err != nil {
			return nil, nil, err
		}
	}
	for _, w := range workloads {
		next, err := newAsking(p, mended(w))
		if err != nil {
			return nil, nil, err
		}
		refusals, err := next.refusals(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range refusals {
			findings = append(findings, guide.Finding{Mode: "ours-refused", Subject: w.String(), Detail: fmt.Sprintf("ValidatingAdmissionPolicy %s refuses its next pod, though it is as the guide wants it: %s", r.Policy, r.Reason), At: deployment.At(w.Object)})
		}
		if len(refusals) == 0 && good == nil {
			good = next
		}
	}
	if good == nil {
		return nil, findings, nil // each is refused: what a wrong one was refused for would show nothing
	}
	tried, err := good.tries(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	more, bad := tried.told(o, p)
	return more, append(findings, bad...), nil
}

// tries are what became of every wrong pod: by violation, and in the order of violations.
type tries struct {
	order []string
	in    map[string][]string // where a violation comes in
	by    map[string][]string // who refuses it
	round map[string][]string // how a policy could be got round
}

// try holds every wrong pod against the standard and the policies.
func try(ctx context.Context, p *admit.Policies, good corev1.Pod) (*tries, error) {
	t := &tries{in: map[string][]string{}, by: map[string][]string{}, round: map[string][]string{}}
	for _, base := range append([]corev1.Pod{good}, called(good, p.Literals())...) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, w := range wrongs(base) {
			first := !slices.Contains(t.order, w.violation)
			if first {
				t.order = append(t.order, w.violation)
			}
			if !first && slices.Contains(t.by[w.violation], restrictedStandard) { // which asks for no names
				continue
			}
			who, escapes, err := refusedBy(ctx, p, w)
			switch {
			case err != nil:
				return nil, err
			case who == "":
				if !slices.Contains(t.in[w.violation], w.where) {
					t.in[w.violation] = append(t.in[w.violation], w.where)
				}
			case len(escapes) > 0:
				for _, e := range escapes {
					if !slices.Contains(t.round[who], e) {
						t.round[who] = append(t.round[who], e)
					}
				}
			case !slices.Contains(t.by[w.violation], who):
				t.by[w.violation] = append(t.by[w.violation], who)
			}
		}
	}
	return t, nil
}

// told is what is to be said of an overlay whose policies they were tried on.
func (t *tries) told(o deployment.Overlay, p *admit.Policies) (subjects []guide.Subject, findings []guide.Finding) {
	at := guide.Place{File: "k8s/base/admission-policy.yaml"}
	for _, name := range t.order {
		switch reason, let := letIn(o.Name)[name]; {
		case len(t.in[name]) > 0 && let:
			subjects = append(subjects, guide.Subject{Name: name, Evidence: reason, At: at})
		case len(t.in[name]) > 0:
			detail := "the API server would take such a pod"
			if places := strings.Join(t.in[name], ", "); places != "" {
				detail += " (" + places + ")"
			}
			detail += ": refuse it by a ValidatingAdmissionPolicy that is bound with Deny"
			if idle := p.Unusable(); len(idle) > 0 {
				detail += "; " + strings.Join(idle, "; ")
			}
			findings = append(findings, guide.Finding{Mode: "violation-admitted", Subject: name, Detail: detail, At: at})
		case len(t.by[name]) > 0:
			subjects = append(subjects, guide.Subject{Name: name, Evidence: "refused by " + strings.Join(t.by[name], ", "), At: at})
		}
	}
	return subjects, append(findings, gotRound(o.Set, t.round)...)
}

// called are pods like the good one whose images and users are what the policies name: an exception that one makes is found by what it is made of.
func called(good corev1.Pod, n admit.Literals) (all []corev1.Pod) {
	with := func(change func(*corev1.Pod)) {
		p := good.DeepCopy()
		change(p)
		all = append(all, *p)
	}
	for _, text := range n.Texts {
		if slices.Contains(asked(), text) { // the name of a field
			continue
		}
		for _, image := range []string{text, text + "x", "x" + text} {
			with(func(p *corev1.Pod) {
				for i := range p.Spec.Containers {
					p.Spec.Containers[i].Image = withDigest(image)
				}
			})
		}
	}
	for _, number := range n.Numbers {
		if number > 0 {
			with(func(p *corev1.Pod) {
				if p.Spec.SecurityContext == nil {
					p.Spec.SecurityContext = &corev1.PodSecurityContext{}
				}
				p.Spec.SecurityContext.RunAsUser = &number
			})
		}
	}
	return all
}

// gotRound are the findings of the policies that can be, by their names.
func gotRound(set *kube.Set, round map[string][]string) (findings []guide.Finding) {
	for _, policy := range set.AdmissionPolicies() {
		for _, how := range round[policy.String()] {
			findings = append(findings, guide.Finding{Mode: "policy-got-round", Subject: policy.String(), Detail: how, At: deployment.At(policy.Object)})
		}
	}
	return findings
}

// restrictedStandard is who refuses what the Pod Security Standard does.
const restrictedStandard = "the standard restricted"

// refusedBy is who refuses a wrong pod, empty if nobody does; of a policy, how it could be got round all the same, if each that refuses the pod could be.
func refusedBy(ctx context.Context, p *admit.Policies, w wrong) (who string, escapes []string, err error) {
	violations, err := kube.Restricted(kube.Workload{Pod: corev1.PodTemplateSpec{ObjectMeta: w.request.Pod.ObjectMeta, Spec: w.request.Pod.Spec}})
	if err != nil || len(violations) > 0 {
		return restrictedStandard, nil, err
	}
	all, err := p.Refuse(ctx, w.request)
	for i, r := range all {
		if i == 0 || len(r.Escapes) == 0 {
			who, escapes = "ValidatingAdmissionPolicy "+r.Policy, r.Escapes
		}
		if len(r.Escapes) == 0 {
			break
		}
	}
	return who, escapes, err
}

// mended is the next pod that a workload makes, as the guide wants it: what of it is not so, and by which a policy rightly refuses it, is found by what asks about that.
func mended(w kube.Workload) *corev1.Pod {
	yes, no := true, false
	p := &corev1.Pod{ObjectMeta: *w.Pod.ObjectMeta.DeepCopy(), Spec: *next(w)}
	p.Name = "audit-" + strings.ToLower(w.Kind) + "-" + w.Name
	p.Spec.AutomountServiceAccountToken, p.Spec.HostUsers, p.Spec.ShareProcessNamespace = &no, nil, nil
	p.Spec.EphemeralContainers = nil // which no pod has when it is made
	for _, v := range p.Spec.Volumes {
		if v.Projected != nil {
			v.Projected.Sources = slices.DeleteFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool { return s.ServiceAccountToken != nil })
		}
	}
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			c := &list[i]
			if c.SecurityContext == nil {
				c.SecurityContext = &corev1.SecurityContext{}
			}
			c.SecurityContext.ReadOnlyRootFilesystem = &yes
			c.Image = withDigest(c.Image)
			c.EnvFrom = slices.DeleteFunc(c.EnvFrom, func(e corev1.EnvFromSource) bool { return e.SecretRef != nil })
			c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil })
		}
	}
	return p
}

// withDigest is an image as a release names it. What the digest is does not matter here, whether each image has one C3 asks.
func withDigest(image string) string {
	if strings.Contains(image, "@") {
		return image
	}
	return image + "@sha256:" + strings.Repeat("0", 64)
}
