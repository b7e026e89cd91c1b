package cluster

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Admission is what the API server would do with a pod.
type Admission struct {
	Admitted bool
	// By is who refuses it: PodSecurity, or "ValidatingAdmissionPolicy" and its name.
	By     string
	Reason string // in the server's words
}

// Admit asks the API server to create the pod and to leave it undone at the last step. An answer that says nothing about the pod, such as that we may not
// create any, is an error.
func (c *Cluster) Admit(ctx context.Context, name string, spec corev1.PodSpec, labels map[string]string) (Admission, error) {
	ctx = quiet(ctx)
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.Namespace, Labels: labels}, Spec: spec}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return Admission{}, err
	}
	u := &unstructured.Unstructured{Object: object}
	_, err = c.Objects("", "v1", "pods").Namespace(c.Namespace).Create(ctx, u, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		return Admission{Admitted: true}, nil
	}
	if by := refusedBy(err); by != "" {
		return Admission{By: by, Reason: err.Error()}, nil
	}
	return Admission{}, fmt.Errorf("%s: ask whether pod %s would be taken: %w", c.Name, name, err)
}

const (
	podSecurity     = "PodSecurity"
	admissionPolicy = "ValidatingAdmissionPolicy"
)

// refusedBy reads who refused a pod from the server's words, which are no API, but have been these since both were introduced; empty if it was neither.
func refusedBy(err error) string {
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		return ""
	}
	text := err.Error()
	if strings.Contains(text, "violates PodSecurity") {
		return podSecurity
	}
	if _, rest, ok := strings.Cut(text, admissionPolicy+" '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		return admissionPolicy + " " + name
	}
	return ""
}
