//go:build linux

package kube_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/cluster"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/programs"
)

// node is a node of test/parts/kubenode that says it has more processors than the machine.
type node struct {
	*cluster.Node
	pid int // of a process inside, as it is seen from here
}

// processors is how many it says it has: what the pods of production ask for fits, one more of each included while they are rolled.
const processors = 8

// startNode starts it as kubenode.Start does; names are what its DNS knows beside the cluster's.
func startNode(t *testing.T, names map[string]netip.Addr) *node {
	t.Helper()
	found, err := cluster.Find(t.Context())
	var missing *cluster.MissingError
	if errors.As(err, &missing) {
		parts.Missing(t, missing.What, missing.Install)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "stack-kube-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the node's own keeper does it
	bin := filepath.Join(dir, "bin")
	if err := programs.Quick(t.Context(), bin, "pause", "keep/keeper"); err != nil {
		t.Fatal(err)
	}
	found["pause"], found["keeper"] = filepath.Join(bin, "pause"), filepath.Join(bin, "keeper")
	if found["kubelet"], err = moreProcessors(filepath.Join(dir, "machine"), found["kubelet"]); err != nil {
		t.Fatal(err)
	}
	n := &node{}
	n.Node, err = cluster.StartNode(t.Context(), cluster.Config{Dir: dir, Programs: found, Now: time.Now(), Sync: 5 * time.Second, Hosts: names})
	if err != nil {
		t.Fatalf("start a node: %v", err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the node: %v", err)
		}
	})
	n.pid = n.process(t)
	return n
}

// moreProcessors makes a kubelet that is shown, of the machine, files of ours about its processors. It counts those there, and nothing else: what pods get
// of them is the kernel's to say, by their shares. The kubelet would refuse pods beyond what it counts, whatever the scheduler thinks.
//
// It reads the number of a processor out of the name of its folder, and takes cpu0 and cpu00 for two threads of that number: so it counts more, and still
// names none to the kernel that is not there.
func moreProcessors(dir, kubelet string) (string, error) {
	there := runtime.NumCPU()
	files := map[string]string{"node0/distance": "10\n"}
	meminfo, err := os.ReadFile("/sys/devices/system/node/node0/meminfo")
	if err != nil {
		return "", fmt.Errorf("read how much memory the machine has: %w", err)
	}
	files["node0/meminfo"] = string(meminfo)
	for i := range max(processors, there) {
		topology := fmt.Sprintf("node0/cpu%s%d/topology/", strings.Repeat("0", i/there), i%there)
		files[topology+"core_id"], files[topology+"physical_package_id"] = fmt.Sprintf("%d\n", i), "0\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, "node", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nset -eu\nmount --bind %s/node /sys/devices/system/node\nexec %s \"$@\"\n", dir, kubelet)
	path := filepath.Join(dir, "kubelet")
	return path, os.WriteFile(path, []byte(script), 0o755)
}

// process starts one that does nothing.
func (n *node) process(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd, err := n.Command(ctx, "sleep", "infinity")
	if err == nil {
		err = n.Inside(cmd.Start)
	}
	if err != nil {
		cancel()
		t.Fatalf("start a process inside the node: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	return cmd.Process.Pid
}

// Kubeconfig, Dial and ExecInput are how the stand-ins come to the node.
func (n *node) Kubeconfig() string { return n.Node.Kubeconfig }

func (n *node) ExecInput(ctx context.Context, input []byte, name string, args ...string) ([]byte, error) {
	return n.Exec(ctx, input, name, args...)
}

func (n *node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return n.Node.Dial(ctx, network, address)
}

// kubectl ends the test when it fails.
func (n *node) kubectl(t testing.TB, input string, args ...string) string {
	t.Helper()
	out, err := n.Exec(t.Context(), []byte(input), "kubectl", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// ip gives ip a line inside the node.
func (n *node) ip(t testing.TB, line string) {
	t.Helper()
	if out, err := n.Exec(t.Context(), nil, "ip", strings.Fields(line)...); err != nil {
		t.Fatalf("ip %s: %v\n%s", line, err, out)
	}
}
