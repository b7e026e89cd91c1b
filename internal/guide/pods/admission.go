package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// makers are the resources that make pods, and pods.
func makers() []string {
	return []string{"pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"}
}

// answer is what the server would do with a pod.
type answer struct {
	of string // which pod
	cluster.Admission
}

// admissions are the server's answers: to every pod of ours, and to one of ours in each way that it can be wrong, in each place. Of wrong pods there are none if the server takes none of ours:
// what it then refuses them for shows nothing.
type admissions struct{ ours, wrong []answer }

func askAdmission(ctx context.Context, f *cluster.Facts) (a admissions, err error) {
	var good *corev1.PodSpec
	for _, w := range deployment.Workloads(f.Set) {
		if w.APIVersion == "v1" { // a pod that runs has been taken; the next one is asked about
			continue
		}
		spec := next(w)
		said, err := f.Cluster.Admit(ctx, "audit-"+strings.ToLower(w.Kind)+"-"+w.Name, *spec, w.Pod.Labels)
		if err != nil {
			return a, err
		}
		a.ours = append(a.ours, answer{w.String(), said})
		if said.Admitted && good == nil {
			good = spec
		}
	}
	if good == nil {
		return a, nil
	}
	for i, w := range wrongs(corev1.Pod{Spec: *good}) {
		if w.request.Old != nil { // that needs a pod which runs, and a right to change it
			continue
		}
		said, err := f.Cluster.Admit(ctx, fmt.Sprintf("audit-wrong-%d", i), w.request.Pod.Spec, nil)
		if err != nil {
			return a, fmt.Errorf("%s %s: %w", w.violation, w.where, err)
		}
		a.wrong = append(a.wrong, answer{strings.TrimSpace(w.violation + " " + w.where), said})
	}
	return a, nil
}

// next is the next pod of a maker: its template, and a claim in the place of each that a StatefulSet makes.
func next(w kube.Workload) *corev1.PodSpec {
	spec := w.Pod.Spec.DeepCopy()
	have := map[string]bool{}
	for _, v := range spec.Volumes {
		have[v.Name] = true
	}
	for _, c := range w.Containers() {
		for _, m := range c.VolumeMounts {
			if have[m.Name] || w.Kind != "StatefulSet" {
				continue
			}
			have[m.Name] = true
			spec.Volumes = append(spec.Volumes, corev1.Volume{Name: m.Name, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: m.Name + "-" + w.Name + "-0"}}})
		}
	}
	return spec
}

func runAdmission(ctx context.Context, s *facts.System) guide.Result {
	return deployment.Live(ctx, s, append(makers(), "namespaces", "validatingadmissionpolicies", "validatingadmissionpolicybindings"), func(f *cluster.Facts) guide.Result {
		subjects, findings := restricted(f.Set)
		a, err := facts.Look(ctx, s, breaks.Admission, func(ctx context.Context) (admissions, error) { return askAdmission(ctx, f) })
		more, wrong := judgeAdmission(f.Cluster.Name, a)
		subjects, findings = append(subjects, more...), append(findings, wrong...)
		if err == nil {
			wrong, err = wayRound(ctx, f.Set)
			findings = append(findings, wrong...)
		}
		switch {
		case len(findings) > 0: // whatever else could not be looked at
		case err != nil:
			return guide.NoEvidence("%v", err)
		case len(a.wrong) == 0:
			return guide.NoEvidence("%s: nothing of the platform makes pods there", f.Cluster.Name)
		}
		return deployment.Once(subjects, findings)
	})
}

// wayRound are the policies of the cluster that refuse wrong pods, as the server has just said of those that it was asked about, and that can be got round.
func wayRound(ctx context.Context, set *kube.Set) (findings []guide.Finding, err error) {
	_, all, err := judgePolicies(ctx, nil, deployment.Overlay{Set: set})
	return slices.DeleteFunc(all, func(f guide.Finding) bool { return f.Mode != "policy-got-round" }), err
}

func judgeAdmission(where string, a admissions) (subjects []guide.Subject, findings []guide.Finding) {
	at := guide.Place{File: where}
	for _, o := range a.ours {
		if !o.Admitted {
			findings = append(findings, guide.Finding{Mode: "ours-refused", Subject: o.of, Detail: o.Reason, At: at})
			continue
		}
		subjects = append(subjects, guide.Subject{Name: o.of, Evidence: "the server would take its next pod", At: at})
	}
	for _, w := range a.wrong {
		if w.Admitted {
			findings = append(findings, guide.Finding{Mode: "violation-admitted", Subject: w.of, Detail: "the server would take such a pod: apply k8s/base/namespace.yaml and admission-policy.yaml", At: at})
			continue
		}
		subjects = append(subjects, guide.Subject{Name: w.of, Evidence: "refused by " + w.By, At: at})
	}
	return subjects, findings
}

// agreeAdmission holds the policies of admission, and what binds them, against the tree's.
func agreeAdmission(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
	f, err := deployment.Cluster(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	const mode = "admission-differs"
	subjects, findings, err := deployment.Comparison[admissionregistrationv1.ValidatingAdmissionPolicy]{
		Resource: "validatingadmissionpolicies", Missing: mode, Different: mode,
		Ours:  func(kube.Found[admissionregistrationv1.ValidatingAdmissionPolicy], string) bool { return true },
		Means: func(p *admissionregistrationv1.ValidatingAdmissionPolicy) any { return policyMeaning(p.Spec) },
	}.Look(t, f)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	more, wrong, err := deployment.Comparison[admissionregistrationv1.ValidatingAdmissionPolicyBinding]{
		Resource: "validatingadmissionpolicybindings", Missing: mode, Different: mode,
		Ours:  func(kube.Found[admissionregistrationv1.ValidatingAdmissionPolicyBinding], string) bool { return true },
		Means: func(b *admissionregistrationv1.ValidatingAdmissionPolicyBinding) any { return b.Spec },
	}.Look(t, f)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return guide.Judge(append(subjects, more...), append(findings, wrong...))
}

// policyMeaning is a policy without what the server fills in where nothing is said (k8s.io/kubernetes, pkg/apis/admissionregistration/v1/defaults.go).
func policyMeaning(s admissionregistrationv1.ValidatingAdmissionPolicySpec) any {
	s = *s.DeepCopy()
	if s.FailurePolicy != nil && *s.FailurePolicy == admissionregistrationv1.Fail {
		s.FailurePolicy = nil
	}
	if m := s.MatchConstraints; m != nil {
		if m.MatchPolicy != nil && *m.MatchPolicy == admissionregistrationv1.Equivalent {
			m.MatchPolicy = nil
		}
		if m.NamespaceSelector != nil && len(m.NamespaceSelector.MatchLabels)+len(m.NamespaceSelector.MatchExpressions) == 0 {
			m.NamespaceSelector = nil
		}
		if m.ObjectSelector != nil && len(m.ObjectSelector.MatchLabels)+len(m.ObjectSelector.MatchExpressions) == 0 {
			m.ObjectSelector = nil
		}
		for i := range m.ResourceRules {
			if scope := m.ResourceRules[i].Scope; scope != nil && *scope == admissionregistrationv1.AllScopes {
				m.ResourceRules[i].Scope = nil
			}
		}
	}
	return s
}
