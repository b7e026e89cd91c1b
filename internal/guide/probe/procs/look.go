package procs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Process is how a process is confined.
type Process struct {
	PID     int
	Name    string // the kernel's, of at most 15 bytes
	Started uint64 // in clock ticks since the machine's start: with PID, it names the process for good
	// InnerPID is its id in its own pid namespace: 1 of a container's main process.
	InnerPID int

	NoNewPrivileges bool
	Seccomp         Seccomp
	// Capabilities: those that count now, that it may take, that it can ever have, and those that programs it starts get.
	Effective, Permitted, Bounding, Inherited, Ambient Capabilities
	LastCapability                                     int // that the kernel knows

	RealUID, EffectiveUID, SavedUID ID
	RealGID, EffectiveGID, SavedGID ID
	Groups                          []ID

	Namespaces Namespaces
	Mounts     Mounts
	// Environment are the names that were set when the program was started, sorted; Unnamed counts what else stood there.
	Environment []string
	Unnamed     int
}

// Root tells that it runs as root, on either side of its user namespace.
func (p Process) Root() bool { return p.RealUID.Root() || p.EffectiveUID.Root() || p.SavedUID.Root() }

// ReadOnlyRoot tells that the root of its files is mounted read-only; false also if it has none that is told.
func (p Process) ReadOnlyRoot() bool {
	root, ok := p.Mounts.At("/")
	return ok && root.ReadOnly
}

// Namespaces are named by kind: mnt, pid, net, user, ipc, uts, cgroup. Equal texts are the same namespace.
type Namespaces map[string]string

// Shared are the kinds that two processes share, sorted. With the machine's first process it is what a container has of the host.
func (n Namespaces) Shared(with Namespaces) (kinds []string) {
	for kind, id := range n {
		if with[kind] == id {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func namespaceKinds() []string { return []string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"} }

const maxFile = 4 << 20 // of one of /proc's; an environment has at most 2 MiB as a rule

// ErrGone is wrapped where a process ended, or another took its id, while it was looked at.
var ErrGone = errors.New("the process has ended")

// Look tells how a process is confined. proc is the machine's /proc. It fails if anything cannot be read: half the facts would look like
// the whole.
func Look(proc fs.FS, pid int) (Process, error) {
	last, own, err := machine(proc)
	if err != nil {
		return Process{}, fmt.Errorf("look at the machine of process %d: %w", pid, err)
	}
	p, err := look(proc, pid, own)
	if gone(err) && !errors.Is(err, ErrGone) {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return Process{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	p.LastCapability = last
	return p, nil
}

// machine is what belongs to no process: the last capability that the kernel knows, and the user namespace of this program.
func machine(proc fs.FS) (last int, user string, err error) {
	text, err := readFile(proc, "sys/kernel/cap_last_cap")
	if err != nil {
		return 0, "", err
	}
	if last, err = strconv.Atoi(strings.TrimSpace(text)); err != nil || last < 0 || last > 62 {
		return 0, "", fmt.Errorf("the last capability is %.20q", text)
	}
	user, err = fs.ReadLink(proc, "self/ns/user")
	return last, user, err
}

func look(proc fs.FS, pid int, own string) (p Process, err error) {
	if pid <= 0 {
		return p, errors.New("it is no process id")
	}
	dir := strconv.Itoa(pid)
	started, err := begun(proc, dir)
	if err != nil {
		return p, err
	}
	p = Process{PID: pid, Started: started}
	text, err := readFile(proc, path.Join(dir, "status"))
	if err != nil {
		return p, err
	}
	s, err := parseStatus(text)
	if err != nil {
		return p, err
	}
	if p.Namespaces, err = namespaces(proc, dir); err != nil {
		return p, err
	}
	if err = p.users(proc, dir, own, s); err != nil {
		return p, err
	}
	p.Name, p.InnerPID, p.NoNewPrivileges, p.Seccomp = s.name, pid, s.noNewPrivileges, s.seccomp
	if len(s.pids) > 0 {
		p.InnerPID = s.pids[len(s.pids)-1]
	}
	p.Effective, p.Permitted, p.Bounding, p.Inherited, p.Ambient = s.effective, s.permitted, s.bounding, s.inherited, s.ambient
	if text, err = readFile(proc, path.Join(dir, "mountinfo")); err != nil {
		return p, err
	}
	if p.Mounts, err = parseMounts(text); err != nil {
		return p, err
	}
	if text, err = readFile(proc, path.Join(dir, "environ")); err != nil {
		return p, err
	}
	p.Environment, p.Unnamed = environmentNames([]byte(text))
	slices.Sort(p.Environment)
	if again, err := begun(proc, dir); err != nil || again != started {
		return p, fmt.Errorf("%w while it was looked at", ErrGone)
	}
	return p, nil
}

func begun(proc fs.FS, dir string) (uint64, error) {
	stat, err := readFile(proc, path.Join(dir, "stat"))
	if err != nil {
		return 0, err
	}
	return startTime(stat)
}

// gone tells what the kernel says of a process that has ended: before its file was opened, or after.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// users maps the ids into the process's user namespace. The map of our own namespace says how it looks from the one above, which is not
// what status was told in.
func (p *Process) users(proc fs.FS, dir, own string, s status) error {
	uids, gids := identity(), identity()
	if p.Namespaces["user"] != own {
		for name, into := range map[string]*[]idRange{"uid_map": &uids, "gid_map": &gids} {
			text, err := readFile(proc, path.Join(dir, name))
			if err != nil {
				return err
			}
			if *into, err = parseMap(text); err != nil {
				return err
			}
		}
	}
	p.RealUID, p.EffectiveUID, p.SavedUID = inside(s.uids[0], uids), inside(s.uids[1], uids), inside(s.uids[2], uids)
	p.RealGID, p.EffectiveGID, p.SavedGID = inside(s.gids[0], gids), inside(s.gids[1], gids), inside(s.gids[2], gids)
	for _, g := range s.groups {
		p.Groups = append(p.Groups, inside(g, gids))
	}
	return nil
}

func namespaces(proc fs.FS, dir string) (Namespaces, error) {
	n := Namespaces{}
	for _, kind := range namespaceKinds() {
		id, err := fs.ReadLink(proc, path.Join(dir, "ns", kind))
		if err != nil {
			return nil, err
		}
		n[kind] = id
	}
	return n, nil
}

func readFile(proc fs.FS, name string) (string, error) {
	file, err := proc.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("read %s: more than %d bytes", name, maxFile)
	}
	return string(text), nil
}
