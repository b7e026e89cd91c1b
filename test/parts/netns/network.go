//go:build linux

package netns

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/test/parts/thread"
)

// Host is one host of the network, with one address (IPv4).
type Host struct {
	Name    string
	Address netip.Addr
}

// Network is hosts with a router between them, which forwards everything until Filter says otherwise.
type Network struct {
	hosts map[string]Host
	ns    map[string]*os.File
}

// gateway is the router, as each host sees it; no host may have this address.
const gateway = "198.18.255.1"

// New makes a network, in a process that Own has given its own.
func New(t *testing.T, hosts []Host) *Network {
	t.Helper()
	if os.Getenv(inside) == "" {
		t.Fatal("netns.New is called outside netns.Own")
	}
	n := &Network{hosts: map[string]Host{}, ns: map[string]*os.File{}}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", "/run/netns", "tmpfs", 0, ""); err != nil { // of this process alone
		t.Fatalf("mount a folder for namespaces: %v", err)
	}
	run(t, "", "link set lo up")
	write(t, "/proc/sys/net/ipv4/ip_forward", "1")
	for i, h := range hosts {
		if !h.Address.Is4() {
			t.Fatalf("host %s: %s is no IPv4 address", h.Name, h.Address)
		}
		ns := fmt.Sprintf("h%d", i)
		run(t, "", "netns add "+ns,
			fmt.Sprintf("link add v%d type veth peer name eth0 netns %s", i, ns),
			fmt.Sprintf("link set v%d up", i),
			fmt.Sprintf("addr add %s/32 dev v%d", gateway, i),
			fmt.Sprintf("route add %s/32 dev v%d", h.Address, i))
		run(t, ns, "link set lo up",
			fmt.Sprintf("addr add %s/32 dev eth0", h.Address),
			"link set eth0 up",
			"route add "+gateway+" dev eth0",
			"route add default via "+gateway)
		f, err := os.Open("/run/netns/" + ns)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		n.hosts[h.Name], n.ns[h.Name] = h, f
	}
	return n
}

// run gives ip its commands, inside the namespace if one is named.
func run(t *testing.T, ns string, commands ...string) {
	t.Helper()
	args := []string{"-batch", "-"}
	if ns != "" {
		args = append([]string{"-n", ns}, args...)
	}
	cmd := exec.CommandContext(t.Context(), "ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip %s, %q: %v\n%s", strings.Join(args, " "), commands, err, out)
	}
}

func write(t *testing.T, path, value string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Filter hands nft a file.
func (n *Network) Filter(t *testing.T, ruleset string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(ruleset)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s\n%s", err, out, ruleset)
	}
}

// in runs a function on a thread inside a host, which ends with it.
func (n *Network) in(host string, do func() error) error {
	f, ok := n.ns[host]
	if !ok {
		return fmt.Errorf("there is no host %q", host)
	}
	return thread.Run(func() error {
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter %s: %w", host, err)
		}
		return do()
	})
}
