package pods

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

// violation is one way in which a pod can be wrong. change makes a pod of ours wrong in that way and no other.
type violation struct {
	name   string
	change func(*corev1.PodSpec)
}

// violations are each of what the guide names, what the standard "restricted" forbids beside it, and what the platform's own policies add (k8s/base/admission-policy.yaml).
func violations() []violation {
	security := func(change func(*corev1.SecurityContext)) func(*corev1.PodSpec) {
		return func(p *corev1.PodSpec) { change(p.Containers[0].SecurityContext) }
	}
	yes, no, root := true, false, int64(0)
	return []violation{
		{"a privileged container", security(func(s *corev1.SecurityContext) { s.Privileged, s.AllowPrivilegeEscalation = &yes, nil })},
		{"the node's network", func(p *corev1.PodSpec) { p.HostNetwork = true }},
		{"the node's processes", func(p *corev1.PodSpec) { p.HostPID = true }},
		{"the node's shared memory", func(p *corev1.PodSpec) { p.HostIPC = true }},
		{"a folder of the node", func(p *corev1.PodSpec) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-node", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}})
		}},
		{"a port of the node", func(p *corev1.PodSpec) {
			p.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 65000, HostPort: 65000}}
			p.Containers[0].StartupProbe, p.Containers[0].ReadinessProbe, p.Containers[0].LivenessProbe = nil, nil, nil // which may name the ports that were there
		}},
		{"a process of root", func(p *corev1.PodSpec) {
			p.SecurityContext.RunAsNonRoot, p.SecurityContext.RunAsUser = nil, &root
			p.Containers[0].SecurityContext.RunAsNonRoot, p.Containers[0].SecurityContext.RunAsUser = nil, &root
		}},
		{"new privileges", security(func(s *corev1.SecurityContext) { s.AllowPrivilegeEscalation = &yes })},
		{"a capability more", security(func(s *corev1.SecurityContext) {
			s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_RAW"}}
		})},
		{"capabilities that are kept", security(func(s *corev1.SecurityContext) { s.Capabilities = nil })},
		{"no seccomp profile", func(p *corev1.PodSpec) {
			unconfined := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
			p.SecurityContext.SeccompProfile, p.Containers[0].SecurityContext.SeccompProfile = unconfined, unconfined
		}},
		{"a root that can be written", security(func(s *corev1.SecurityContext) { s.ReadOnlyRootFilesystem = &no })},
		{"a token for the API server", func(p *corev1.PodSpec) { p.AutomountServiceAccountToken = &yes }},
		{"a secret in the environment", func(p *corev1.PodSpec) {
			p.Containers[0].Env = append(p.Containers[0].Env, corev1.EnvVar{Name: "AUDIT", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: theSecret}, Key: "API_KEYS"}}})
		}},
		{"an image by its tag", func(p *corev1.PodSpec) {
			name, _, _ := strings.Cut(p.Containers[0].Image, "@")
			p.Containers[0].Image = name // without its digest it is the tag that it has, or latest
		}},
	}
}

// workload names what makes pods of the platform's.
func workload(resource, name string) breaks.Object {
	return breaks.Object{Group: "apps", Version: "v1", Resource: resource, Name: name}
}

func breakAdmission() []guide.Break {
	namespace := breaks.Object{Version: "v1", Resource: "namespaces", Name: deployment.Namespace, OfCluster: true}
	label := func(name, level string) func(breaks.Fields) error {
		return func(o breaks.Fields) error {
			return o.Set(level, "metadata", "labels", "pod-security.kubernetes.io/"+name)
		}
	}
	containers := func(value any, path ...string) func(breaks.Fields) error {
		return func(o breaks.Fields) error {
			return o.Each(func(c breaks.Fields) error { return c.Set(value, path...) }, "spec", "template", "spec", "containers")
		}
	}
	binding := breaks.Object{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings", Name: "stellar-escrow-pods", OfCluster: true}
	return []guide.Break{
		breaks.Change("not-enforced", "baseline is enforced", namespace, label("enforce", "baseline"), "P1/violation-admitted"),
		breaks.Change("not-told", "who applies a pod is warned of less", namespace, label("warn", "baseline")),
		breaks.Change("not-restricted", "the next pods of the api may gain privileges", workload("deployments", "api"), containers(true, "securityContext", "allowPrivilegeEscalation"), "P1/ours-refused"),
		breaks.Change("writable-root", "the root of the next pods of the api can be written", workload("deployments", "api"), containers(false, "securityContext", "readOnlyRootFilesystem"), "P1/ours-refused"),
		breaks.Change("ours-refused", "the next pods of the api have an image by its tag", workload("deployments", "api"), containers("localhost/stellar-escrow-api:latest", "image")),
		breaks.Remove("violation-admitted", "nothing binds the policy of pods", binding, "P1/admission-differs"),
		breaks.Change("admission-differs", "what the policy of pods refuses is audited no more", binding, func(o breaks.Fields) error { return o.Set([]any{"Deny"}, "spec", "validationActions") }),
	}
}
