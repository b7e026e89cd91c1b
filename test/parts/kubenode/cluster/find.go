//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/programs"
)

// Programs says where programs are, by their names: those of package programs, containerd, "keeper" (keep/keeper) and "pause".
type Programs map[string]string

// A MissingError says what a node cannot do without, and how it is had.
type MissingError struct{ What, Install string }

func (e *MissingError) Error() string { return fmt.Sprintf("%s is missing: %s", e.What, e.Install) }

// debian is how the machine's part of a node is had.
const debian = "apt-get install -y --no-install-recommends containerd runc containernetworking-plugins iptables nftables iproute2, and be root"

// plugins are where Debian has the network plugins.
const plugins = "/usr/lib/cni"

// Built returns where built programs are. The error may be a *MissingError.
func Built(ctx context.Context, names ...string) (Programs, error) {
	cache, err := programs.Open(ctx)
	if err != nil {
		return nil, err
	}
	found := Programs{}
	for _, name := range names {
		path, err := cache.Path(name)
		if errors.Is(err, programs.ErrMissing) {
			return nil, &MissingError{name + " of Kubernetes " + programs.Kubernetes, programs.Install}
		}
		if err != nil {
			return nil, err
		}
		found[name] = path
	}
	return found, nil
}

// Find returns where everything is that StartNode takes, but keeper and pause, which programs.Quick builds. The error may be a *MissingError.
func Find(ctx context.Context) (Programs, error) {
	var names []string
	for _, p := range programs.All {
		names = append(names, p.Name)
	}
	found, err := Built(ctx, names...)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"containerd", "runc", "iptables", "nft", "ip"} {
		path, err := (&Place{}).look(name)
		if err != nil {
			return nil, &MissingError{name, debian}
		}
		if name == "containerd" {
			found[name] = path
		}
	}
	for _, name := range []string{"ptp", "portmap", "host-local", "loopback"} {
		if _, err := exec.LookPath(filepath.Join(plugins, name)); err != nil {
			return nil, &MissingError{filepath.Join(plugins, name), debian}
		}
	}
	if os.Geteuid() != 0 {
		return nil, &MissingError{"root", debian}
	}
	if _, err := os.Stat(filepath.Join("/sys/fs/cgroup", "cgroup.controllers")); err == nil {
		return nil, &MissingError{"a machine with control groups of version 1", "this one has version 2 alone, on which a node has not been tried"}
	}
	return found, nil
}
