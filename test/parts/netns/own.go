//go:build linux

package netns

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// inside is set in the environment of a test binary that runs itself again with a network of its own.
const inside = "STELLARESCROW_TEST_NETNS"

const install = "apt-get install nftables iproute2, and run the test as root"

// Own runs the calling test again, in a process with network and mounts of its own, and reports what came of it; there it returns true, and the
// test goes on. Call it first: if !netns.Own(t) { return }.
func Own(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) != "" {
		return true
	}
	for _, program := range []string{"ip", "nft"} {
		parts.Program(t, program, install)
	}
	if os.Geteuid() != 0 {
		parts.Missing(t, "a network of one's own", install)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if errors.Is(err, syscall.EPERM) {
		parts.Missing(t, "a network of one's own", "this machine lets nobody make one: "+err.Error())
	}
	if err != nil || !strings.Contains(out.String(), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("inside its own network: %v\n%s", err, out.Bytes())
	}
	t.Logf("inside its own network:\n%s", out.Bytes())
	return false
}
