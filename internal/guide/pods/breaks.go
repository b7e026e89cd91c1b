package pods

import (
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

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
	binding := breaks.Object{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings", Name: ofPods, OfCluster: true}
	policy := breaks.Object{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies", Name: ofPods, OfCluster: true}
	return []guide.Break{
		breaks.Change("not-enforced", "baseline is enforced", namespace, label("enforce", "baseline"), "P1/violation-admitted"),
		breaks.Change("not-told", "who applies a pod is warned of less", namespace, label("warn", "baseline")),
		breaks.Change("not-restricted", "the next pods of the api may gain privileges", workload("deployments", "api"), containers(true, "securityContext", "allowPrivilegeEscalation"), "P1/ours-refused"),
		breaks.Change("writable-root", "the root of the next pods of the api can be written", workload("deployments", "api"), containers(false, "securityContext", "readOnlyRootFilesystem"), "P1/ours-refused"),
		breaks.Change("ours-refused", "the next pods of the api have an image by its tag", workload("deployments", "api"), containers("localhost/stellar-escrow-api:latest", "image")),
		breaks.Remove("violation-admitted", "nothing binds the policy of pods", binding, "P1/admission-differs"),
		breaks.Change("policy-got-round", "what the policy of pods cannot be evaluated for is let in", policy, func(o breaks.Fields) error { return o.Set("Ignore", "spec", "failurePolicy") }, "P1/admission-differs"),
		breaks.Change("admission-differs", "what the policy of pods refuses is audited no more", binding, func(o breaks.Fields) error { return o.Set([]any{"Deny"}, "spec", "validationActions") }),
	}
}
