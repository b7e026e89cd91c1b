package kube_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// elsewhere are the objects that are made outside the tree, and who makes them.
var elsewhere = map[string]string{
	"Secret stellar-escrow-tls": "scripts/renew-certs.sh",
	"IngressClass nginx":        "the ingress controller",
}

// references looks up what objects of a set name: each name that leads nowhere is a problem.
type references struct {
	set       *kube.Set
	workloads []kube.Workload
	synced    map[string][]string // keys of the Secrets that the driver makes
	problems  []string
}

func referenceProblems(s *kube.Set) []string {
	r := &references{set: s, workloads: s.Workloads(), synced: map[string][]string{}}
	r.classes()
	for _, w := range r.workloads {
		r.pod(w)
	}
	r.services()
	r.ingresses()
	r.scaling()
	r.policies()
	r.others()
	return r.problems
}

func (r *references) say(who fmt.Stringer, format string, args ...any) {
	r.problems = append(r.problems, who.String()+": "+fmt.Sprintf(format, args...))
}

// classes are what the driver mounts, and the Secrets it makes while a pod mounts the class.
func (r *references) classes() {
	mounted := map[string]bool{}
	for _, w := range r.workloads {
		for _, v := range w.Pod.Spec.Volumes {
			if v.CSI != nil {
				mounted[v.CSI.VolumeAttributes[kube.ProviderClass]] = true
			}
		}
	}
	for _, c := range r.set.SecretProviderClasses() {
		objects, err := c.Value.AWSObjects()
		if err != nil {
			r.say(c, "%v", err)
		}
		var files []string
		for _, o := range objects {
			files = append(files, o.Files()...)
		}
		if !mounted[c.Name] {
			r.say(c, "no pod mounts it")
		}
		for _, s := range c.Value.Spec.SecretObjects {
			for _, d := range s.Data {
				if !slices.Contains(files, d.ObjectName) {
					r.say(c, "synced %s: no file %s", s.SecretName, d.ObjectName)
				}
				r.synced[s.SecretName] = append(r.synced[s.SecretName], d.Key)
			}
		}
	}
}

func find[T any](all []kube.Found[T], namespace, name string) *T {
	for _, o := range all {
		if o.Name == name && o.Namespace == namespace {
			return o.Value
		}
	}
	return nil
}

func (r *references) pod(w kube.Workload) {
	spec := w.Pod.Spec
	if find(kube.Of[schedulingv1.PriorityClass](r.set), "", spec.PriorityClassName) == nil {
		r.say(w, "no PriorityClass %s", spec.PriorityClassName)
	}
	for _, t := range spec.TopologySpreadConstraints {
		if !selects(t.LabelSelector, w) {
			r.say(w, "it is spread among others than its own")
		}
	}
	if _, err := w.Probes(); err != nil {
		r.say(w, "%v", err)
	}
	volumes := map[string][]string{} // the files of each; nil where they are not known
	for _, v := range spec.Volumes {
		volumes[v.Name] = r.volume(w, v)
	}
	for _, s := range kube.Of[appsv1.StatefulSet](r.set) {
		if s.Object == w.Object {
			for _, c := range s.Value.Spec.VolumeClaimTemplates {
				volumes[c.Name] = nil
			}
			if find(r.set.Services(), w.Namespace, s.Value.Spec.ServiceName) == nil {
				r.say(w, "no Service %s", s.Value.Spec.ServiceName)
			}
		}
	}
	used := map[string]bool{}
	for _, c := range w.Containers() {
		mounts := map[string][]string{}
		for _, m := range c.VolumeMounts {
			files, ok := volumes[m.Name]
			if !ok {
				r.say(w, "container %s: no volume %s", c.Name, m.Name)
			}
			used[m.Name], mounts[m.MountPath] = true, files
		}
		r.environment(w, c, mounts)
	}
	for name := range volumes {
		if !used[name] {
			r.say(w, "no container mounts volume %s", name)
		}
	}
}

// volume is which files a volume holds.
func (r *references) volume(w kube.Workload, v corev1.Volume) (files []string) {
	switch {
	case v.ConfigMap != nil:
		m := find(r.set.ConfigMaps(), w.Namespace, v.ConfigMap.Name)
		if m == nil {
			r.say(w, "no ConfigMap %s", v.ConfigMap.Name)
			return nil
		}
		return slices.Collect(maps.Keys(m.Data))
	case v.Secret != nil:
		keys, ok := r.synced[v.Secret.SecretName]
		if !ok {
			r.say(w, "nobody makes Secret %s", v.Secret.SecretName)
		}
		if len(v.Secret.Items) == 0 {
			return keys
		}
		for _, i := range v.Secret.Items {
			if !slices.Contains(keys, i.Key) {
				r.say(w, "Secret %s has no %s", v.Secret.SecretName, i.Key)
			}
			files = append(files, i.Path)
		}
	case v.CSI != nil:
		if v.CSI.Driver != kube.SecretsStoreDriver {
			r.say(w, "volume %s is of driver %s", v.Name, v.CSI.Driver)
		}
		class := find(r.set.SecretProviderClasses(), w.Namespace, v.CSI.VolumeAttributes[kube.ProviderClass])
		if class == nil {
			r.say(w, "no SecretProviderClass %s", v.CSI.VolumeAttributes[kube.ProviderClass])
			return nil
		}
		objects, _ := class.AWSObjects() // what is wrong with it is said of the class
		for _, o := range objects {
			files = append(files, o.Files()...)
		}
	case v.EmptyDir != nil:
		if v.EmptyDir.SizeLimit == nil {
			r.say(w, "volume %s has no limit", v.Name)
		}
	default:
		r.say(w, "volume %s is of a kind that is not used here", v.Name)
	}
	return files
}

