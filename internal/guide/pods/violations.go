package pods

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/admit"
)

// violation is one way in which a pod can be wrong. pod, or container, makes a good one wrong in that way and no other.
type violation struct {
	name      string
	pod       func(*corev1.PodSpec)
	container func(*corev1.Container)
}

// violations are each of what the guide names, what the standard "restricted" forbids beside it, what it lets pass of that in a user namespace of the pod's own, and
// what the platform's own policies add (k8s/base/admission-policy.yaml).
//
// What is not among them, though restricted leaves it open: a user namespace (hostUsers: false), safe sysctls, raw claims and projected files take nothing of the
// node's; the group 0 and volumes that outlive a pod give no right that the pod's user does not have; ephemeral containers are held to the same rules, which those
// that are asked about show.
func violations() []violation {
	security := func(change func(*corev1.SecurityContext)) func(*corev1.Container) {
		return func(c *corev1.Container) { change(c.SecurityContext) }
	}
	yes, no, root := true, false, int64(0)
	return []violation{
		{name: "a privileged container", container: security(func(s *corev1.SecurityContext) { s.Privileged, s.AllowPrivilegeEscalation = &yes, nil })},
		{name: "the node's network", pod: func(p *corev1.PodSpec) { p.HostNetwork = true }},
		{name: "the node's processes", pod: func(p *corev1.PodSpec) { p.HostPID = true }},
		{name: "the node's shared memory", pod: func(p *corev1.PodSpec) { p.HostIPC = true }},
		{name: "a folder of the node", pod: func(p *corev1.PodSpec) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-node", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}})
		}},
		{name: "a socket of the node", pod: func(p *corev1.PodSpec) {
			socket := corev1.HostPathSocket
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-node", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/run/containerd/containerd.sock", Type: &socket}}})
		}},
		{name: "a volume of another machine's", pod: func(p *corev1.PodSpec) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-other", VolumeSource: corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "audit.invalid", Path: "/"}}})
		}},
		{name: "a port of the node", container: func(c *corev1.Container) {
			c.Ports = []corev1.ContainerPort{{ContainerPort: 65000, HostPort: 65000}}
			c.StartupProbe, c.ReadinessProbe, c.LivenessProbe = nil, nil, nil // which may name the ports that were there
		}},
		{name: "a process of root", pod: func(p *corev1.PodSpec) { asRoot(p, &root) }},
		{name: "a process of root in a user namespace", pod: func(p *corev1.PodSpec) { asRoot(p, &root); p.HostUsers = &no }},
		{name: "new privileges", container: security(func(s *corev1.SecurityContext) { s.AllowPrivilegeEscalation = &yes })},
		{name: "a capability more", container: security(func(s *corev1.SecurityContext) {
			s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_RAW"}}
		})},
		{name: "capabilities that are kept", container: security(func(s *corev1.SecurityContext) { s.Capabilities = nil })},
		{name: "no seccomp profile", pod: func(p *corev1.PodSpec) {
			unconfined := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
			p.SecurityContext.SeccompProfile, p.Containers[0].SecurityContext.SeccompProfile = unconfined, unconfined
		}},
		{name: "no AppArmor profile", pod: func(p *corev1.PodSpec) {
			p.SecurityContext.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
		}},
		{name: "a setting of the node's kernel", pod: func(p *corev1.PodSpec) {
			p.SecurityContext.Sysctls = []corev1.Sysctl{{Name: "kernel.msgmax", Value: "65536"}}
		}},
		{name: "processes that see each other's", pod: func(p *corev1.PodSpec) { p.ShareProcessNamespace = &yes }},
		{name: "a root that can be written", container: security(func(s *corev1.SecurityContext) { s.ReadOnlyRootFilesystem = &no })},
		{name: "a token for the API server", pod: func(p *corev1.PodSpec) { p.AutomountServiceAccountToken = &yes }},
		{name: "a token that the pod asks for itself", pod: func(p *corev1.PodSpec) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}}}}})
		}},
		{name: "a token that the pod asks for by the API server's name", pod: func(p *corev1.PodSpec) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "audit-token", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", Audience: "https://kubernetes.default.svc"}}}}}})
		}},
		{name: "a secret in the environment", container: func(c *corev1.Container) {
			c.Env = append(c.Env, corev1.EnvVar{Name: "AUDIT", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: theSecret}, Key: "API_KEYS"}}})
		}},
		{name: "a whole secret in the environment", container: func(c *corev1.Container) {
			c.EnvFrom = append(c.EnvFrom, corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: theSecret}}})
		}},
		{name: byItsTag, container: func(c *corev1.Container) {
			name, _, _ := strings.Cut(c.Image, "@")
			c.Image = name // without its digest it is the tag that it has, or latest
		}},
	}
}

