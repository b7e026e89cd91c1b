package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
)

// apiserverTestSrv stands in for an API server: it answers what it is told to, and lists of nothing otherwise. The real one is asked in test/cluster.
func apiserverTestSrv(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool) *cluster.Cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if answer(w, r) {
			return
		}
		fmt.Fprint(w, `{"apiVersion": "v1", "kind": "List", "metadata": {}, "items": []}`)
	}))
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "` + server.URL + `"}}], users: [{name: u, user: {}}], contexts: [{name: here, context: {cluster: c, user: u}}]}`
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Open(facts.Cluster{Kubeconfig: kubeconfig, Context: "here", Namespace: "stellar-escrow"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refuse(w http.ResponseWriter, code int, reason, message string) bool {
	w.WriteHeader(code)
	text, _ := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code})
	w.Write(text)
	return true
}

func TestOpen(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if _, err := cluster.Open(facts.Cluster{Kubeconfig: kubeconfig, Context: "here"}); err == nil || !strings.Contains(err.Error(), kubeconfig) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(kubeconfig, []byte("{apiVersion: v1, kind: Config, current-context: other, clusters: [{name: c, cluster: {server: http://127.0.0.1:1}}], contexts: [{name: other, context: {cluster: c}}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Open(facts.Cluster{Kubeconfig: kubeconfig, Context: "here"}); err == nil || !strings.Contains(err.Error(), `no context "here"`) {
		t.Errorf("another context is taken: %v", err)
	}
}

// Whoever may not see one resource sees the others, and what could not be seen has its name.
func TestWhatMayNotBeSeen(t *testing.T) {
	c := apiserverTestSrv(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s: it shall change nothing", r.Method, r.URL)
		}
		switch path.Base(r.URL.Path) {
		case "networkpolicies":
			return refuse(w, http.StatusForbidden, "Forbidden", "not for you")
		case "secrets":
			if !strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList") {
				t.Errorf("secrets are asked for as %q: their values come along", r.Header.Get("Accept"))
			}
			fmt.Fprint(w, `{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": {}, "items": [{"metadata": {"name": "a", "labels": {"l": "v"},
				"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "of-somebody"}, "ownerReferences": [{"kind": "Pod", "name": "p"}]}}]}`)
			return true
		case "pods":
			if r.URL.Query().Get("continue") == "" {
				fmt.Fprint(w, `{"apiVersion": "v1", "kind": "PodList", "metadata": {"continue": "more"}, "items": [
					{"metadata": {"name": "api-x-1", "namespace": "stellar-escrow", "uid": "3", "ownerReferences": [{"kind": "ReplicaSet", "name": "api-x", "uid": "2", "controller": true}]}, "status": {"phase": "Running"}},
					{"metadata": {"name": "done", "namespace": "stellar-escrow", "uid": "4"}, "status": {"phase": "Succeeded"}}]}`)
				return true
			}
			fmt.Fprint(w, `{"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [{"metadata": {"name": "other", "namespace": "elsewhere", "uid": "5"}}]}`)
			return true
		case "replicasets":
			fmt.Fprint(w, `{"apiVersion": "apps/v1", "kind": "ReplicaSetList", "metadata": {}, "items": [{"metadata": {"name": "api-x", "namespace": "stellar-escrow", "uid": "2",
				"ownerReferences": [{"kind": "Deployment", "name": "api", "uid": "1", "controller": true}]}}]}`)
			return true
		case "deployments":
			fmt.Fprint(w, `{"apiVersion": "apps/v1", "kind": "DeploymentList", "metadata": {}, "items": [{"metadata": {"name": "api", "namespace": "stellar-escrow", "uid": "1"}}]}`)
			return true
		}
		return false
	})
	f := c.Look(t.Context())
	if err := f.Seen("networkpolicies"); err == nil || !strings.Contains(err.Error(), "networkpolicies could not be read") || !strings.Contains(err.Error(), "not for you") {
		t.Errorf("%v", err)
	}
	if err := f.Seen("pods", "secrets", "roles"); err != nil {
		t.Errorf("%v", err)
	}
	if len(f.Pods) != 2 || f.Pods[0].By.String() != "Deployment stellar-escrow/api" || !f.Pods[0].Running() || f.Pods[1].By.String() != "Pod elsewhere/other" || f.Pods[1].Running() {
		t.Errorf("%+v", f.Pods)
	}
	var made []string
	for _, w := range f.Set.Workloads() {
		made = append(made, w.String()+" "+w.APIVersion)
	}
	if got := strings.Join(made, ", "); got != "Deployment stellar-escrow/api apps/v1, Deployment stellar-escrow/api v1" {
		t.Errorf("what makes pods: %s", got)
	}
	if len(f.Secrets) != 1 || f.Secrets[0].Labels["l"] != "v" || strings.Contains(fmt.Sprintf("%+v", f.Secrets), "of-somebody") {
		t.Errorf("%+v", f.Secrets)
	}
}