// environment looks at files that variables name, at addresses within the cluster, and at where variables are from.
func (r *references) environment(w kube.Workload, c corev1.Container, mounts map[string][]string) {
	for _, e := range c.Env {
		if strings.HasPrefix(e.Value, "/run/secrets/") || strings.HasPrefix(e.Value, "/etc/") {
			if files, ok := mounts[path.Dir(e.Value)]; (!ok || !slices.Contains(files, path.Base(e.Value))) && mounts[e.Value+"/datasources"] == nil {
				r.say(w, "container %s: %s: no volume has %s", c.Name, e.Name, e.Value)
			}
		}
		if host, port, ok := inCluster(e.Value); ok {
			s := find(r.set.Services(), w.Namespace, host)
			if s == nil || !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return fmt.Sprint(p.Port) == port }) {
				r.say(w, "container %s: %s: no Service %s has port %s", c.Name, e.Name, host, port)
			}
		}
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil && find(r.set.ConfigMaps(), w.Namespace, from.ConfigMapRef.Name) == nil {
			r.say(w, "container %s: no ConfigMap %s", c.Name, from.ConfigMapRef.Name)
		}
	}
	for _, arg := range slices.Concat(c.Command, c.Args) {
		_, file, ok := strings.Cut(arg, "=")
		if !ok {
			file = arg
		}
		if strings.HasPrefix(file, "/etc/") && !slices.Contains(mounts[path.Dir(file)], path.Base(file)) {
			r.say(w, "container %s: no volume has %s", c.Name, file)
		}
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if p == nil || p.Exec == nil {
			continue
		}
		for _, word := range p.Exec.Command {
			if strings.HasPrefix(word, "/etc/") && !slices.Contains(mounts[path.Dir(word)], path.Base(word)) {
				r.say(w, "container %s: no volume has %s", c.Name, word)
			}
		}
	}
}

func selects(s *metav1.LabelSelector, w kube.Workload) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && !selector.Empty() && selector.Matches(labels.Set(w.Pod.Labels))
}

func hasPort(w kube.Workload, port intstr.IntOrString) bool {
	return slices.ContainsFunc(w.Containers(), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool {
			return port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal
		})
	})
}

func (r *references) services() {
	for _, s := range r.set.Services() {
		found := 0
		for _, w := range r.workloads {
			if w.Namespace != s.Namespace || !labels.SelectorFromSet(s.Value.Spec.Selector).Matches(labels.Set(w.Pod.Labels)) {
				continue
			}
			found++
			for _, p := range s.Value.Spec.Ports {
				if !hasPort(w, p.TargetPort) {
					r.say(s, "%s has no port %s", w, p.TargetPort.String())
				}
			}
		}
		if found != 1 || len(s.Value.Spec.Selector) == 0 {
			r.say(s, "%d workloads are behind it", found)
		}
	}
}

func (r *references) ingresses() {
	for _, i := range r.set.Ingresses() {
		if class := i.Value.Spec.IngressClassName; class == nil || elsewhere["IngressClass "+*class] == "" {
			r.say(i, "it is of no class that there is")
		}
		hosts := map[string]bool{}
		for _, t := range i.Value.Spec.TLS {
			if elsewhere["Secret "+t.SecretName] == "" && r.synced[t.SecretName] == nil {
				r.say(i, "nobody makes Secret %s", t.SecretName)
			}
			for _, h := range t.Hosts {
				hosts[h] = true
			}
		}
		for _, rule := range i.Value.Spec.Rules {
			if !hosts[rule.Host] {
				r.say(i, "%s is without TLS", rule.Host)
			}
			for _, p := range rule.HTTP.Paths {
				r.backend(i, p.Backend.Service)
			}
		}
	}
}

func (r *references) backend(i kube.Found[networkingv1.Ingress], b *networkingv1.IngressServiceBackend) {
	s := find(r.set.Services(), i.Namespace, b.Name)
	if s == nil || !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Name == b.Port.Name && b.Port.Name != "" || p.Port == b.Port.Number && b.Port.Number != 0
	}) {
		r.say(i, "no Service %s has port %s%d", b.Name, b.Port.Name, b.Port.Number)
	}
}

