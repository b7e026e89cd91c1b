package kube_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/pod-security-admission/api"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// platform are the parts of design §2 that run in a cluster; the managed overlay has the last two elsewhere.
var platform = []string{"alertmanager", "api", "backup", "client", "grafana", "indexer", "loki", "prometheus", "postgres", "redis"}

func partsOf(overlay string) []string {
	if strings.HasSuffix(overlay, "-managed") {
		return platform[:len(platform)-2]
	}
	return platform
}

// podProblems are what of the pods is not as the platform's are to be.
func podProblems(s *kube.Set) (all []string) {
	accounts := map[string]*corev1.ServiceAccount{}
	for _, a := range s.ServiceAccounts() {
		accounts[a.Namespace+"/"+a.Name] = a.Value
	}
	for _, w := range s.Workloads() {
		say := func(format string, args ...any) { all = append(all, w.String()+": "+fmt.Sprintf(format, args...)) }
		found, err := kube.Restricted(w)
		if err != nil {
			say("%v", err)
		}
		for _, v := range found {
			say("not restricted: %s: %s", v.Check, v.Reason)
		}
		spec := w.Pod.Spec
		part := w.Pod.Labels["app.kubernetes.io/name"]
		if part != w.Name || w.Pod.Labels["app.kubernetes.io/part-of"] != "stellar-escrow" {
			say("labels %v", w.Pod.Labels)
		}
		if spec.ServiceAccountName != w.Name || accounts[w.Namespace+"/"+w.Name] == nil {
			say("account %q is not its own", spec.ServiceAccountName)
		} else if a := accounts[w.Namespace+"/"+w.Name]; a.AutomountServiceAccountToken == nil || *a.AutomountServiceAccountToken {
			say("its account has a token mounted")
		}
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			say("a token is mounted")
		}
		if spec.PriorityClassName == "" {
			say("no priority")
		}
		if u := spec.SecurityContext; u == nil || u.RunAsUser == nil || *u.RunAsUser == 0 || u.RunAsGroup == nil || *u.RunAsGroup == 0 {
			say("user and group are not numbers above 0")
		}
		for _, c := range w.Containers() {
			if x := c.SecurityContext; x == nil || x.ReadOnlyRootFilesystem == nil || !*x.ReadOnlyRootFilesystem {
				say("container %s can write to its root", c.Name)
			}
			for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				want, most := c.Resources.Requests[r], c.Resources.Limits[r]
				if want.IsZero() || most.IsZero() || want.Cmp(most) > 0 {
					say("container %s: %s: request %s, limit %s", c.Name, r, want.String(), most.String())
				}
			}
			for _, m := range c.VolumeMounts {
				if m.SubPath != "" || m.SubPathExpr != "" {
					say("container %s: %s is a subPath, which never follows a change", c.Name, m.MountPath)
				}
			}
			if w.Kind == "CronJob" {
				continue
			}
			if c.StartupProbe == nil || c.ReadinessProbe == nil || c.LivenessProbe == nil {
				say("container %s: a probe is missing", c.Name)
			} else if cmp.Equal(c.ReadinessProbe.ProbeHandler, c.LivenessProbe.ProbeHandler) {
				say("container %s: ready and alive are the same question", c.Name)
			}
		}
	}
	return all
}

func TestEveryPodOfEveryOverlay(t *testing.T) {
	for _, overlay := range overlays(t) {
		set := render(t, overlay)
		var names []string
		for _, w := range set.Workloads() {
			names = append(names, w.Name)
		}
		slices.Sort(names)
		if diff := cmp.Diff(slices.Sorted(slices.Values(partsOf(overlay))), names); diff != "" {
			t.Errorf("%s: parts -want +got:\n%s", overlay, diff)
		}
		for _, p := range podProblems(set) {
			t.Errorf("%s: %s", overlay, p)
		}
		if len(set.Unread) > 0 {
			t.Errorf("%s: nobody here reads %v", overlay, set.Unread)
		}
		for _, o := range set.Objects() {
			if o.File == "" || o.Line == 0 && o.Kind != "ConfigMap" {
				t.Errorf("%s: it is not known where %s stands (%s:%d)", overlay, o, o.File, o.Line)
			}
		}
	}
}

