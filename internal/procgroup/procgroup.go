//go:build unix

package procgroup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Grace is how long the programs have to end by themselves once the context has ended; then they are killed.
const Grace = 10 * time.Second

// Command is as exec.CommandContext, with a process group of its own. The end of the context interrupts the whole group, as control-C in a
// terminal does; `go run` and its like then wait for what they have started. Start it with Run.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return signal(cmd, syscall.SIGINT) }
	cmd.WaitDelay = Grace
	return cmd
}

// Run runs a program made by Command and returns when it and all that it left in its group have ended. The error is that of cmd.Run.
func Run(cmd *exec.Cmd) error {
	err := cmd.Run()
	if cmd.Process != nil {
		_ = signal(cmd, syscall.SIGKILL) // as a rule nobody is left
	}
	return err
}

// Output is Run, and what the program has printed. The error holds what it said on the other stream.
func Output(cmd *exec.Cmd) ([]byte, error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := Run(cmd); err != nil {
		return out.Bytes(), fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), nil
}

func signal(cmd *exec.Cmd, s syscall.Signal) error {
	err := syscall.Kill(-cmd.Process.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