func (r *references) scaling() {
	for _, h := range r.set.Autoscalers() {
		ref := h.Value.Spec.ScaleTargetRef
		target := kube.Workload{}
		for _, w := range r.workloads {
			if w.Namespace == h.Namespace && w.Kind == ref.Kind && w.APIVersion == ref.APIVersion && w.Name == ref.Name {
				target = w
			}
		}
		if target.Name == "" {
			r.say(h, "no %s %s", ref.Kind, ref.Name)
		}
		for _, d := range kube.Of[appsv1.Deployment](r.set) {
			if d.Object == target.Object && d.Value.Spec.Replicas != nil {
				r.say(h, "%s says how many replicas it has, and takes back what is scaled each time it is applied", d)
			}
		}
	}
	for _, b := range r.set.DisruptionBudgets() {
		if !slices.ContainsFunc(r.workloads, func(w kube.Workload) bool {
			return w.Namespace == b.Namespace && selects(b.Value.Spec.Selector, w)
		}) {
			r.say(b, "it is about no pod")
		}
	}
	for _, d := range kube.Of[appsv1.Deployment](r.set) {
		scaled := slices.ContainsFunc(r.set.Autoscalers(), func(h kube.Found[autoscalingv2.HorizontalPodAutoscaler]) bool {
			return h.Value.Spec.ScaleTargetRef.Name == d.Name
		})
		if d.Value.Spec.Replicas == nil && !scaled {
			r.say(d, "nobody says how many replicas it has")
		}
	}
}

// policies: each selector of our namespace finds pods, and each of their ports is one that these have.
func (r *references) policies() {
	for _, p := range r.set.NetworkPolicies() {
		named := func(s *metav1.LabelSelector) (found []kube.Workload) {
			selector, err := metav1.LabelSelectorAsSelector(s)
			if err != nil {
				r.say(p, "%v", err)
				return nil
			}
			for _, w := range r.workloads {
				if w.Namespace == p.Namespace && selector.Matches(labels.Set(w.Pod.Labels)) {
					found = append(found, w)
				}
			}
			return found
		}
		own := named(&p.Value.Spec.PodSelector)
		if len(own) == 0 {
			r.say(p, "it is about no pod")
		}
		for _, in := range p.Value.Spec.Ingress {
			r.ports(p, own, in.Ports)
			for _, from := range in.From {
				if from.NamespaceSelector == nil && from.PodSelector != nil && len(named(from.PodSelector)) == 0 {
					r.say(p, "from no pod: %v", from.PodSelector.MatchLabels)
				}
			}
		}
		for _, out := range p.Value.Spec.Egress {
			for _, to := range out.To {
				if to.NamespaceSelector != nil || to.PodSelector == nil {
					continue
				}
				found := named(to.PodSelector)
				if len(found) == 0 {
					r.say(p, "to no pod: %v", to.PodSelector.MatchLabels)
				}
				r.ports(p, found, out.Ports)
			}
		}
	}
}

func (r *references) ports(p kube.Found[networkingv1.NetworkPolicy], of []kube.Workload, ports []networkingv1.NetworkPolicyPort) {
	for _, w := range of {
		for _, port := range ports {
			if port.Port == nil || !hasPort(w, *port.Port) {
				r.say(p, "%s has no port %v", w, port.Port)
			}
		}
	}
}

func (r *references) others() {
	for _, b := range r.set.RoleBindings() {
		if b.Value.RoleRef.Kind != "Role" || find(r.set.Roles(), b.Namespace, b.Value.RoleRef.Name) == nil {
			r.say(b, "no Role %s", b.Value.RoleRef.Name)
		}
	}
	for _, b := range r.set.AdmissionBindings() {
		if find(r.set.AdmissionPolicies(), "", b.Value.Spec.PolicyName) == nil {
			r.say(b, "no ValidatingAdmissionPolicy %s", b.Value.Spec.PolicyName)
		}
	}
	for _, p := range r.set.AdmissionPolicies() {
		if !slices.ContainsFunc(r.set.AdmissionBindings(), func(b kube.Found[admissionregistrationv1.ValidatingAdmissionPolicyBinding]) bool {
			return b.Value.Spec.PolicyName == p.Name
		}) {
			r.say(p, "no binding puts it in force")
		}
	}
	for _, m := range r.set.ConfigMaps() {
		if !slices.ContainsFunc(r.workloads, func(w kube.Workload) bool { return uses(w, m.Name) }) {
			r.say(m, "no pod uses it")
		}
	}
	for _, a := range r.set.ServiceAccounts() {
		if !slices.ContainsFunc(r.workloads, func(w kube.Workload) bool { return w.Pod.Spec.ServiceAccountName == a.Name }) {
			r.say(a, "no pod has it")
		}
	}
}

func uses(w kube.Workload, config string) bool {
	return slices.ContainsFunc(w.Pod.Spec.Volumes, func(v corev1.Volume) bool { return v.ConfigMap != nil && v.ConfigMap.Name == config }) ||
		slices.ContainsFunc(w.Containers(), func(c corev1.Container) bool {
			return slices.ContainsFunc(c.EnvFrom, func(e corev1.EnvFromSource) bool { return e.ConfigMapRef != nil && e.ConfigMapRef.Name == config })
		})
}
