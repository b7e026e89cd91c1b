package netpol_test

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
)

var (
	network = netip.MustParsePrefix("10.244.0.0/24")
	node    = netip.MustParseAddr("10.244.0.1")
)

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}}
}

// running is a pod of namespace app, unless its labels name another under "in".
func running(name, address string, set map[string]string, ports ...corev1.ContainerPort) *corev1.Pod {
	space := "app"
	if set["in"] != "" {
		space = set["in"]
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: space, Labels: set},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Ports: ports}}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
}

// policy reads the spec of one in namespace app.
func policy(t *testing.T, name, spec string) *networkingv1.NetworkPolicy {
	t.Helper()
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "app"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &p.Spec); err != nil {
		t.Fatalf("policy %s: %v", name, err)
	}
	return p
}

func rules(t *testing.T, s netpol.State) string {
	t.Helper()
	text, err := netpol.Rules(s, network, node)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