const byItsTag = "an image by its tag"

func asRoot(p *corev1.PodSpec, root *int64) {
	p.SecurityContext.RunAsNonRoot, p.SecurityContext.RunAsUser = nil, root
	p.Containers[0].SecurityContext.RunAsNonRoot, p.Containers[0].SecurityContext.RunAsUser = nil, root
}

// asked are the fields of a pod that a policy has to ask for to see the violations. One that goes by anything else can be got round: by a name, a label, an annotation.
func asked() []string {
	return []string{"spec", "containers", "initContainers", "ephemeralContainers", "securityContext", "readOnlyRootFilesystem", "runAsNonRoot", "runAsUser", "hostUsers",
		"privileged", "allowPrivilegeEscalation", "capabilities", "add", "drop", "seccompProfile", "type", "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace",
		"volumes", "hostPath", "projected", "sources", "serviceAccountToken", "audience", "automountServiceAccountToken",
		"env", "envFrom", "secretRef", "valueFrom", "secretKeyRef", "image"}
}

// plain is a good pod, and no more.
func plain() *corev1.Pod {
	yes, no := true, false
	return &corev1.Pod{Spec: corev1.PodSpec{
		AutomountServiceAccountToken: &no,
		SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{Name: "plain", Image: withDigest("plain"), SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
	}}
}

// wrong is a pod that is wrong in one way, and where.
type wrong struct {
	violation string
	where     string // in words, of a container: "in one that starts it"; empty: of the pod
	request   admit.Request
}

// wrongs makes each violation of a good pod, in each place where it can be.
func wrongs(good corev1.Pod) (all []wrong) {
	fill := func(p *corev1.Pod) {
		if p.Spec.SecurityContext == nil {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{}
		}
		if p.Spec.Containers[0].SecurityContext == nil {
			p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{}
		}
	}
	fill(&good)
	for _, v := range violations() {
		if v.pod != nil {
			p := good.DeepCopy()
			v.pod(&p.Spec)
			all = append(all, wrong{v.name, "", admit.Request{Pod: p}})
			continue
		}
		broken := func() corev1.Container {
			c := *good.Spec.Containers[0].DeepCopy()
			v.container(&c)
			return c
		}
		first, another, before, after := good.DeepCopy(), good.DeepCopy(), good.DeepCopy(), good.DeepCopy()
		first.Spec.Containers[0] = broken()
		all = append(all, wrong{v.name, "in its first container", admit.Request{Pod: first}})
		more := broken()
		more.Name, more.StartupProbe, more.ReadinessProbe, more.LivenessProbe, more.Lifecycle = "audit", nil, nil, nil, nil
		if v.name != "a port of the node" { // it would be there twice
			more.Ports = nil
		}
		another.Spec.Containers = append(another.Spec.Containers, more)
		all = append(all, wrong{v.name, "in one container more", admit.Request{Pod: another}})
		before.Spec.InitContainers = append(before.Spec.InitContainers, more)
		all = append(all, wrong{v.name, "in one that starts it", admit.Request{Pod: before}})
		if more.Ports == nil { // one to debug it has none
			e := corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "audit", Image: more.Image, Env: more.Env, EnvFrom: more.EnvFrom, SecurityContext: more.SecurityContext}}
			after.Spec.EphemeralContainers = append(after.Spec.EphemeralContainers, e)
			all = append(all, wrong{v.name, "in one that debugs it", admit.Request{Pod: after, Old: good.DeepCopy(), Subresource: "ephemeralcontainers"}})
		}
		if v.name == byItsTag { // of a pod that runs, nothing else of these can be changed
			all = append(all, wrong{v.name, "in a pod that runs", admit.Request{Pod: first, Old: good.DeepCopy()}})
		}
	}
	return all
}
