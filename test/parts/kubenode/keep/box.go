//go:build linux

package keep

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// box starts the first process of the job's box, and clears up when it has ended, as it does when the pipe ends.
func (j Job) box(text string, in io.Reader, out io.Writer) (err error) {
	self, err := os.Executable()
	if err != nil {
		return errors.Join(err, tell(out, answer{Error: err.Error()}))
	}
	defer func() { err = errors.Join(err, removeCGroups(j.Box.CGroup)) }()
	if err := makeCGroups(j.Box.CGroup); err != nil {
		return errors.Join(err, tell(out, answer{Error: err.Error()}))
	}
	first := exec.Command(self, "box", text)
	first.Stdin, first.Stdout, first.Stderr = in, out, os.Stderr
	first.SysProcAttr = &unix.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  unix.SIGKILL, // should this process be killed
	}
	if err := first.Start(); err != nil {
		return errors.Join(err, tell(out, answer{Error: err.Error(), Refused: errors.Is(err, unix.EPERM)}))
	}
	err = tell(out, answer{PID: first.Process.Pid})
	if err != nil {
		_ = first.Process.Kill() // nobody listens
	}
	if wait := first.Wait(); wait != nil {
		err = errors.Join(err, fmt.Errorf("the first process of the box: %w", wait))
	}
	return err
}

// furnish makes the namespaces of this process what the box says. The order matters where a comment says why.
func (b *Box) furnish() error {
	// Before the tree of mounts is ours, which has fewer cgroups.
	if err := joinCGroups(b.CGroup); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("part with the machine's mounts: %w", err)
	}
	// Pods that ask for mount propagation need a shared root; it is shared in here only.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts inside: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// runc refuses a machine that has both kinds of cgroup.
	if err := unix.Unmount(unified, 0); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("hide %s: %w", unified, err)
	}
	if err := unix.Sethostname([]byte(b.Host)); err != nil {
		return fmt.Errorf("name the host: %w", err)
	}
	for _, dir := range b.Tmp {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mount an empty %s: %w", dir, err)
		}
	}
	for _, inside := range slices.Sorted(maps.Keys(b.Bind)) {
		if err := bind(b.Bind[inside], inside); err != nil {
			return err
		}
	}
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader(strings.Join(b.IP, "\n") + "\n")
	if out, err := ip.CombinedOutput(); err != nil {
		return fmt.Errorf("ip %q: %w: %s", b.IP, err, out)
	}
	for _, path := range slices.Sorted(maps.Keys(b.Write)) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = f.WriteString(b.Write[path])
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return fmt.Errorf("write %q into %s: %w", b.Write[path], path, err)
		}
	}
	return nil
}

func bind(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if info.IsDir() {
			err = os.Mkdir(to, 0o755)
		} else {
			err = os.WriteFile(to, nil, 0o600)
		}
		if err != nil {
			return err
		}
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("show %s as %s: %w", from, to, err)
	}
	return nil
}

const (
	cgroups = "/sys/fs/cgroup"
	unified = cgroups + "/unified"
)

// own is the part of the cgroup that the servers themselves are in; the kubelet makes others beside it for pods.
const own = "sys"

// controllers are the folders of version 1's controllers.
func controllers() ([]string, error) {
	entries, err := os.ReadDir(cgroups)
	if err != nil {
		return nil, fmt.Errorf("list cgroups: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(cgroups, e.Name())
		if _, err := os.Stat(filepath.Join(dir, "tasks")); e.IsDir() && err == nil { // links are second names of a controller
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%s has no controllers of version 1", cgroups)
	}
	return dirs, nil
}

func makeCGroups(name string) error {
	dirs, err := controllers()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		from := dir
		for _, to := range []string{filepath.Join(dir, name), filepath.Join(dir, name, own)} {
			if err := os.MkdirAll(to, 0o755); err != nil {
				return err
			}
			// A new cpuset has neither, and no process may enter it then.
			for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
				what, err := os.ReadFile(filepath.Join(from, file))
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err == nil {
					err = os.WriteFile(filepath.Join(to, file), what, 0o644)
				}
				if err != nil {
					return fmt.Errorf("fill a cpuset: %w", err)
				}
			}
			from = to
		}
	}
	return nil
}

// joinCGroups moves this process; what it starts is there from the beginning.
func joinCGroups(name string) error {
	dirs, err := controllers()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, name, own, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("enter a cgroup: %w", err)
		}
	}
	return nil
}

// removeTimeout bounds how long the kernel may take to let go of cgroups whose processes are gone.
const removeTimeout = 10 * time.Second

func removeCGroups(name string) error {
	dirs, err := controllers()
	if err != nil {
		return err
	}
	for until := time.Now().Add(removeTimeout); ; time.Sleep(20 * time.Millisecond) {
		var left []error
		for _, dir := range dirs {
			if err := removeTree(filepath.Join(dir, name)); err != nil {
				left = append(left, err)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("remove cgroups: %w", errors.Join(left...))
		}
	}
}

// removeTree removes folders only, the innermost first: the files of a cgroup go with it.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return unix.Rmdir(dir)
}
