package pods

import (
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
)

// Where what P1 breaks stands: the policies of admission are two of one form in one file.
const (
	admissionFile = "k8s/base/admission-policy.yaml"
	thePolicy     = "kind: ValidatingAdmissionPolicy\nmetadata:\n  name: "
	theBinding    = "kind: ValidatingAdmissionPolicyBinding\nmetadata:\n  name: "
	ofPods        = "stellar-escrow-pods"
	ofImages      = "stellar-escrow-images"
)

// weaken is a mutation of one document of the policies' file.
func weaken(mode, what, document, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		text, err := d.Read(admissionFile)
		if err != nil {
			return err
		}
		all := strings.Split(string(text), "\n---\n")
		for i, one := range all {
			if !strings.Contains(one+"\n", document+"\n") {
				continue
			}
			if n := strings.Count(one, old); n != 1 {
				return fmt.Errorf("%s, %s: %q stands there %d times, not once", admissionFile, document, old, n)
			}
			all[i] = strings.Replace(one, old, new, 1)
			return d.Write(admissionFile, []byte(strings.Join(all, "\n---\n")))
		}
		return fmt.Errorf("%s: no %s", admissionFile, document)
	}}
}

// beside is a mutation that makes an overlay of production's with more objects in it, which does not say what namespace they are in.
func beside(mode, what, objects string, also ...string) guide.Mutation {
	const folder = "k8s/overlays/production-and-more/"
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		if err := d.Write(folder+"more.yaml", []byte(objects)); err != nil {
			return err
		}
		return d.Write(folder+"kustomization.yaml", []byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../production, more.yaml]\n"))
	}}
}