func TestAClusterThatCannotBeAsked(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, end chan struct{}) bool{
		"it hangs":          func(_ http.ResponseWriter, end chan struct{}) bool { <-end; return true },
		"it talks nonsense": func(w http.ResponseWriter, _ chan struct{}) bool { fmt.Fprint(w, "<html>"); return true },
	} {
		t.Run(name, func(t *testing.T) {
			end := make(chan struct{})
			c := apiserverTestSrv(t, func(w http.ResponseWriter, _ *http.Request) bool { return answer(w, end) })
			t.Cleanup(func() { close(end) }) // before the server is closed, which waits for its answers
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			f := c.Look(ctx)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			for _, resource := range []string{"pods", "secrets", "networkpolicies"} {
				if f.Seen(resource) == nil {
					t.Errorf("%s were seen", resource)
				}
			}
			if _, err := c.Accesses(ctx); err == nil {
				t.Error("its resources are known")
			}
			if _, err := c.Allowed(ctx, []cluster.Subject{cluster.Account("n", "a")}, []cluster.Access{{Verb: "get", Resource: "pods"}}); err == nil {
				t.Error("it has answered who may do what")
			}
			if _, err := c.Admit(ctx, "p", corev1.PodSpec{}, nil); err == nil {
				t.Error("it has answered whether it would take a pod")
			}
		})
	}
}

// A refusal is an answer about the pod only if it is of the pod.
func TestWhoRefusesAPod(t *testing.T) {
	for name, c := range map[string]struct {
		code            int
		reason, message string
		by              string // empty: no answer
	}{
		"the standard":          {403, "Forbidden", `pods "p" is forbidden: violates PodSecurity "restricted:latest": privileged`, "PodSecurity"},
		"a policy of ours":      {422, "Invalid", `pods "p" is forbidden: ValidatingAdmissionPolicy 'stellar-escrow-pods' with binding 'b' denied request: P1`, "ValidatingAdmissionPolicy stellar-escrow-pods"},
		"we may not ask":        {403, "Forbidden", `pods is forbidden: User "auditor" cannot create resource "pods"`, ""},
		"a field that is wrong": {422, "Invalid", `Pod "p" is invalid: spec.containers: Required value`, ""},
		"the server is broken":  {500, "InternalError", `violates PodSecurity`, ""},
	} {
		server := apiserverTestSrv(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || r.URL.Query().Get("dryRun") != "All" {
				t.Errorf("%s %s: that would be done", r.Method, r.URL)
			}
			return refuse(w, c.code, c.reason, c.message)
		})
		got, err := server.Admit(t.Context(), "p", corev1.PodSpec{}, nil)
		if got.Admitted || got.By != c.by || (err == nil) != (c.by != "") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// An answer without an end is no more than an error, soon, and in the errors alone.
func TestAnAnswerThatDoesNotEnd(t *testing.T) {
	stderr := os.Stderr
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = write
	defer func() { os.Stderr = stderr }()
	server := apiserverTestSrv(t, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/namespaces/stellar-escrow") {
			return false
		}
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("["), 1<<16)); err != nil {
				break
			}
		}
		return true
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = server.Look(ctx).Seen("pods", "networkpolicies", "secrets")
	write.Close()
	said, _ := io.ReadAll(read)
	if err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") || ctx.Err() != nil || len(said) > 0 {
		t.Errorf("%v; on standard error %q", err, said)
	}
}
