//go:build unix

package procgroup

import (
	"context"
	"errors"
	"os"
	"os/exec"
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

func signal(cmd *exec.Cmd, s syscall.Signal) error {
	err := syscall.Kill(-cmd.Process.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
