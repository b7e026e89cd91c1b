//go:build unix

package child

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"
)

// Child is a server that runs until the test ends.
type Child struct {
	Dir  string // its folder, and where it was started
	kept *Kept
}

// Start starts a program in a folder, which is removed when it has ended: with the test. env comes after the environment of the test.
func Start(t testing.TB, dir string, env []string, program string, args ...string) *Child {
	t.Helper()
	k, err := Keep(Keeping{Name: filepath.Base(program), Dir: dir, Ending: "TERM", Env: env, Command: append([]string{program}, args...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log := k.Log()
		if err := k.Stop(); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	})
	if err := k.Tell("start"); err != nil {
		t.Fatal(err)
	}
	return &Child{dir, k}
}

// Log is what the server has told so far.
func (c *Child) Log() string { return c.kept.Log() }

// FreeAddress is an address of this machine that nobody listened on a moment ago.
func FreeAddress(t testing.TB) string {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// FreePort is the port of such an address, for who tries again when another process has taken it first.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
