package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// asProgram makes the test binary a program that can be stopped, and that hears that its terminal was closed.
const asProgram = "STELLARESCROW_TEST_STOPPABLE"

// What the program ends with.
const (
	wentOn  = 10
	stopped = 11
)

// TestTheTerminalIsClosed under a program, which then ends, unless it was started to outlive that.
func TestTheTerminalIsClosed(t *testing.T) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := Stoppable(t.Context())
		defer stop()
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(syscall.SIGHUP)
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			os.Exit(stopped)
		case <-time.After(time.Second): // the signal comes in less than a millisecond
			os.Exit(wentOn)
		}
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not installed: who starts a program with SIGHUP ignored?")
	}
	// What this test ignores, its children would; what it hears, they do not. It may itself be run by nohup.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Reset(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	for name, c := range map[string]struct {
		before string
		want   int
	}{
		"as usual":            {"", stopped},
		"nohup":               {`trap "" HUP; `, wentOn},
		"nohup of the others": {`trap "" INT TERM; `, stopped},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), sh, "-c", c.before+`exec "$0" "$@"`, os.Args[0], "-test.run=^TestTheTerminalIsClosed$")
			cmd.Env = append(os.Environ(), asProgram+"=1")
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != c.want {
				t.Errorf("it ended with %d, want %d: %v\n%s", code, c.want, err, out)
			}
		})
	}
}
