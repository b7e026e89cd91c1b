package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
)

// errNoPeer is that the kernel does not tell who listens at the socket: it is not on this machine, or this is no Linux.
var errNoPeer = errors.New("the process of the engine is not known: look on its own machine")

// procOf is /proc as the engine has it: its numbers of processes are those of its own namespace, which on most machines is everybody's.
func procOf(peer int) fs.FS {
	return withSelf{os.DirFS("/proc/" + strconv.Itoa(peer) + "/root/proc"), os.DirFS("/proc")}
}

// withSelf is a /proc in which we may not be, with what is ours in the place of self.
type withSelf struct{ proc, own fs.FS }

func (w withSelf) of(name string) fs.FS {
	if name == "self" || strings.HasPrefix(name, "self/") {
		return w.own
	}
	return w.proc
}

// Open is fs.FS's.
func (w withSelf) Open(name string) (fs.File, error) { return w.of(name).Open(name) }

// ReadLink is fs.ReadLinkFS's.
func (w withSelf) ReadLink(name string) (string, error) { return fs.ReadLink(w.of(name), name) }

// Lstat is fs.ReadLinkFS's.
func (w withSelf) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(w.of(name), name) }

// maxProcesses is how many of a container are looked at.
const maxProcesses = 1000

// member is nil if the process is the container's, whose control groups have its id: a number alone may be anybody's.
func member(proc fs.FS, pid int, id string) error {
	groups, err := fs.ReadFile(proc, strconv.Itoa(pid)+"/cgroup")
	if err != nil {
		return fmt.Errorf("look at process %d: %w", pid, err)
	}
	if !strings.Contains(string(groups), id) {
		return fmt.Errorf("process %d is in no control group of the container", pid)
	}
	return nil
}

// confined tells how each process of a container is confined, by its first one and its id.
func confined(peer, first int, id string) ([]procs.Process, error) {
	if peer == 0 {
		return nil, errNoPeer
	}
	proc := procOf(peer)
	if err := member(proc, first, id); err != nil {
		return nil, err
	}
	pids, unseen, err := procs.Container(proc, first)
	switch {
	case err != nil:
		return nil, err
	case len(unseen) > 0:
		return nil, fmt.Errorf("processes %v may not be looked at: be root", unseen)
	case len(pids) > maxProcesses:
		return nil, fmt.Errorf("it has more than %d processes", maxProcesses)
	}
	var all []procs.Process
	for _, pid := range pids {
		p, err := procs.Look(proc, pid)
		if errors.Is(err, procs.ErrGone) && pid != first {
			continue // such as a health check
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// listening are the sockets that wait in the engine's network.
func listening(peer int) ([]ports.Socket, error) {
	if peer == 0 {
		return nil, errNoPeer
	}
	return ports.Listening(os.DirFS("/proc"), peer)
}

// forwarded is what packet rules hand on in the engine's network, if that is ours: rules are told of one's own network alone.
func forwarded(ctx context.Context, peer int) ([]ports.Forward, error) {
	if peer == 0 {
		return nil, errNoPeer
	}
	ours, err1 := os.Readlink("/proc/self/ns/net")
	its, err2 := os.Readlink("/proc/" + strconv.Itoa(peer) + "/ns/net")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if ours != its {
		return nil, errors.New("the engine publishes in another network than that in which the audit runs")
	}
	return ports.Forwarded(ctx)
}
