package netpol

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Node is what Start uses of a node of test/parts/kubenode.
type Node interface {
	// Exec runs a command inside the node until it ends or ctx does.
	Exec(ctx context.Context, name string, args ...string) ([]byte, error)
	// Kubeconfig is a file, to be read inside the node.
	Kubeconfig() string
}

// startWithin is how long the first rules may take to be in place.
const startWithin = time.Minute

// Start builds the command enforce, runs it inside the node until the test is over, and returns when its first rules are in place: from
// then on nobody gets through who should not. pods is the node's network
// of pods, and own the node's own address in it.
func Start(t testing.TB, n Node, pods, own string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "netpol-stand-in")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol/enforce")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the stand-in for a network plugin: %v\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	ended := make(chan struct{})
	running.Go(func() {
		defer close(ended)
		if out, err := n.Exec(ctx, program, n.Kubeconfig(), pods, own); ctx.Err() == nil {
			t.Errorf("the stand-in for a network plugin ended: %v\n%s", err, out)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			t.FailNow()
		default:
		}
		if _, err := n.Exec(ctx, "nft", "list", "table", "inet", Table); err == nil {
			return
		}
	}
	t.Fatalf("the stand-in for a network plugin has put no rules in place within %s", startWithin)
}
