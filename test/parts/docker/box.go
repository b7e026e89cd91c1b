//go:build linux

package docker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// keeper is the script of the process outside the box, which outlives us: when the box has ended, it removes the folder and the control groups. A group
// cannot be removed while somebody is dying in it, so it tries for ten seconds.
const keeper = `
trap '' HUP INT TERM
unshare --mount --net --pid --ipc --fork --kill-child --propagation private bash -c "$BOX" box "$@"
rm -rf "$FOLDER"
for _ in $(seq 100); do
	left=$(find /sys/fs/cgroup -depth -type d -path "*/$GROUP*" ! -exec rmdir {} \; -print 2>/dev/null)
	[ -n "$left" ] || exit 0
	sleep 0.1
done
echo "control groups are left: $left" >&2
exit 1`

// box is the script of the first process inside. With it everything inside ends, as the kernel has it for the first of a process tree; until then it
// stops the engine in an orderly way, so that nothing is left of networks and mounts either. bash, since it takes care of the orphans of others.
//
// The folder /run is the box's own: what stands there (lock of iptables, sockets of containerd) has one name on a machine. The mount of control groups 2
// beside those of version 1 goes, since not every runtime can live with both.
const box = `
trap '' HUP INT TERM
read -r pid _ </proc/self/stat
mount -t proc proc /proc && mount -t tmpfs -o mode=0755 run /run && ip link set lo up || exit 1
umount /sys/fs/cgroup/unified 2>/dev/null
dockerd "$@" >"$FOLDER/dockerd.log" 2>&1 </dev/null &
echo "$pid"
read -r _
kill %1
for _ in $(seq 200); do kill -0 %1 2>/dev/null || break; sleep 0.1; done
exit 0`

// stopTimeout bounds what keeper and box wait for.
const stopTimeout = 60 * time.Second

// process is the keeper, and the box's first process as it is seen from outside.
type process struct {
	cmd *exec.Cmd
	in  io.Closer
	pid int
}

// open makes the box; flags are the engine's.
func open(folder, group string, flags []string) (*process, error) {
	cmd := exec.CommandContext(context.Background(), "bash", append([]string{"-c", keeper, "keeper"}, flags...)...)
	cmd.Env = append(clean(), "BOX="+box, "FOLDER="+folder, "GROUP="+group)
	// A process group of its own: control-C at a terminal is the test binary's, which then stops the box itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("open a box: %w", err)
	}
	p := &process{cmd: cmd, in: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		p.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a box: its first process said %q: %w", line, err), p.close())
	}
	return p, nil
}

// close ends the box and all that is in it, and removes what it left.
func (p *process) close() error {
	if err := p.in.Close(); err != nil {
		return err
	}
	kill := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() }) // the box ends with its keeper
	defer kill.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("close the box: %w", err)
	}
	return nil
}

// clean is the environment of all that runs here: no setting of the developer's Docker decides what a test does.
func clean() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
}

// Command is a program that runs inside the box, in the folder / : its mounts, its network, its /proc; docker finds the engine. Run it with
// procgroup.Run: the end of the context ends it and all that it started.
func (e *Engine) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := procgroup.Command(ctx, "nsenter", append([]string{"--target", strconv.Itoa(e.process.pid), "--mount", "--net", "--pid", "--ipc", "--", name}, args...)...)
	cmd.Env = e.environment()
	return cmd
}

// Exec runs a Command and returns what it printed. The error holds what it said on the other stream.
func (e *Engine) Exec(ctx context.Context, name string, args ...string) ([]byte, error) {
	return procgroup.Output(e.Command(ctx, name, args...))
}

// PID is the box's first process, as it is seen from outside: nsenter --target PID enters the box.
func (e *Engine) PID() int { return e.process.pid }

// Network is the file of the box's network namespace, in which the engine publishes ports.
func (e *Engine) Network() string { return fmt.Sprintf("/proc/%d/ns/net", e.process.pid) }

// Proc is the box's own /proc, as it is seen from outside: ids of processes are those that the engine tells.
func (e *Engine) Proc() string { return fmt.Sprintf("/proc/%d/root/proc", e.process.pid) }

// Outer is the id by which this machine knows a process of the box. The kernel says of each process its ids in all process trees that it is in, and a
// container's first process has mounts that nobody else has.
func (e *Engine) Outer(pid int) (int, error) {
	mounts, err := os.Readlink(fmt.Sprintf("%s/%d/ns/mnt", e.Proc(), pid))
	if err != nil {
		return 0, fmt.Errorf("find process %d of the box: %w", pid, err)
	}
	all, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, entry := range all {
		outer, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if same, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", outer)); err != nil || same != mounts {
			continue
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", outer))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			if ids := strings.Fields(line); len(ids) > 2 && ids[0] == "NSpid:" && ids[2] == strconv.Itoa(pid) {
				return outer, nil
			}
		}
	}
	return 0, fmt.Errorf("find process %d of the box: it is not on this machine", pid)
}