func TestBrokenPodsAreNamed(t *testing.T) {
	const api = "Deployment stellar-escrow/api: "
	tests := map[string]struct{ file, old, with, says string }{
		"root":             {"k8s/base/api.yaml", "runAsNonRoot: true", "runAsNonRoot: false", api + "not restricted: runAsNonRoot != true"},
		"uid 0":            {"k8s/base/api.yaml", "runAsUser: 65532", "runAsUser: 0", api + "not restricted: runAsUser=0"},
		"capabilities":     {"k8s/base/api.yaml", "capabilities: {drop: [ALL]}", "capabilities: {add: [NET_ADMIN]}", api + "not restricted: unrestricted capabilities"},
		"escalation":       {"k8s/base/api.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", api + "not restricted: allowPrivilegeEscalation != false"},
		"privileged":       {"k8s/base/api.yaml", "allowPrivilegeEscalation: false", "privileged: true", api + "not restricted: privileged"},
		"seccomp":          {"k8s/base/api.yaml", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", api + "not restricted: seccompProfile"},
		"host network":     {"k8s/base/api.yaml", "enableServiceLinks: false", "hostNetwork: true", api + "not restricted: host namespaces"},
		"host path":        {"k8s/base/loki.yaml", "emptyDir: {medium: Memory, sizeLimit: 32Mi}", "hostPath: {path: /tmp}", "StatefulSet stellar-escrow/loki: not restricted: "},
		"of a CronJob":     {"k8s/base/backup.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "CronJob stellar-escrow/backup: not restricted: runAsNonRoot != true"},
		"writable root":    {"k8s/base/api.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", api + "container api can write to its root"},
		"token of the pod": {"k8s/base/api.yaml", "automountServiceAccountToken: false\n      enable", "automountServiceAccountToken: true\n      enable", api + "a token is mounted"},
		"token of the account": {"k8s/base/api.yaml", "automountServiceAccountToken: false\n---", "automountServiceAccountToken: true\n---",
			api + "its account has a token mounted"},
		"another's account": {"k8s/base/api.yaml", "serviceAccountName: api", "serviceAccountName: indexer", api + `account "indexer" is not its own`},
		"no limit":          {"k8s/base/api.yaml", "limits: {cpu: \"2\", memory: 512Mi", "limits: {cpu: \"2\", pods: 1", api + "container api: memory"},
		"subPath":           {"k8s/base/api.yaml", "mountPath: /run/secrets/api,", "mountPath: /run/secrets/api, subPath: RELAY_SECRET,", api + "container api: /run/secrets/api is a subPath"},
		"one probe":         {"k8s/base/api.yaml", "path: /readyz", "path: /healthz", api + "container api: ready and alive are the same question"},
		"no probe":          {"k8s/base/api.yaml", "          livenessProbe:\n            httpGet: {path: /healthz, port: http}\n            periodSeconds: 10\n            timeoutSeconds: 3\n            failureThreshold: 6\n", "", api + "container api: a probe is missing"},
		"label":             {"k8s/base/api.yaml", "      labels: {app.kubernetes.io/name: api,", "      labels: {app.kubernetes.io/name: apis,", api + "labels"},
		"priority":          {"k8s/base/api.yaml", "      priorityClassName: stellar-escrow-serving\n", "", api + "no priority"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := podProblems(alone(t, test.file, test.old, test.with))
			if !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, test.says) }) {
				t.Errorf("got %q, want one that begins with %q", got, test.says)
			}
		})
	}
}

