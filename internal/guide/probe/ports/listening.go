package ports

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
)

// Self stands for the id of this process.
const Self = 0

// Listening returns what waits for others in the network namespace of a process, sorted by protocol and port. proc is the machine's /proc;
// Self stands for where this program is. Which processes hold a socket is told as far as their files may be read.
//
// It fails if a table cannot be read whole.
func Listening(proc fs.FS, pid int) ([]Socket, error) {
	dir := strconv.Itoa(pid)
	if pid == Self {
		dir = "self"
	}
	var sockets []Socket
	for _, t := range tables() {
		found, err := readTable(proc, path.Join(dir, "net"), t.name, t.protocol, t.state)
		if t.optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list sockets of process %s: %w", dir, err)
		}
		sockets = append(sockets, found...)
	}
	if err := findHolders(proc, sockets); err != nil {
		return nil, err
	}
	slices.SortFunc(sockets, func(a, b Socket) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Address.Port(), b.Address.Port()), a.Address.Addr().Compare(b.Address.Addr()))
	})
	return sockets, nil
}

// The bounds of the search for holders.
const (
	maxProcesses = 1 << 15
	maxFiles     = 1 << 17 // open files, of a process
)

// findHolders fills in who holds each socket: the links in /proc/<pid>/fd name its inode, which is one for the whole machine.
func findHolders(proc fs.FS, sockets []Socket) error {
	wanted := map[string]*Socket{}
	for i := range sockets {
		if sockets[i].Inode != 0 {
			wanted[fmt.Sprintf("socket:[%d]", sockets[i].Inode)] = &sockets[i]
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	processes, err := fs.ReadDir(proc, ".")
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	count := 0
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		if count++; count > maxProcesses {
			return fmt.Errorf("find who holds the sockets: more than %d processes", maxProcesses)
		}
		dir := path.Join(p.Name(), "fd")
		files, err := fs.ReadDir(proc, dir)
		if err != nil { // another user's, or gone
			continue
		}
		for _, f := range files[:min(len(files), maxFiles)] {
			link, err := fs.ReadLink(proc, path.Join(dir, f.Name()))
			if s := wanted[link]; err == nil && s != nil && !slices.Contains(s.PIDs, pid) {
				s.PIDs = append(s.PIDs, pid)
			}
		}
	}
	return nil
}