// weakened are the ways in which a policy of admission no longer does what it is there for.
func weakened() []guide.Mutation {
	const (
		let, round, ours = "violation-admitted", "policy-got-round", "ours-refused"
		fails            = "  failurePolicy: Fail\n"
		constraints      = "  matchConstraints:\n"
		rules            = "    resourceRules:\n"
		readOnly         = "variables.ephemeral.all(c, c.?securityContext.?readOnlyRootFilesystem.orValue(false))"
		binds            = "  validationActions: [Deny, Audit]"
		validations      = "  validations:\n"
		digests          = "variables.containers.all(c, c.image.matches('^[^@]+@sha256:[0-9a-f]{64}$'))"
	)
	pods, images := thePolicy+ofPods, thePolicy+ofImages
	return []guide.Mutation{
		weaken(let, "what the policy of pods forbids is only warned of", theBinding+ofPods, binds, "  validationActions: [Warn, Audit]"),
		weaken(let, "images by their tags are only written into the audit log", theBinding+ofImages, binds, "  validationActions: [Audit]"),
		weaken(let, "the policy of pods is bound in another namespace", theBinding+ofPods, binds, binds+"\n  matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: another}}}"),
		weaken(let, "two bindings bind one policy, and nothing the other", theBinding+ofImages, "policyName: "+ofImages, "policyName: "+ofPods),
		weaken(let, "the policy of pods is of another namespace", pods, "metadata.name: stellar-escrow", "metadata.name: another"),
		weaken(let, "whatever the root of a container is, it is well", pods, readOnly, readOnly+" || true"),
		weaken(let, "containers that start a pod may have any root", pods, "object.spec.containers + object.spec.?initContainers.orValue([])", "object.spec.containers"),
		weaken(let, "a pod may ask for a token of the API server itself", pods, "'sts.amazonaws.com', 'pods", "'', 'sts.amazonaws.com', 'pods"),
		weaken(let, "root is let in, in a user namespace", pods, "object.spec.?hostUsers.orValue(true) || variables.user != 0 &&", "variables.user >= 0 || variables.user != 0 &&"),
		weaken(let, "processes may be shared", pods, "object.spec.?shareProcessNamespace.orValue(false) == false", "object.spec.?shareProcessNamespace.orValue(false) in [true, false]"),
		weaken(let, "the policy of images is not asked about pods that are changed", images, "operations: [CREATE, UPDATE]", "operations: [CREATE]"),
		weaken(let, "nor about containers that debug a pod", images, "resources: [pods, pods/ephemeralcontainers]", "resources: [pods]"),
		weaken(let, "pods are left out of the policy of images", images, rules, "    excludeResourceRules:\n      - {apiGroups: [\"*\"], apiVersions: [\"*\"], operations: [\"*\"], resources: [\"*/*\"]}\n"+rules),
		weaken(let, "images of one registry are as they like", images, digests, "variables.containers.all(c, c.image.startsWith('registry.example/') || c.image.matches('^[^@]+@sha256:[0-9a-f]{64}$'))"),
		weaken(let, "containers of one image may have any root", pods, "variables.containers.all(c, c.?securityContext.?readOnlyRootFilesystem", "variables.containers.all(c, c.image.contains('/tools') || c.?securityContext.?readOnlyRootFilesystem"),
		weaken(let, "one user may do what it likes", pods, readOnly, readOnly+" || variables.user == 4711"),
		weaken(let, "a digest may be of any form", images, "variables.containers.all(c, c.image.matches('^[^@]+@sha256:[0-9a-f]{64}$'))", "variables.containers.all(c, c.image.matches('^[^@]+'))"),
		weaken(let, "what stands in the policy of images is no expression", images, digests, "variables.containers.every(c, c.image.matches('@sha256:'))"),
		weaken(let, "the policy of images goes by a ConfigMap", images, fails, fails+"  paramKind: {apiVersion: v1, kind: ConfigMap}\n"),
		deployment.Patch(let, "in staging alone what the policy of pods forbids is only warned of", "staging", "{kind: ValidatingAdmissionPolicyBinding, name: "+ofPods+"}", "{op: replace, path: /spec/validationActions, value: [Warn]}"),
		deployment.Drop(let, "in staging alone nothing binds the policy of images", "staging", "{kind: ValidatingAdmissionPolicyBinding, name: "+ofImages+"}"),
		weaken(round, "what the policy of pods cannot be evaluated for is let in", pods, fails, "  failurePolicy: Ignore\n"),
		weaken(round, "the policy of pods is not of pods that have a label", pods, constraints, constraints+"    objectSelector: {matchExpressions: [{key: debug, operator: DoesNotExist}]}\n"),
		weaken(round, "the policy of images is not of pods of a name", images, rules, "    excludeResourceRules:\n      - {apiGroups: [\"\"], apiVersions: [v1], operations: [\"*\"], resources: [pods], resourceNames: [debug]}\n"+rules),
		weaken(round, "a condition leaves out pods that have an annotation", images, constraints, "  matchConditions:\n    - {name: not-a-try, expression: \"!object.metadata.?annotations['try'].hasValue()\"}\n"+constraints),
		weaken(round, "it is bound for pods without a label alone", theBinding+ofPods, binds, binds+"\n  matchResources: {objectSelector: {matchExpressions: [{key: debug, operator: DoesNotExist}]}}"),
		weaken(round, "a container of a name may have any root", pods, readOnly, "variables.ephemeral.all(c, c.name == 'debug' || c.?securityContext.?readOnlyRootFilesystem.orValue(false))"),
		weaken(round, "pods of many containers are let in", images, digests, "variables.containers.size() > 5 || "+digests),
		weaken(round, "images are as they like for somebody", images, digests, "request.userInfo.username == 'deployer' || "+digests),
		weaken(ours, "a policy asks for what no pod of ours has", pods, validations, validations+"    - {expression: has(object.spec.runtimeClassName), message: \"name a runtime class\"}\n"),
		weaken(ours, "images are of another registry", images, digests, "variables.containers.all(c, c.image.startsWith('registry.example/'))"),
	}
}
