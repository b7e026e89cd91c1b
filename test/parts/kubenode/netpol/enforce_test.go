package netpol_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
)

// loads is what an Enforcer puts in place; the one that refuse names fails once.
type loads struct {
	rules  chan string
	refuse string
}

func (l *loads) load(_ context.Context, rules string) error {
	if l.refuse != "" && strings.Contains(rules, l.refuse) {
		l.refuse = ""
		return errors.New("refused")
	}
	l.rules <- rules
	return nil
}

// until waits for rules that hold a text.
func (l *loads) until(t *testing.T, text string) {
	t.Helper()
	last := ""
	for timeout := time.After(30 * time.Second); ; {
		select {
		case last = <-l.rules:
			if strings.Contains(last, text) {
				return
			}
		case <-timeout:
			t.Fatalf("no rules hold %q; the last were\n%s", text, last)
		}
	}
}

// TestEnforceFollows starts with nothing known, and takes up what the API says then and later; rules that cannot be put in place are tried again.
func TestEnforceFollows(t *testing.T) {
	api := fake.NewClientset(namespace("app"), running("web", "10.244.0.10", nil))
	l := &loads{rules: make(chan string, 100), refuse: "10.244.0.12"}
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	done, known := make(chan error, 1), make(chan struct{})
	go func() {
		done <- netpol.Enforce(ctx, netpol.Options{API: api, Network: network, Node: node, Load: l.load, Out: &out, Known: func() { close(known) }})
	}()
	if first := <-l.rules; !strings.Contains(first, "set known { type ipv4_addr; }") || strings.Contains(first, "jump") {
		t.Errorf("the first rules know somebody:\n%s", first)
	}
	l.until(t, "elements = { 10.244.0.10 }")
	<-known
	if _, err := api.CoreV1().Pods("app").Create(ctx, running("db", "10.244.0.11", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until(t, "elements = { 10.244.0.10, 10.244.0.11 }")
	if _, err := api.NetworkingV1().NetworkPolicies("app").Create(ctx, policy(t, "deny", `{podSelector: {}}`), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until(t, "10.244.0.11 : jump ingress_10_244_0_11")
	if err := api.CoreV1().Pods("app").Delete(ctx, "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until(t, "elements = { 10.244.0.11 }")
	if _, err := api.CoreV1().Pods("app").Create(ctx, running("new", "10.244.0.12", nil), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	l.until(t, "elements = { 10.244.0.11, 10.244.0.12 }")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if text := out.String(); strings.Count(text, "the rules of before stay: refused") != 1 || !strings.HasSuffix(text, "1 policies, 2 pods\n") {
		t.Errorf("it said\n%s", text)
	}
}

// TestEnforceNeedsItsFirstRules: without them nobody would be cut off.
func TestEnforceNeedsItsFirstRules(t *testing.T) {
	l := &loads{rules: make(chan string, 1), refuse: "known"}
	if err := netpol.Enforce(t.Context(), netpol.Options{API: fake.NewClientset(), Network: network, Node: node, Load: l.load}); err == nil || err.Error() != "refused" {
		t.Errorf("it ended with %v", err)
	}
}
