package pods

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/admit"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// memory is where what policies have said is kept: a tree, or nowhere (nil), as of a cluster that is asked once.
type memory = *facts.Tree

func remember[K comparable, T any](m memory, key K, make func() (T, error)) (T, error) {
	if m == nil {
		return make()
	}
	return facts.Keep(m, key, make)
}

// asking is a pod that policies are asked about. Evaluating them takes longer than anything else of P1, and overlays have most pods in common.
type asking struct {
	policies *admit.Policies
	pod      *corev1.Pod
	text     string // the pod in JSON
}

func newAsking(p *admit.Policies, pod *corev1.Pod) (*asking, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("compare pod %s: %w", pod.Name, err)
	}
	return &asking{p, pod, string(text)}, nil
}

// What is kept: policies are the same where gateOf is.
type (
	refusalsOf struct {
		by  *admit.Policies
		pod string
	}
	triesOf refusalsOf
)

// refusals are by which policies the API server would refuse the pod.
func (a *asking) refusals(ctx context.Context, m memory) ([]admit.Refusal, error) {
	return remember(m, refusalsOf{a.policies, a.text}, func() ([]admit.Refusal, error) { return a.policies.Refuse(ctx, admit.Request{Pod: a.pod}) })
}

// tries are what becomes of the pod in each way that it can be wrong.
func (a *asking) tries(ctx context.Context, m memory) (*tries, error) {
	return remember(m, triesOf{a.policies, a.text}, func() (*tries, error) { return try(ctx, a.policies, *a.pod) })
}
