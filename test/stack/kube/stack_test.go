//go:build linux

package kube_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/csifiles"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// asked is given by make stack-kube.
var asked = flag.Bool("stack", false, "start the whole stack: some minutes")

const (
	space    = "stellar-escrow"
	nodeName = cluster.NodeName
	// pager is where alerts go: a host outside.
	pager = "pager.test"
)

// stack is the one that runs.
type stack struct {
	wanted   map[string]int    // how many pods of each part there shall be: as many as its autoscaler wants at least
	leftOut  map[string]string // the parts that have no pod, and why
	node     *node
	outside  *outside.Outside
	secrets  *secrets
	identity *age.X25519Identity // opens backups
	programs string              // folder with the built programs
	tree     string              // what is deployed, as release leaves it
	images   map[string]images.Image
	pods     map[string][]corev1.Pod // by part
}

// stepper says how long what was just done took.
func stepper(t *testing.T) func(what string) {
	began := time.Now()
	return func(what string) { t.Logf("%6.1fs  %s", time.Since(began).Seconds(), what) }
}

func start(t *testing.T) *stack {
	t.Helper()
	step := stepper(t)
	s := &stack{
		programs: t.TempDir(),
		wanted:   map[string]int{"api": 2, "client": 2, "indexer": 2, "postgres": 1, "redis": 1, "prometheus": 1, "alertmanager": 1},
		leftOut:  map[string]string{"grafana": "its program is in no package and cannot be built from a module"},
	}
	disks := map[string]string{"postgres": "100Gi", "prometheus": "50Gi", "alertmanager": "1Gi"}
	loki, err := images.Prepared("loki")
	if err != nil {
		t.Fatal(err)
	}
	if loki {
		s.wanted["loki"], disks["loki"] = 1, "50Gi"
	} else {
		s.leftOut["loki"] = "it is built by hand, and nobody has: go run ./test/parts/images/prepare"
	}
	for name, why := range s.leftOut {
		t.Logf("%s has no pod: %s", name, why)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", s.programs+"/", "./cmd/stellarescrow", "./cmd/escrowctl")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names := append(slices.Sorted(maps.Keys(s.wanted)), "backup", "nginx")
	s.images = images.Build(t, names...)
	step("programs and images are there")

	known := map[string]netip.Addr{pager: netip.MustParseAddr(pagerAddress), outside.RPC: netip.MustParseAddr(outsideAddress), "ocsp.authority.test": netip.MustParseAddr(outsideAddress),
		storeName: netip.MustParseAddr(storeAddress), tokensName: netip.MustParseAddr(tokensAddress)}
	s.node = startNode(t, known)
	t.Cleanup(func() {
		if t.Failed() {
			s.tell(t)
		}
	})
	step("the node is Ready")
	// The outside is where the node's default route leads, in place of nowhere, and knows its way back to pods: nothing but policies stands between.
	s.node.ip(t, "route del default")
	s.outside = outside.Start(t, s.node.pid, filepath.Join(s.programs, "stellarescrow"))
	s.node.ip(t, "-n outside route add default via "+outside.Box)
	step("the outside is there")

	if s.identity, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	s.secrets = newSecrets(t, s.outside, s.identity.Recipient())
	netpol.Start(t, s.node, netip.MustParsePrefix(cluster.Pods), netip.MustParseAddr(cluster.PodGate))
	csifiles.Start(t, s.node, nodeName, s.secrets.folder)
	for _, name := range []string{"indexer", "backup", "alertmanager"} {
		s.images[name] = trusting(t, s.images[name], s.outside.Authority.PEM())
	}
	for _, name := range names {
		image := s.images[name]
		s.node.Import(t, image.Archive, image.Reference, image.Digest)
	}
	step("policies, secrets and images are there")
	s.node.kubectl(t, volumes(t, s.node, disks), "apply", "-f", "-")
	s.node.kubectl(t, "", "create", "namespace", doorSpace)
	s.node.kubectl(t, "", "apply", "-k", absolute(t, filepath.Join(root, "k8s", "ingress-nginx")))
	s.tree = release(t, s.outside, s.images, slices.Sorted(maps.Keys(s.leftOut)))
	s.node.kubectl(t, "", "apply", "-k", filepath.Join(s.tree, stackOverlay), "--warnings-as-errors")
	step("the overlay is applied")
	s.running(t)
	step("every pod is Running and ready")
	s.door(t, s.images["nginx"])
	step("the front door is open")
	return s
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// runningWithin bounds how long the pods may take: half a minute on an idle machine.
const runningWithin = 6 * time.Minute

// running waits until there are as many pods as are wanted, all ready.
func (s *stack) running(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(runningWithin); ; time.Sleep(time.Second) {
		s.pods = map[string][]corev1.Pod{}
		for _, p := range list[corev1.PodList](t, s.node, "-n", space, "pods").Items {
			if ready(p) {
				part := p.Labels["app.kubernetes.io/name"]
				s.pods[part] = append(s.pods[part], p)
			}
		}
		missing := ""
		for part, n := range s.wanted {
			if len(s.pods[part]) < n {
				missing += fmt.Sprintf(" %d of %d %s", len(s.pods[part]), n, part)
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %s there are%s", runningWithin, missing)
		}
	}
}

func ready(p corev1.Pod) bool {
	return p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodRunning && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// tell says what there is to know of a stack that does not do what it should.
func (s *stack) tell(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	look := func(args ...string) string {
		out, err := s.node.Exec(ctx, "kubectl", args...)
		if err != nil {
			return fmt.Sprintf("%s%v\n", out, err)
		}
		return string(out)
	}
	t.Logf("pods\n%s", look("get", "pods,pvc,hpa,secrets,jobs", "-A", "-o", "wide"))
	t.Logf("events\n%s", look("get", "events", "-A", "--field-selector=type!=Normal", "--sort-by=.lastTimestamp"))
	for name := range strings.FieldsSeq(look("-n", space, "get", "pods", "-o", "name")) {
		t.Logf("%s\n%s%s", name, look("-n", space, "logs", "--tail=15", name), look("-n", space, "logs", "--tail=15", "--previous", name))
	}
	t.Logf("the door\n%s", look("-n", doorSpace, "logs", "--tail=40", "deployment/controller-stand-in"))
}

// TestStack is one run of the stack, in the order of its life.
func TestStack(t *testing.T) {
	if !*asked {
		t.Skip("the whole stack takes minutes: make stack-kube")
	}
	s := start(t)
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"trades are made through the front door", s.trades},
		{"the api knows its callers", s.callers},
		{"an alert reaches its receiver", s.alerts},
		{"the audit", s.audited},
		{"a backup is made", s.backedUp},
		{"a rotated secret reaches the pods", s.rotated},
		{"every connection is as the policies say", s.pairs},
		{"the Secret goes with its last pod", s.gone},
	} {
		began := time.Now()
		t.Run(step.name, step.do)
		t.Logf("%6.1fs  %s", time.Since(began).Seconds(), step.name)
	}
}
