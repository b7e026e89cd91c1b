//go:build linux

package kubenode

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
)

// machineWide are settings that a kubelet or a kube-proxy would change.
var machineWide = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"net/netfilter/nf_conntrack_max", "net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/all/rp_filter",
}

func settings(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range machineWide {
		if text, err := os.ReadFile("/proc/sys/" + name); err == nil {
			all[name] = strings.TrimSpace(string(text))
		}
	}
	if len(all) < 6 {
		t.Fatalf("of the machine's settings only %v can be read", all)
	}
	return all
}

// holders are the processes of the node of a folder: they name it, or are in its cgroup.
func holders(t *testing.T, dir string) (list []string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(processes) == 0 {
		t.Fatalf("list processes: %v, %v", processes, err)
	}
	for _, p := range processes {
		args, _ := os.ReadFile(filepath.Join(p, "cmdline")) // it may have ended since
		groups, _ := os.ReadFile(filepath.Join(p, "cgroup"))
		if bytes.Contains(args, []byte(dir)) || bytes.Contains(groups, []byte(filepath.Base(dir))) {
			list = append(list, fmt.Sprintf("process %s %q", filepath.Base(p), bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return list
}

// leavings is what is there of the node of a folder, once it has ended.
func leavings(t *testing.T, dir string) []string {
	t.Helper()
	left := holders(t, dir)
	groups, err := filepath.Glob("/sys/fs/cgroup/*/" + filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	left = append(left, groups...)
	if _, err := os.Stat(dir); err == nil {
		left = append(left, dir)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, dir) {
			left = append(left, strings.TrimSpace(line))
		}
	}
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if slices.Contains([]string{"node0", "node0p", "outside0"}, l.Name) {
			left = append(left, "link "+l.Name)
		}
	}
	return left
}

// A test binary that has started a node is killed: nothing of the node is left then.
func TestNodeEndsWithItsBinary(t *testing.T) {
	if os.Getenv(partstest.Hostage) != "" {
		n := Start(t, Options{})
		fmt.Println("folder", n.Dir())
		time.Sleep(time.Minute)
		return
	}
	if !*asked {
		t.Skip("a whole node takes a while: make stack-kube")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), partstest.Hostage+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	var said []string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		said = append(said, lines.Text())
		dir, _ = strings.CutPrefix(lines.Text(), "folder ")
		if !strings.HasPrefix(dir, "/") {
			dir = ""
		}
	}
	if dir == "" {
		t.Fatalf("it says of no folder: %q, %v", said, cmd.Wait())
	}
	if len(holders(t, dir)) < 5 {
		t.Fatalf("before: %q", holders(t, dir))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left := leavings(t, dir)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("30 s after its binary was killed: %q", left)
		}
	}
}
