package kube

import (
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// Violation is what of a pod the Pod Security Standard does not allow.
type Violation struct {
	Check  string // the check's id: "runAsNonRoot"
	Reason string // in the words that the API server refuses it with
}

// evaluator has the checks of every level, which take longer to make than to ask.
var evaluator = sync.OnceValues(func() (policy.Evaluator, error) { return policy.NewEvaluator(policy.DefaultChecks(), nil) })

// Restricted is how the newest level "restricted" judges a pod, by the code that the API server does it with; nothing if the pod is admitted.
func Restricted(w Workload) ([]Violation, error) {
	checks, err := evaluator()
	if err != nil {
		return nil, fmt.Errorf("judge %s: %w", w, err)
	}
	var found []Violation
	for _, r := range checks.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &w.Pod.ObjectMeta, &w.Pod.Spec) {
		if !r.Allowed {
			found = append(found, Violation{r.ForbiddenReason, r.ForbiddenDetail})
		}
	}
	return found, nil
}

// PodSecurity is what a namespace's labels have the API server do with its pods. A label that cannot be read is an error: the API server then
// goes by what it would do without any.
func PodSecurity(n Found[corev1.Namespace]) (api.Policy, error) {
	p, errs := api.PolicyToEvaluate(n.Value.Labels, api.Policy{Enforce: privileged(), Audit: privileged(), Warn: privileged()})
	if len(errs) > 0 {
		return p, fmt.Errorf("%s: %s", n, strings.Join(texts(errs.ToAggregate().Errors()), "; "))
	}
	return p, nil
}

func privileged() api.LevelVersion {
	return api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
}

func texts(errs []error) (all []string) {
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}
