package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/pod-security-admission/api"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

func p1() guide.Control {
	const hardened = "            readOnlyRootFilesystem: true\n            capabilities: {drop: [ALL]}\n          volumeMounts:\n            - {name: stellar-escrow-secrets"
	return guide.Control{
		ID:     "P1",
		Clause: "the namespace enforces Pod Security Standard `restricted`; no privileged, no host namespaces, read-only root filesystem",
		Question: "Of each overlay: do the namespace's labels enforce, audit and warn of `restricted`, does the code that the API server judges by admit every pod of ours, has every container a " +
			"read-only root, is no object there of a kind that is not on the list of what may be, and do that code and the policies of admission, evaluated, refuse a pod in each way that one can be wrong, with no way round, and take ours? Running: the same of the " +
			"cluster's namespace and pods; and does its API server, asked to take each but to leave it undone, take every pod of ours, and refuse a pod in each way that one can be wrong?",
		Modes: []guide.Mode{
			{Name: "not-enforced", What: "the namespace does not have every pod refused that is not restricted"},
			{Name: "not-told", What: "the namespace does not have it audited, or whoever applies it warned"},
			{Name: "not-restricted", What: "a pod is not what `restricted` allows: the API server would refuse it, or it runs with what it should not have"},
			{Name: "writable-root", What: "a container's root can be written, which `restricted` leaves open"},
			{Name: "shared-processes", What: "the containers of a pod see each other's processes, and by them each other's files"},
			{Name: "elsewhere", What: "an overlay has a pod in another namespace, where none of this is asked of it"},
			{Name: "unknown-kind", What: "an overlay has an object of a kind that nobody has looked at: there are some that change pods on their way in, or give them the node's files"},
			{Name: "no-namespace", What: "the overlay, or the cluster, has no namespace of the platform's"},
			{Name: "ours-refused", What: "the API server would not take a pod of ours: the next one does not start"},
			{Name: "violation-admitted", What: "the API server would take a pod that it has to refuse"},
			{Name: "policy-got-round", What: "a policy of admission refuses a wrong pod only as long as whoever makes it does not get round it: by a label, a name, or where it cannot be evaluated"},
			{Name: "admission-differs", What: "a policy of admission is not in the cluster, or means something else there", Running: true},
		},
		Mutations: append([]guide.Mutation{
			deployment.Change("not-enforced", "baseline is enforced", "namespace.yaml", "pod-security.kubernetes.io/enforce: restricted", "pod-security.kubernetes.io/enforce: baseline"),
			deployment.Change("not-enforced", "the label is gone", "namespace.yaml", "    pod-security.kubernetes.io/enforce: restricted\n", ""),
			deployment.Change("not-enforced", "what was restricted years ago is enforced", "namespace.yaml", "enforce-version: latest", "enforce-version: v1.18"),
			deployment.Change("not-told", "who applies a pod is warned of less", "namespace.yaml", "pod-security.kubernetes.io/warn: restricted", "pod-security.kubernetes.io/warn: baseline"),
			deployment.Change("not-told", "nothing is audited", "namespace.yaml", "pod-security.kubernetes.io/audit: restricted", "pod-security.kubernetes.io/audit: privileged"),
			deployment.Change("not-restricted", "the api runs as root", "api.yaml", "        runAsNonRoot: true\n        runAsUser: 65532\n", "        runAsUser: 0\n"),
			deployment.Change("not-restricted", "the api sees the node's processes", "api.yaml", "      enableServiceLinks: false\n", "      enableServiceLinks: false\n      hostPID: true\n"),
			deployment.Change("not-restricted", "the api may gain privileges", "api.yaml", "            allowPrivilegeEscalation: false\n", "            allowPrivilegeEscalation: true\n"),
			deployment.Change("not-restricted", "the api keeps capabilities", "api.yaml", "            capabilities: {drop: [ALL]}\n", "            capabilities: {drop: [ALL], add: [NET_ADMIN]}\n"),
			deployment.Change("not-restricted", "the api has no seccomp profile", "api.yaml", "        seccompProfile: {type: RuntimeDefault}\n", ""),
			deployment.Change("not-restricted", "the api mounts a folder of the node", "api.yaml", "      volumes:\n", "      volumes:\n        - {name: node, hostPath: {path: /}}\n"),
			deployment.Change("no-namespace", "the namespace is made by somebody else", "kustomization.yaml", "  - namespace.yaml\n", ""),
			deployment.Change("writable-root", "the api's root can be written", "api.yaml", hardened, strings.Replace(hardened, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", 1)),
			deployment.Change("not-restricted", "the api runs as root in a user namespace", "api.yaml", "      securityContext:\n        runAsNonRoot: true\n        runAsUser: 65532\n", "      hostUsers: false\n      securityContext:\n        runAsUser: 0\n"),
			deployment.Change("shared-processes", "the api's containers see each other's processes", "api.yaml", "      enableServiceLinks: false\n", "      enableServiceLinks: false\n      shareProcessNamespace: true\n"),
			beside("unknown-kind", "an overlay has a volume that is the node's root", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: more}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /}}\n"),
			beside("unknown-kind", "an overlay has a webhook that changes pods", "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: more}\nwebhooks: []\n"),
			beside("elsewhere", "an overlay has a pod in the namespace of the system", "apiVersion: v1\nkind: Pod\nmetadata: {name: more, namespace: kube-system}\nspec: {containers: [{name: more, image: \"docker.io/library/redis:7.2.11-bookworm\", securityContext: {privileged: true}}]}\n"),
			deployment.Patch("not-enforced", "baseline is enforced in production-managed alone", "production-managed", "{kind: Namespace}", "{op: replace, path: /metadata/labels/pod-security.kubernetes.io~1enforce, value: baseline}"),
			deployment.Patch("not-told", "nothing is audited in staging alone", "staging", "{kind: Namespace}", "{op: remove, path: /metadata/labels/pod-security.kubernetes.io~1audit}"),
			deployment.Patch("not-restricted", "the indexer may gain privileges in staging alone", "staging", "{kind: Deployment, name: indexer}", "{op: replace, path: /spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation, value: true}"),
			deployment.Patch("writable-root", "the indexer's root can be written in dev alone", "dev", "{kind: Deployment, name: indexer}", "{op: replace, path: /spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem, value: false}"),
		}, weakened()...),
		Breaks: breakAdmission(),
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			return deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgeRestricted(ctx, t, o) })
		},
		Running: runAdmission,
		Agree:   agreeAdmission,
	}
}

