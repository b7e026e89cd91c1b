//go:build linux

package procs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// role is set in the environment of this binary when it runs itself again as a process to be looked at.
const role = "STELLARESCROW_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "confined":
		fail(beConfined())
	case "container":
		fail(beContainer(os.Args[1]))
	}
	os.Exit(m.Run())
}

func fail(err error) {
	fmt.Println("cannot:", err)
	os.Exit(1)
}

// linux/prctl.h and linux/seccomp.h
const (
	setNoNewPrivileges = 38
	setSeccomp         = 22
	modeFilter         = 2
	returnAllow        = 0x7fff0000
)

// beConfined takes privileges and system calls from this thread, and becomes cat, which says back what it is told.
func beConfined() error {
	runtime.LockOSThread() // execve makes this thread the process
	if _, _, no := syscall.RawSyscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0); no != 0 {
		return no
	}
	filter := []struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}{{6, 0, 0, returnAllow}} // BPF_RET | BPF_K
	program := struct {
		length uint16
		filter unsafe.Pointer
	}{1, unsafe.Pointer(&filter[0])}
	if _, _, no := syscall.RawSyscall6(syscall.SYS_PRCTL, setSeccomp, modeFilter, uintptr(unsafe.Pointer(&program)), 0, 0, 0); no != 0 {
		return no
	}
	cat, err := exec.LookPath("cat")
	if err != nil {
		return err
	}
	return syscall.Exec(cat, []string{"cat"}, []string{"PATH=/bin", "API_TOKEN=" + os.Getenv("VALUE"), "lower_case=1", "9=no name", "no name"})
}

// beContainer makes a root of memory for itself, as an engine would, and waits there.
func beContainer(dir string) error {
	tmpfs := func(name string, flags uintptr) error {
		return syscall.Mount("tmpfs", filepath.Join(dir, name), "tmpfs", flags, "size=64k")
	}
	mkdir := func(name string) error { return os.MkdirAll(filepath.Join(dir, name), 0o755) }
	const rec, private, readOnly, remount = syscall.MS_REC, syscall.MS_PRIVATE, syscall.MS_RDONLY, syscall.MS_REMOUNT
	other := exec.Command("cat") // another process of the container
	in, err := other.StdinPipe()
	if err != nil {
		return err
	}
	defer in.Close()
	for _, step := range []func() error{
		func() error { return syscall.Mount("", "/", "", rec|private, "") },
		func() error { return tmpfs("", 0) },
		func() error {
			return errors.Join(mkdir("run/secrets"), mkdir("data"), mkdir("hidden"), mkdir("a folder"))
		},
		func() error { return tmpfs("run/secrets", readOnly) },
		func() error { return tmpfs("data", syscall.MS_NOSUID) },
		func() error { return tmpfs("a folder", readOnly) },
		func() error { return tmpfs("hidden", 0) },
		func() error { return mkdir("hidden/below") },
		func() error { return tmpfs("hidden/below", 0) },
		func() error { return tmpfs("hidden", readOnly) },
		func() error { return syscall.Mount("", dir, "", remount|readOnly, "size=64k") },
		other.Start,
		func() error { return syscall.Chroot(dir) },
		func() error { return os.Chdir("/") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	fmt.Println("ready", other.Process.Pid)
	os.Stdin.Read(make([]byte, 1)) // until the test lets go
	os.Exit(0)
	return nil
}

// start runs this binary in a role, in namespaces of its own, as the user that inside says, and returns what it says first. It ends
// with the test.
func start(t *testing.T, as string, inside int, flags uintptr, capabilities []uintptr, said string) (pid int, answer string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, t.TempDir())
	cmd.Env = []string{role + "=" + as, "VALUE=xyzzy-plugh", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | flags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: inside, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: inside + 1, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: capabilities,
	}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		parts.Missing(t, "a user namespace ("+err.Error()+")", "allow them: sysctl kernel.unprivileged_userns_clone=1")
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // cat and the container end with their input
	})
	if said != "" {
		fmt.Fprintln(in, said)
	}
	answer, err = bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(answer, "cannot") {
		parts.Missing(t, "a process in namespaces of its own ("+answer+")", "allow them: sysctl kernel.unprivileged_userns_clone=1")
	}
	return cmd.Process.Pid, strings.TrimSpace(answer)
}