func TestTheNamespaceIsRestricted(t *testing.T) {
	for _, overlay := range overlays(t) {
		all := render(t, overlay).Namespaces()
		if len(all) != 1 || all[0].Name != "stellar-escrow" {
			t.Fatalf("%s: namespaces %v, want stellar-escrow alone", overlay, all)
		}
		p, err := kube.PodSecurity(all[0])
		if err != nil {
			t.Fatal(err)
		}
		want := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		if diff := cmp.Diff(api.Policy{Enforce: want, Audit: want, Warn: want}, p, cmp.AllowUnexported(api.Version{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", overlay, diff)
		}
	}
}

func TestALabelThatCannotBeReadIsNoLabel(t *testing.T) {
	set := changed(t, "k8s/base/namespace.yaml", "enforce: restricted", "enforce: strict")
	if p, err := kube.PodSecurity(set.Namespaces()[0]); err == nil || !strings.Contains(err.Error(), "pod-security.kubernetes.io/enforce") {
		t.Errorf("got %v and %v, want an error that names the label", p, err)
	}
	if p, err := kube.PodSecurity(changed(t, "k8s/base/namespace.yaml", "    pod-security.kubernetes.io/enforce: restricted\n", "").Namespaces()[0]); err != nil || p.Enforce.Level != api.LevelPrivileged {
		t.Errorf("without its label: got %v and %v, want privileged", p, err)
	}
}

// TestWhoMayReadTheSecret is the guide's P3.
func TestWhoMayReadTheSecret(t *testing.T) {
	for _, overlay := range overlays(t) {
		set := render(t, overlay)
		roles, bindings := set.Roles(), set.RoleBindings()
		if len(roles) != 1 || len(bindings) != 1 || len(set.ClusterRoles())+len(set.ClusterRoleBindings()) > 0 {
			t.Fatalf("%s: %d roles, %d bindings and others of the cluster, want one of each", overlay, len(roles), len(bindings))
		}
		want := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"stellar-escrow-secrets"}, Verbs: []string{"get"}}}
		if diff := cmp.Diff(want, roles[0].Value.Rules); diff != "" {
			t.Errorf("%s: rules -want +got:\n%s", overlay, diff)
		}
		for _, s := range bindings[0].Value.Subjects {
			if s.Kind != rbacv1.GroupKind || strings.HasPrefix(s.Name, "system:") {
				t.Errorf("%s: bound to %s %s: no pod needs it, and no group of the cluster's own", overlay, s.Kind, s.Name)
			}
		}
	}
}

var pinned = regexp.MustCompile(`^[a-z0-9.-]+\.[a-z0-9.-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$`)

// imageProblems are images that could be another one tomorrow, or from somewhere else.
func imageProblems(s *kube.Set) (all []string) {
	for _, w := range s.Workloads() {
		for _, c := range w.Containers() {
			_, tag, tagged := strings.Cut(c.Image[strings.LastIndexByte(c.Image, '/')+1:], ":")
			if !pinned.MatchString(c.Image) || !tagged || strings.HasPrefix(tag, "latest") {
				all = append(all, fmt.Sprintf("%s: container %s: %s", w, c.Name, c.Image))
			}
		}
	}
	return all
}

func TestNoImageFloats(t *testing.T) {
	for _, overlay := range overlays(t) {
		for _, p := range imageProblems(render(t, overlay)) {
			t.Errorf("%s: %s", overlay, p)
		}
	}
	for old, with := range map[string]string{"newTag: v3.5.0": "newTag: latest", "newName: docker.io/prom/prometheus\n    newTag: v3.5.0": "newName: docker.io/prom/prometheus", "docker.io/prom/prometheus": "prometheus"} {
		if got := imageProblems(changed(t, "k8s/base/kustomization.yaml", old, with)); len(got) != 1 || !strings.Contains(got[0], "container prometheus") {
			t.Errorf("%q: got %q, want the one of prometheus", with, got)
		}
	}
}
