//go:build linux

package csifiles

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
)

// folders are volumes without a mount.
type folders struct{}

func (folders) write(target string, files map[string][]byte) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	return fill(target, files)
}

func (folders) remove(target string) error { return os.RemoveAll(target) }

type world struct {
	*plugin
	t     *testing.T
	api   *fake.Clientset
	store string
	pods  string // their volumes
}

// newWorld has a class with two values, one of which is synced into Secret "synced".
func newWorld(t *testing.T, before ...runtime.Object) *world {
	t.Helper()
	class := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": classes.GroupVersion().String(), "kind": "SecretProviderClass", "metadata": map[string]any{"namespace": "app", "name": "it"},
		"spec": map[string]any{
			"provider": "aws", "parameters": map[string]any{"region": "us-east-1", "objects": `
- objectName: app/db
  objectType: secretsmanager
  jmesPath: [{path: PASSWORD, objectAlias: PASSWORD}, {path: OTHER, objectAlias: OTHER}]`},
			"secretObjects": []any{map[string]any{"secretName": "synced", "data": []any{map[string]any{"objectName": "PASSWORD", "key": "password"}}}},
		},
	}}
	w := &world{t: t, api: fake.NewClientset(before...), store: t.TempDir(), pods: t.TempDir()}
	w.plugin = &plugin{
		node: "node1", secrets: NewSecrets(w.api), store: os.DirFS(w.store), volumes: folders{},
		api: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
			classes: "SecretProviderClassList", statuses: "SecretProviderClassPodStatusList",
		}, class),
	}
	w.rotate("first")
	return w
}

func (w *world) rotate(password string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(w.store, "app"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.store, "app", "db"), []byte(`{"PASSWORD":"`+password+`","OTHER":"x"}`), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) publish(pod string, change ...string) error {
	v := map[string]string{
		"csi.storage.k8s.io/pod.namespace": "app", "csi.storage.k8s.io/pod.name": pod, "csi.storage.k8s.io/pod.uid": "u-" + pod, "secretProviderClass": "it",
		"csi.storage.k8s.io/serviceAccount.tokens": `{"sts.amazonaws.com":{"token":"t","expirationTimestamp":"2026-01-01T00:00:00Z"}}`,
	}
	for i := 0; i < len(change); i += 2 {
		v[change[i]] = change[i+1]
	}
	_, err := w.NodePublishVolume(w.t.Context(), &csi.NodePublishVolumeRequest{TargetPath: filepath.Join(w.pods, pod), VolumeContext: v})
	return err
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) unpublish(pod string) {
	w.t.Helper()
	_, err := w.NodeUnpublishVolume(w.t.Context(), &csi.NodeUnpublishVolumeRequest{TargetPath: filepath.Join(w.pods, pod)})
	w.must(err)
}

// holds compares a pod's file and the Secret; "" for one that is not there.
func (w *world) holds(pod, file, secret string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.pods, pod, "PASSWORD"))
	if string(text) != file || (err == nil) != (file != "") {
		w.t.Errorf("the file of %s is %q, %v, want %q", pod, text, err, file)
	}
	s, err := w.api.CoreV1().Secrets("app").Get(context.Background(), "synced", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		w.t.Fatal(err)
	}
	if (err == nil) != (secret != "") || err == nil && (string(s.Data["password"]) != secret || len(s.Data) != 1 || s.Type != corev1.SecretTypeOpaque || s.Labels[managed] != "true") {
		w.t.Errorf("the Secret is %v, %v, want %q", s, err, secret)
	}
}

// TestASecretLivesAsLongAsItsPods mounts, rotates, and unmounts one pod after the other.
func TestASecretLivesAsLongAsItsPods(t *testing.T) {
	w := newWorld(t)
	w.holds("a", "", "")
	w.must(w.publish("a"))
	w.must(w.publish("b"))
	w.holds("a", "first", "first")
	w.rotate("second")
	w.holds("a", "first", "first") // until the kubelet asks again
	w.must(w.publish("a"))
	w.holds("a", "second", "second")
	w.holds("b", "first", "second")
	w.must(w.publish("b"))
	w.holds("b", "second", "second")
	w.unpublish("a")
	w.holds("a", "", "second")
	w.unpublish("a") // the kubelet asks until it has heard
	w.holds("b", "second", "second")
	w.unpublish("b")
	w.holds("b", "", "")
	w.must(w.publish("c"))
	w.holds("c", "second", "second")
}

