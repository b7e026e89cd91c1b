// Package partstest holds what the tests of every part have in common.
package partstest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Hostage is set in the environment of a test binary that runs itself again, to start a server and wait to be killed.
const Hostage = "STELLARESCROW_TEST_HOSTAGE"

// EndsWithItsBinary kills a test binary that has started a server: the server must end, and leave no file behind. start starts it and says where
// it listens; where there is none it ends the test with a skip.
func EndsWithItsBinary(t *testing.T, start func(t testing.TB) string) {
	if os.Getenv(Hostage) != "" {
		fmt.Println("listening on", start(t))
		time.Sleep(time.Minute)
		return
	}
	start(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	for dir := tmp; dir != os.TempDir() && dir != "/"; dir = dir[:strings.LastIndexByte(dir, '/')] { // a server may run as another user
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), Hostage+"=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address string
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "listening on ")
		if !strings.HasPrefix(address, "127.") {
			address = ""
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("before: %v", err)
	}
	conn.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, err := os.ReadDir(tmp)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address)
		if err != nil && len(left) == 0 {
			return
		}
		if err == nil {
			conn.Close()
		}
		if time.Now().After(end) {
			t.Fatalf("20 s after its binary was killed: connected %t, files %v", err == nil, left)
		}
	}
}
