//go:build linux

package kubenode_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode"
	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
)

const strictNamespace = `
apiVersion: v1
kind: Namespace
metadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: strict}
`

// pod has a container's securityContext in place of CONTEXT.
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: strict}
spec:
  serviceAccountName: web
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers: [{name: web, image: localhost/web:1, securityContext: CONTEXT}]
`

const (
	restricted = `{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}`
	writable   = `{allowPrivilegeEscalation: false, readOnlyRootFilesystem: false, capabilities: {drop: [ALL]}}`
)

const readOnlyRoots = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: read-only-root}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "object.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)", message: a root that can be written}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: read-only-root}
spec: {policyName: read-only-root, validationActions: [Deny]}
`

func TestAnAPIServerAloneDecides(t *testing.T) {
	s := kubenode.APIServer(t)
	kubectl := func(input string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := s.Kubectl(ctx, []byte(input), args...)
		return string(out), err
	}
	must := func(input string, args ...string) string {
		t.Helper()
		out, err := kubectl(input, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	refused := func(err error, why string) bool { return err != nil && strings.Contains(err.Error(), why) }
	try := func(context string) error {
		_, err := kubectl(strings.Replace(pod, "CONTEXT", context, 1), "create", "--dry-run=server", "-f", "-")
		return err
	}

	must(strictNamespace, "apply", "-f", "-")
	if err := try("{}"); !refused(err, `violates PodSecurity "restricted`) {
		t.Errorf("a plain pod in a restricted namespace: %v", err)
	}
	for _, context := range []string{restricted, writable} {
		if err := try(context); err != nil {
			t.Errorf("a pod with %s: %v", context, err)
		}
	}
	must(readOnlyRoots, "apply", "-f", "-")
	var err error
	for end := time.Now().Add(20 * time.Second); !refused(err, "a root that can be written") && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		err = try(writable)
	}
	if !refused(err, "a root that can be written") {
		t.Errorf("a pod that a ValidatingAdmissionPolicy is against: %v", err)
	}
	if err := try(restricted); err != nil {
		t.Errorf("a pod that it is for: %v", err)
	}

	const account = "--as=system:serviceaccount:strict:web"
	if out, err := kubectl("", "auth", "can-i", "get", "secrets", "-n", "strict", account); err == nil || strings.TrimSpace(out) != "no" {
		t.Errorf("an account without rights may read Secrets: %q, %v", out, err)
	}
	must("", "-n", "strict", "create", "role", "reader", "--verb=get", "--resource=secrets", "--resource-name=one")
	must("", "-n", "strict", "create", "rolebinding", "reader", "--role=reader", "--serviceaccount=strict:web")
	must("", "auth", "can-i", "get", "secrets/one", "-n", "strict", account)
	if out, err := kubectl("", "auth", "can-i", "get", "secrets/two", "-n", "strict", account); err == nil {
		t.Errorf("it may read another one than it was allowed: %q", out)
	}

	anybody := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // only to be refused
	response, err := anybody.Get(s.URL() + "/api/v1/namespaces")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a certificate: %s", response.Status)
	}

	must("", "-n", "strict", "create", "secret", "generic", "findable-name", "--from-literal=value=unfindable-value")
	data := filepath.Join(filepath.Dir(filepath.Dir(s.Kubeconfig())), "etcd")
	var stored []byte
	for end := time.Now().Add(20 * time.Second); !bytes.Contains(stored, []byte("findable-name")) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		stored = everything(t, data)
	}
	if !bytes.Contains(stored, []byte("findable-name")) || bytes.Contains(stored, []byte("unfindable-value")) {
		t.Errorf("among etcd's files the name of a Secret is %t, what it holds %t", bytes.Contains(stored, []byte("findable-name")), bytes.Contains(stored, []byte("unfindable-value")))
	}
}

// everything is what stands in the files of a folder.
func everything(t *testing.T, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all = append(all, text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheAPIServerEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string {
		address, _ := strings.CutPrefix(kubenode.APIServer(t).URL(), "https://")
		return address
	})
}