func look(t *testing.T, pid int) procs.Process {
	t.Helper()
	p, err := procs.Look(os.DirFS("/proc"), pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAConfinedProcess(t *testing.T) {
	const netBindService = 10
	pid, _ := start(t, "confined", 10001, 0, []uintptr{netBindService}, "there?")
	got, own := look(t, pid), look(t, os.Getpid())
	want := procs.Process{
		PID: pid, InnerPID: got.InnerPID, Name: "cat", Started: got.Started, NoNewPrivileges: true, Seccomp: procs.SeccompFilter,
		Effective: 1 << netBindService, Permitted: 1 << netBindService, Inherited: 1 << netBindService, Ambient: 1 << netBindService,
		Bounding: got.Bounding, LastCapability: own.LastCapability,
		Groups: got.Groups, Namespaces: got.Namespaces, Mounts: got.Mounts,
		Environment: []string{"API_TOKEN", "PATH", "lower_case"}, Unnamed: 2,
	}
	uid := procs.ID{Outside: uint32(os.Getuid()), Inside: 10001, Mapped: true}
	gid := procs.ID{Outside: uint32(os.Getgid()), Inside: 10002, Mapped: true}
	want.RealUID, want.EffectiveUID, want.SavedUID, want.RealGID, want.EffectiveGID, want.SavedGID = uid, uid, uid, gid, gid, gid
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(fmt.Sprintf("%+v", got), "xyzzy") {
		t.Error("a value of the environment is kept")
	}
	if names := got.Effective.Names(); !slices.Equal(names, []string{"NET_BIND_SERVICE"}) || got.Effective.Whole(got.LastCapability) {
		t.Errorf("capabilities %v", names)
	}
	// The kernel gives a new user namespace all that there is: that is what a privileged container has.
	if !got.Bounding.Whole(got.LastCapability) || !got.Bounding.Has("SYS_ADMIN") {
		t.Errorf("of its bounding set: %v", got.Bounding.Names())
	}
	if shared := got.Namespaces.Shared(own.Namespaces); !slices.Equal(shared, []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"}) {
		t.Errorf("shares %v", shared)
	}
	if own.NoNewPrivileges == got.NoNewPrivileges || own.Namespaces["user"] == got.Namespaces["user"] {
		t.Errorf("looks like its parent: %+v", own)
	}
}

func TestAContainerOfOurOwn(t *testing.T) {
	pid, said := start(t, "container", 0, syscall.CLONE_NEWNS|syscall.CLONE_NEWNET, nil, "")
	var other int
	if _, err := fmt.Sscanf(said, "ready %d", &other); err != nil {
		t.Fatalf("it says %q", said)
	}
	got, own := look(t, pid), look(t, os.Getpid())
	if !got.Root() || !got.RealUID.Root() || got.RealUID.Inside != 0 || !got.RealUID.Mapped {
		t.Errorf("root inside: %+v", got.RealUID)
	}
	if shared := got.Namespaces.Shared(own.Namespaces); !slices.Equal(shared, []string{"cgroup", "ipc", "pid", "uts"}) {
		t.Errorf("shares %v", shared)
	}
	if !got.ReadOnlyRoot() || own.ReadOnlyRoot() {
		t.Errorf("root read-only: %t, of ours %t", got.ReadOnlyRoot(), own.ReadOnlyRoot())
	}
	points := func(mounts procs.Mounts) (list []string) {
		for _, m := range mounts {
			list = append(list, m.Point)
		}
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff([]string{"/", "/a folder", "/data", "/hidden", "/run/secrets"}, points(got.Mounts.Visible())); diff != "" {
		t.Errorf("visible (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/data"}, points(got.Mounts.Writable())); diff != "" {
		t.Errorf("writable (-want +got):\n%s", diff)
	}
	secrets, ok := got.Mounts.At("/run/secrets/api-keys")
	if !ok || !secrets.ReadOnly || !secrets.Memory() || secrets.Kernel() || len(got.Mounts.Under("/run")) != 1 {
		t.Errorf("secrets: %+v", secrets)
	}
	if data, _ := got.Mounts.At("/data/x"); data.ReadOnly || !slices.Contains(data.Options, "nosuid") {
		t.Errorf("data: %+v", data)
	}
	pids, _, err := procs.Container(os.DirFS("/proc"), pid)
	if want := []int{min(pid, other), max(pid, other)}; err != nil || !slices.Equal(pids, want) {
		t.Errorf("processes %v, %v, want %v", pids, err, want)
	}
	if pids, _, err := procs.Container(os.DirFS("/proc"), os.Getpid()); err == nil {
		t.Errorf("we are in no container of our own: %v", pids)
	}
}

func TestThisProcess(t *testing.T) {
	got := look(t, os.Getpid())
	if got.RealUID != (procs.ID{Outside: uint32(os.Getuid()), Inside: uint32(os.Getuid()), Mapped: true}) || got.Root() != (os.Getuid() == 0) {
		t.Errorf("user %+v", got.RealUID)
	}
	if !slices.Contains(got.Environment, "PATH") || !slices.IsSorted(got.Environment) {
		t.Errorf("environment %v", got.Environment)
	}
	if root, ok := got.Mounts.At("/"); !ok || root.Type == "" || root.Kernel() {
		t.Errorf("its root: %+v", root)
	}
	if m, ok := got.Mounts.At("/proc/self"); !ok || m.Type != "proc" || !m.Kernel() {
		t.Errorf("its /proc: %+v", m)
	}
}
