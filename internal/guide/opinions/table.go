package opinions

import "strings"

// rule says what clauses a rule of a tool is about; none, if the guide asks nothing of the kind. why is the reason of either.
type rule struct {
	tool    string
	rule    string // with * at its end, every rule that begins so and has no line of its own
	clauses []string
	why     string
}

// table has every rule that has been met. Of a rule that it does not have, what a tool dislikes is told as not explained: nobody has thought about it yet.
func table() (all []rule) {
	add := func(tool, why string, clauses []string, names ...string) {
		for _, n := range names {
			all = append(all, rule{tool, n, clauses, why})
		}
	}
	is := func(clauses ...string) []string { return clauses }

	const ck = "checkov"
	add(ck, "what the Pod Security Standard restricted, or the read-only root, asks of a pod", is("P1"),
		"CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_25", "CKV_K8S_26", "CKV_K8S_27", "CKV_K8S_28", "CKV_K8S_29", "CKV_K8S_30", "CKV_K8S_31",
		"CKV_K8S_37", "CKV_K8S_39", "CKV_K8S_40")
	add(ck, "whose account a pod has, and whether it holds a token of it", is("P2"), "CKV_K8S_38", "CKV_K8S_41", "CKV_K8S_42")
	add(ck, "what roles may do", is("P3"), "CKV_K8S_49", "CKV_K8S_155", "CKV_K8S_156", "CKV_K8S_157", "CKV_K8S_158", "CKV2_K8S_1", "CKV2_K8S_2", "CKV2_K8S_3", "CKV2_K8S_4", "CKV2_K8S_5")
	add(ck, "secrets by environment", is("S4"), "CKV_K8S_35")
	add(ck, "a pod that no network policy is about", is("N1"), "CKV2_K8S_6")
	add(ck, "the guide asks Checkov to find nothing in Terraform", is("V7"), "CKV_AWS_*", "CKV2_AWS_*", "CKV_TF_*", "CKV_SECRET_*")
	add(ck, "the age of secrets; and the guide asks Checkov to find nothing in Terraform", is("S6", "V7"), "CKV2_AWS_57")
	add(ck, "secrets are under a key of ours; and the guide asks Checkov to find nothing in Terraform", is("S1", "V7"), "CKV_AWS_149")
	add(ck, "who may start a workflow, and with what", is("V1"), "CKV2_GHA_*", "CKV_GHA_*")
	add(ck, "how Kubernetes runs pods (probes, limits, images, namespaces), of which the guide asks nothing", nil, "CKV_K8S_8", "CKV_K8S_9", "CKV_K8S_1*", "CKV_K8S_21", "CKV_K8S_43")
	add(ck, "the programs of Kubernetes itself, which are the cloud's to start", nil, "CKV_K8S_33", "CKV_K8S_34", "CKV_K8S_6*", "CKV_K8S_7*", "CKV_K8S_8*", "CKV_K8S_9*")
	add(ck, "how an image is built, of which the guide asks nothing but what is in it (V5)", nil, "CKV_DOCKER_*", "CKV2_DOCKER_*")

	const hl = "hadolint"
	add(hl, "who a container runs as where no manifest says otherwise", is("P1"), "DL3002")
	add(hl, "how an image is built, of which the guide asks nothing but what is in it (V5)", nil, "DL*", "SC*")

	const ks = "kube-score"
	add(ks, "what the Pod Security Standard restricted, or the read-only root, asks of a pod", is("P1"), "container-security-context-privileged", "container-security-context-readonlyrootfilesystem",
		"container-security-context-user-group-id", "container-seccomp-profile")
	add(ks, "a pod that no network policy is about, or a policy that is about no pod", is("N1"), "pod-networkpolicy", "networkpolicy-targets-pod")
	add(ks, "how Kubernetes runs pods (probes, limits, images, replicas), of which the guide asks nothing", nil, "container-*", "pod-*", "deployment-*", "statefulset-*", "service-*", "ingress-*", "cronjob-*",
		"horizontalpodautoscaler-*", "poddisruptionbudget-*", "environment-variable-*", "label-values", "stable-version")

	add("promtool", "Prometheus reads its settings, by which alerts are sent", is("M11"), readsConfig)
	add("promtool", "Prometheus reads the rules, of which each alert is one", is("M11"), readsRules)
	add("amtool", "Alertmanager reads its settings, by which alerts reach somebody", is("M11"), readsConfig)

	add("actionlint", "a workflow that GitHub cannot read does not run", is("V1"), "syntax-check", "events", "job-needs", "matrix", "action", "workflow-call", "permissions", "expression", "runner-label", "id", "env-var", "glob",
		"shell-name", "credentials", "deprecated-commands", "if-cond")
	const zz = "zizmor"
	add(zz, "who may start a workflow, and with what", is("V1"), "dangerous-triggers", "bot-conditions")
	add(zz, "a job that writes where it need not; V8 asks for the right to write results alone", is("V8"), "excessive-permissions")
	add(zz, "how safe a workflow is from who changes it, of which the guide asks nothing: the workflow itself runs zizmor and stops on anything", nil, "*")
	return all
}

// ruleOf is the line of the table that a rule of a tool falls under: its own, else the one with the longest beginning.
func ruleOf(lines []rule, tool, name string) (found rule, ok bool) {
	for _, r := range lines {
		begin, open := strings.CutSuffix(r.rule, "*")
		switch {
		case r.tool != tool:
		case r.rule == name:
			return r, true
		case open && strings.HasPrefix(name, begin) && (!ok || len(r.rule) > len(found.rule)):
			found, ok = r, true
		}
	}
	return found, ok
}
