//go:build linux

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/test/parts/thread"
)

// Place is somewhere to be inside a node: the node itself, a pod's network, a host outside. It is good until the node ends.
type Place struct {
	bin string // the node's programs, first on the PATH inside
	dir string // of the node

	mu     sync.RWMutex // while somebody goes in, nobody closes
	spaces []namespace  // in the order in which they are entered
}

type namespace struct {
	kind int
	file *os.File
}

var errClosed = errors.New("the node has ended")

// enter opens the namespaces of a process. They are where the process is now, whatever its number means later.
func enter(pid int, bin string) (*Place, error) {
	p := &Place{bin: bin, dir: filepath.Dir(bin)}
	// Mounts last: the others are opened already, but nothing of the machine can be from then on.
	for _, n := range []struct {
		name string
		kind int
	}{{"pid", unix.CLONE_NEWPID}, {"uts", unix.CLONE_NEWUTS}, {"ipc", unix.CLONE_NEWIPC}, {"net", unix.CLONE_NEWNET}, {"mnt", unix.CLONE_NEWNS}} {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, n.name))
		if err != nil {
			p.close()
			return nil, fmt.Errorf("open the node's namespaces: %w", err)
		}
		p.spaces = append(p.spaces, namespace{n.kind, f})
	}
	return p, nil
}

// pidFile holds the number of a process whose namespaces are the node's.
const pidFile = "node.pid"

// Enter opens the node whose folder this is.
func Enter(dir string) (*Place, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, pidFile))
	if err != nil {
		return nil, fmt.Errorf("find the node: %w", err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return nil, fmt.Errorf("find the node: %w", err)
	}
	// A number is given anew once a process has ended: this one's arguments name the folder.
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !bytes.Contains(args, []byte(dir)) {
		return nil, fmt.Errorf("find the node of %s: it has ended", dir)
	}
	return enter(pid, filepath.Join(dir, "bin"))
}

func (p *Place) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.spaces {
		_ = n.file.Close() // it was for reading
	}
	p.spaces = nil
}

// withNetwork is the same place with another network, a file of which is at path inside.
func (p *Place) withNetwork(path string) (*Place, error) {
	var f *os.File
	err := p.Inside(func() (err error) {
		f, err = os.Open(path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open a network: %w", err)
	}
	other := &Place{bin: p.bin, dir: p.dir}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, n := range p.spaces {
		fd, err := unix.FcntlInt(n.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			_ = f.Close()
			other.close()
			return nil, fmt.Errorf("open a network: %w", err)
		}
		if n.kind == unix.CLONE_NEWNET {
			_ = unix.Close(fd)
			other.spaces = append(other.spaces, namespace{n.kind, f})
			continue
		}
		other.spaces = append(other.spaces, namespace{n.kind, os.NewFile(uintptr(fd), n.file.Name())})
	}
	return other, nil
}

// Inside runs a function on a thread that is in the place, and ends with it: what it opens (a socket, a file) and starts (a program) is of the place, and
// stays so wherever it is used. Other goroutines that it starts are not.
func (p *Place) Inside(do func() error) error {
	return thread.Run(func() error { return p.goIn(do) })
}

func (p *Place) goIn(do func() error) error {
	if err := p.set(); err != nil {
		return err
	}
	return do()
}

func (p *Place) set() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.spaces) == 0 {
		return errClosed
	}
	// A thread that shares its root with others may not change its mounts.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("enter the node: %w", err)
	}
	for _, n := range p.spaces {
		if err := unix.Setns(int(n.file.Fd()), n.kind); err != nil {
			return fmt.Errorf("enter the node (%s): %w", n.file.Name(), err)
		}
	}
	return nil
}

// Dial connects from the place; the address is a number.
func (p *Place) Dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = p.Inside(func() (err error) {
		c, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// Listen listens there, for a server that runs in this process.
func (p *Place) Listen(ctx context.Context, network, address string) (l net.Listener, err error) {
	err = p.Inside(func() (err error) {
		l, err = (&net.ListenConfig{}).Listen(ctx, network, address)
		return err
	})
	return l, err
}

// Command prepares a program of the place: one of the node's (kubectl, which is the cluster-admin's, ctr …) or of the machine's (nft, curl …), with the
// node's environment. Start it with Inside(cmd.Start). It is killed with the context, and ends with the node.
func (p *Place) Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	path, err := p.look(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(p.environment(), "KUBECONFIG="+filepath.Join(p.dir, "pki", "admin.kubeconfig"))
	cmd.Dir = "/"
	return cmd, nil
}

// Exec runs a program as Command says and returns what it prints; input is what it reads. The error holds what it complains of.
func (p *Place) Exec(ctx context.Context, input []byte, name string, args ...string) ([]byte, error) {
	cmd, err := p.Command(ctx, name, args...)
	if err != nil {
		return nil, err
	}
	return Output(cmd, input, func() error { return p.Inside(cmd.Start) })
}

// paths are where programs of the machine are.
const paths = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is nothing of the test's own: the node is alike wherever it runs.
func (p *Place) environment() []string {
	return []string{"PATH=" + p.bin + ":" + paths, "HOME=" + p.dir, "LANG=C.UTF-8"}
}

func (p *Place) look(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for dir := range strings.SplitSeq(p.bin+":"+paths, ":") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("the node has no program %q", name)
}
