//go:build linux

package ctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// terminal is both ends of a pseudo terminal 60 columns wide.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo terminal can be had: %v", err)
	}
	t.Cleanup(func() { near.Close() })
	if err := unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(near.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		t.Fatal(err)
	}
	far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// stalling takes connections and says nothing.
func stalling(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().String()
}

// A door that stalls is waited for: on a terminal it is told which clauses wait, on the standard error alone, and nothing of that is left. In a pipe there is not a byte.
func TestWaitingIsToldOnATerminalAlone(t *testing.T) {
	targets := filepath.Join(t.TempDir(), "targets.yaml")
	if err := os.WriteFile(targets, []byte("door: https://stalls.test\naddress: "+stalling(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stderr io.Writer) (stdout []byte, code int) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "audit", "N12", "C5", "--tree", "../..", "--live", targets, "--within", "2s", "--format", "json")
		var out bytes.Buffer
		cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), ctl.AsProgram+"=1"), &out, stderr
		if err := cmd.Run(); err == nil {
			t.Error("what stalls is taken for something that holds")
		}
		return out.Bytes(), cmd.ProcessState.ExitCode()
	}
	near, far := terminal(t)
	said := make(chan string)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, near) // ends with an error when the other end is closed
		said <- b.String()
	}()
	out, code := run(far)
	far.Close()
	notes := <-said
	if !strings.Contains(notes, "of 2 clauses") || !strings.Contains(notes, "still at") {
		t.Errorf("the terminal has %q", notes)
	}
	if end := strings.LastIndex(notes, "\r\x1b[2K"); end < 0 || !strings.HasPrefix(notes[end+len("\r\x1b[2K"):], "escrowctl: audit: ") {
		t.Errorf("the terminal is left with %q", notes)
	}
	var pipe bytes.Buffer
	again, _ := run(&pipe)
	if s := pipe.String(); !strings.HasPrefix(s, "escrowctl: audit: ") || strings.Count(s, "\n") != 1 {
		t.Errorf("the pipe has %q", s)
	}
	for _, text := range [][]byte{out, again} {
		var report struct {
			Exit    int
			Clauses []struct{ ID, Verdict, Live string }
		}
		if err := json.Unmarshal(text, &report); err != nil || report.Exit != code || code != 2 || len(report.Clauses) != 2 || report.Clauses[0].Live != "NOT EVIDENCED" {
			t.Errorf("%v, exit %d: %+v", err, code, report)
		}
	}
}
