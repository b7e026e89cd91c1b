package opinions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// overlooked are the beginnings of annotations by which a manifest tells a tool to overlook something. They are taken out before anybody sees them: who asks for a second opinion wants one.
func overlooked() map[string]string {
	return map[string]string{"checkov.io/": "checkov", "kube-score/": "kube-score"}
}

// manifests writes the objects as one file.
func (m *material) manifests(s *kube.Set) error {
	var out bytes.Buffer
	for _, write := range []func(*material, *kube.Set, *bytes.Buffer) error{
		of[corev1.Namespace], of[corev1.ServiceAccount], of[corev1.ConfigMap], of[corev1.Secret], of[corev1.Service], of[corev1.Pod], of[corev1.PodTemplate], of[corev1.ReplicationController],
		of[corev1.PersistentVolumeClaim], of[appsv1.Deployment], of[appsv1.StatefulSet], of[appsv1.DaemonSet], of[appsv1.ReplicaSet], of[batchv1.Job], of[batchv1.CronJob], of[networkingv1.NetworkPolicy],
		of[networkingv1.Ingress], of[rbacv1.Role], of[rbacv1.ClusterRole], of[rbacv1.RoleBinding], of[rbacv1.ClusterRoleBinding], of[policyv1.PodDisruptionBudget], of[autoscalingv2.HorizontalPodAutoscaler],
		of[admissionregistrationv1.ValidatingAdmissionPolicy], of[admissionregistrationv1.ValidatingAdmissionPolicyBinding],
	} {
		if err := write(m, s, &out); err != nil {
			return err
		}
	}
	if out.Len() > 0 {
		m.files[manifests] = map[string][]byte{rendered: out.Bytes()}
	}
	return nil
}

// of writes the objects of one type, and notes where each stands.
func of[T any](m *material, s *kube.Set, out *bytes.Buffer) error {
	for _, o := range kube.Of[T](s) {
		text, err := json.Marshal(o.Value)
		if err != nil {
			return fmt.Errorf("write %s: %w", o.Object, err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			return fmt.Errorf("write %s: %w", o.Object, err)
		}
		delete(fields, "status") // it is not of a manifest
		m.strip(fields)
		if text, err = yaml.Marshal(fields); err != nil {
			return fmt.Errorf("write %s: %w", o.Object, err)
		}
		m.objects[o.String()] = deployment.At(o.Object)
		fmt.Fprintf(out, "---\n%s", text)
	}
	return nil
}

// strip takes out of an object, however deep, the annotations that tell a tool to overlook something, and what a manifest does not have.
func (m *material) strip(fields map[string]any) {
	for key, value := range fields {
		switch v := value.(type) {
		case map[string]any:
			if key == "annotations" {
				for name := range v {
					for begin, tool := range overlooked() {
						if strings.HasPrefix(name, begin) {
							delete(v, name)
							m.skips[tool]++
						}
					}
				}
			}
			m.strip(v)
		case []any:
			for _, e := range v {
				if inner, ok := e.(map[string]any); ok {
					m.strip(inner)
				}
			}
		case nil:
			delete(fields, key) // creationTimestamp: null
		}
	}
}
