//go:build unix

package procgroup_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// run runs a script whose own child holds the pipe that is returned: it ends when nobody of them is left.
func run(t *testing.T, ctx context.Context, script string) (said *bufio.Reader, done chan error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if err := r.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	cmd := procgroup.Command(ctx, "sh", "-c", script)
	cmd.Stdout = w
	done = make(chan error, 1)
	go func() {
		done <- procgroup.Run(cmd)
		_ = w.Close()
	}()
	return bufio.NewReader(r), done
}

func TestTheWholeGroupEnds(t *testing.T) {
	t.Run("when the context does", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		// exec: a shell that is just starting a program may miss the interrupt, and this would take until Grace is over.
		said, done := run(t, ctx, "sh -c 'echo begun; exec sleep 600'; echo after")
		if _, err := said.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		cancel()
		if rest, err := io.ReadAll(said); err != nil || len(rest) > 0 {
			t.Errorf("it went on: %q, %v", rest, err)
		}
		var exit *exec.ExitError
		if err := <-done; !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("when its first program does", func(t *testing.T) {
		said, done := run(t, t.Context(), "sleep 600 & echo begun")
		if rest, err := io.ReadAll(said); err != nil || string(rest) != "begun\n" {
			t.Errorf("somebody went on: %q, %v", rest, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestOutput(t *testing.T) {
	out, err := procgroup.Output(procgroup.Command(t.Context(), "sh", "-c", "echo printed; echo said >&2"))
	if err != nil || string(out) != "printed\n" {
		t.Errorf("%q, %v", out, err)
	}
	out, err = procgroup.Output(procgroup.Command(t.Context(), "sh", "-c", "echo printed; echo said >&2; exit 3"))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(err.Error(), "exit 3: exit status 3: said") || string(out) != "printed\n" {
		t.Errorf("one that fails: %q, %v", out, err)
	}
}
