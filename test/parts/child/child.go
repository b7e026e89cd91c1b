//go:build unix

package child

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// keeper is the script of the shell. It ends the server when the pipe ends, because we let go of it or have ended in whatever way.
const keeper = `
trap '' HUP
dir=$1
shift
(trap - HUP; cd "$dir" && exec "$@") >"$dir/log" 2>&1 </dev/null &
server=$!
while read -r word; do :; done
kill -TERM "$server" 2>/dev/null
wait "$server" 2>/dev/null
rm -rf "$dir"`

// stopWithin bounds how long a server may take to end; then it is killed.
const stopWithin = 20 * time.Second

// Child is a server that runs.
type Child struct {
	Dir string // its folder, and where it was started
	cmd *exec.Cmd
	in  io.WriteCloser
}

// Start starts a program in a folder, which is removed when it has ended: with the test. env comes after the environment of the test.
func Start(t testing.TB, dir string, env []string, program string, args ...string) *Child {
	t.Helper()
	c := &Child{Dir: dir}
	c.cmd = exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper", dir, program}, args...)...)
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // control-C at a terminal is the test binary's, which then stops the server itself
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.stop(t) })
	return c
}

// Log is what the server has told so far.
func (c *Child) Log() string {
	text, err := os.ReadFile(filepath.Join(c.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop ends the server and removes its folder.
func (c *Child) stop(t testing.TB) {
	log := c.Log()
	if err := c.in.Close(); err != nil {
		t.Error(err)
	}
	late := time.AfterFunc(stopWithin, func() { _ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("stop %s: %v\n%s", c.Dir, err, log)
	}
	if _, err := os.Stat(c.Dir); err == nil {
		t.Errorf("stop: the folder %s is left", c.Dir)
	}
}

// FreeAddress is an address of this machine that nobody listened on a moment ago.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