// kinds are those that an overlay may have: they make pods, which are judged here; or a clause of this guide judges them; or they do nothing to pods but where and how many of them run. Of what is not here it is not known.
func kinds() []string {
	return []string{
		"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "PodTemplate",
		"NetworkPolicy", "Service", "Ingress", "ConfigMap", "Secret", "SecretProviderClass", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
		"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
		"HorizontalPodAutoscaler", "PodDisruptionBudget", "PriorityClass", "PersistentVolumeClaim", "LimitRange", "ResourceQuota", "IngressClass",
	}
}

func judgeRestricted(ctx context.Context, m memory, o deployment.Overlay) guide.Result {
	subjects, findings := restricted(o.Set)
	for _, w := range o.Set.Workloads() {
		if w.Namespace != deployment.NamespaceOf(o.Set) {
			findings = append(findings, guide.Finding{Mode: "elsewhere", Subject: w.String(), Detail: "put it into the namespace " + deployment.NamespaceOf(o.Set) + ", or into a kustomization of its own", At: deployment.At(w.Object)})
		}
	}
	for _, one := range o.Set.Objects() {
		if !slices.Contains(kinds(), one.Kind) {
			findings = append(findings, guide.Finding{Mode: "unknown-kind", Subject: one.String(), Detail: "nobody has looked at what it does to pods: take it away", At: deployment.At(one)})
		}
	}
	more, wrong, err := judgePolicies(ctx, m, o)
	if err != nil && len(findings) == 0 {
		return guide.NoEvidence("%v", err)
	}
	return deployment.Once(append(subjects, more...), append(findings, wrong...))
}

func restricted(set *kube.Set) (subjects []guide.Subject, findings []guide.Finding) {
	found := false
	for _, n := range set.Namespaces() {
		if n.Name != deployment.NamespaceOf(set) {
			continue
		}
		found = true
		policy, err := kube.PodSecurity(n)
		if err != nil {
			findings = append(findings, guide.Finding{Mode: "not-enforced", Subject: n.String(), Detail: err.Error(), At: deployment.At(n.Object)})
			continue
		}
		if policy.Enforce.Level != api.LevelRestricted {
			findings = append(findings, guide.Finding{Mode: "not-enforced", Subject: n.String(), Detail: fmt.Sprintf("%s is enforced: write pod-security.kubernetes.io/enforce: restricted", policy.Enforce.Level), At: deployment.At(n.Object)})
		}
		if policy.Enforce.Version != api.LatestVersion() {
			findings = append(findings, guide.Finding{Mode: "not-enforced", Subject: n.String(), Detail: fmt.Sprintf("what %s called restricted is enforced, which may leave out what is asked today: write pod-security.kubernetes.io/enforce-version: latest", policy.Enforce.Version), At: deployment.At(n.Object)})
		}
		if policy.Audit.Level != api.LevelRestricted || policy.Warn.Level != api.LevelRestricted {
			findings = append(findings, guide.Finding{Mode: "not-told", Subject: n.String(), Detail: fmt.Sprintf("audited is %s, warned of is %s: write restricted for both", policy.Audit.Level, policy.Warn.Level), At: deployment.At(n.Object)})
		}
		subjects = append(subjects, guide.Subject{Name: n.String(), Evidence: "enforces, audits and warns of restricted", At: deployment.At(n.Object)})
	}
	if !found {
		findings = append(findings, guide.Finding{Mode: "no-namespace", Subject: deployment.NamespaceOf(set), Detail: "add it with its labels", At: guide.Place{File: deployment.Production}})
	}
	for _, w := range deployment.Workloads(set) {
		judged := w
		judged.Pod.Spec.HostUsers = nil // in a user namespace the standard lets root pass, which the guide does not
		violations, err := kube.Restricted(judged)
		if err != nil {
			findings = append(findings, guide.Finding{Mode: "not-restricted", Subject: w.String(), Detail: "it cannot be judged: " + err.Error(), At: deployment.At(w.Object)})
			continue
		}
		for _, v := range violations {
			findings = append(findings, guide.Finding{Mode: "not-restricted", Subject: w.String(), Detail: v.Check + ": " + v.Reason, At: deployment.At(w.Object)})
		}
		for _, c := range w.Containers() {
			if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
				findings = append(findings, guide.Finding{Mode: "writable-root", Subject: w.String() + " " + c.Name, Detail: "write readOnlyRootFilesystem: true, and an emptyDir for what is written", At: deployment.At(w.Object)})
			}
		}
		if share := w.Pod.Spec.ShareProcessNamespace; share != nil && *share {
			findings = append(findings, guide.Finding{Mode: "shared-processes", Subject: w.String(), Detail: "leave out shareProcessNamespace", At: deployment.At(w.Object)})
		}
		subjects = append(subjects, guide.Subject{Name: w.String(), Evidence: fmt.Sprintf("restricted, %d containers with a read-only root", len(w.Containers())), At: deployment.At(w.Object)})
	}
	return subjects, findings
}