func TestFilesThatAreNoLongerNamedGo(t *testing.T) {
	w := newWorld(t)
	w.must(w.publish("a"))
	if err := os.WriteFile(filepath.Join(w.pods, "a", "stale"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(w.publish("a"))
	entries, err := os.ReadDir(filepath.Join(w.pods, "a"))
	if err != nil || len(entries) != 3 { // OTHER, PASSWORD and the secret itself
		t.Errorf("%v, %v", entries, err)
	}
}

// TestAStatusTellsOfTheMount also looks at whose it is, so that it goes with the pod.
func TestAStatusTellsOfTheMount(t *testing.T) {
	w := newWorld(t)
	w.must(w.publish("a"))
	all := w.plugin.api.Resource(statuses).Namespace("app")
	u, err := all.Get(t.Context(), "a-app-it", metav1.GetOptions{})
	w.must(err)
	version := func() string {
		objects, _, err := unstructured.NestedSlice(u.Object, "status", "objects")
		w.must(err)
		o, ok := objects[0].(map[string]any)
		if len(objects) != 1 || !ok || o["id"] != "app/db" {
			t.Fatalf("objects %v", objects)
		}
		return o["version"].(string)
	}
	first := version()
	pod, _, _ := unstructured.NestedString(u.Object, "status", "podName")
	mounted, _, _ := unstructured.NestedBool(u.Object, "status", "mounted")
	if owners := u.GetOwnerReferences(); pod != "a" || !mounted || len(owners) != 1 || owners[0].Kind != "Pod" || owners[0].UID != "u-a" {
		t.Errorf("%v", u.Object)
	}
	w.rotate("second, and longer")
	w.must(w.publish("a"))
	u, err = all.Get(t.Context(), "a-app-it", metav1.GetOptions{})
	w.must(err)
	if version() == first {
		t.Errorf("the version stays %s after another value was written", first)
	}
}

func TestPublishRefuses(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		change []string
		says   string
	}{
		"no token":           {[]string{"csi.storage.k8s.io/serviceAccount.tokens", ""}, "no token for sts.amazonaws.com"},
		"a token of another": {[]string{"csi.storage.k8s.io/serviceAccount.tokens", `{"vault":{"token":"t"}}`}, "no token for sts.amazonaws.com"},
		"no such class":      {[]string{"secretProviderClass", "none"}, "read SecretProviderClass app/none"},
	} {
		if err := w.publish("a", test.change...); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.holds("a", "", "")
	if err := os.Remove(filepath.Join(w.store, "app", "db")); err != nil {
		t.Fatal(err)
	}
	if err := w.publish("a"); err == nil || !strings.Contains(err.Error(), `secret "app/db"`) {
		t.Errorf("without the secret: %v", err)
	}
	w.holds("a", "", "")
}

// TestASecretOfOthersIsLeftAlone: written into, it would be lost when the pod goes.
func TestASecretOfOthersIsLeftAlone(t *testing.T) {
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "app", Name: "synced"}, Data: map[string][]byte{"password": []byte("theirs")}}
	w := newWorld(t, theirs)
	if err := w.publish("a"); err == nil || !strings.Contains(err.Error(), "somebody else made") {
		t.Errorf("%v", err)
	}
	w.unpublish("a")
	s, err := w.api.CoreV1().Secrets("app").Get(t.Context(), "synced", metav1.GetOptions{})
	if err != nil || string(s.Data["password"]) != "theirs" {
		t.Errorf("the Secret is %v, %v", s, err)
	}
	ours := theirs.DeepCopy()
	ours.Labels, ours.Type = map[string]string{managed: "true"}, corev1.SecretTypeTLS
	if err := newWorld(t, ours).publish("a"); err == nil || !strings.Contains(err.Error(), "of type kubernetes.io/tls") {
		t.Errorf("%v", err)
	}
}
