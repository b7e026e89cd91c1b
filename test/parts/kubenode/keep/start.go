//go:build linux

package keep

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Keeper is the other end of the pipe to a keeper's process.
type Keeper struct {
	// PID is of the process whose namespaces are the servers': the first of the box, else the keeper.
	PID int

	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	mu     sync.Mutex // one question at a time
}

// stopTimeout bounds how long servers may take to be gone, with their files.
const stopTimeout = 60 * time.Second

// ErrRefused says that this machine lets nobody, or not this user, make a box.
var ErrRefused = errors.New("no box can be made here")

// Start starts the program at path as the keeper of the job. When it returns, the box is ready. Stop it in any case. The error may be ErrRefused.
func Start(path string, j Job) (*Keeper, error) {
	text, err := j.encode()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(j.Dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for logs: %w", err)
	}
	// The background: it lives until the pipe ends, whatever becomes of the context of whoever starts it.
	k := &Keeper{cmd: exec.CommandContext(context.Background(), path, "keep", text)}
	k.cmd.Dir = "/"
	k.cmd.Stderr = &k.stderr
	// A session of its own: control-C at a terminal is the test's, which then stops the servers itself.
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err1 := k.cmd.StdinPipe()
	out, err2 := k.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("make the pipe to a keeper: %w", err)
	}
	k.in, k.out = in, bufio.NewReader(out)
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a keeper: %w", err)
	}
	for ready := false; !ready || k.PID == 0; {
		a, err := k.answer()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start a keeper: %w", err), k.Stop())
		}
		ready = ready || a.Ready
		k.PID = max(k.PID, a.PID)
	}
	return k, nil
}

// Run starts a server. It returns when its process is there, which says nothing about its being ready.
func (k *Keeper) Run(c Command) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.in.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("start %s: tell its keeper: %w", c.Name, err)
	}
	if _, err := k.answer(); err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	return nil
}

func (k *Keeper) answer() (answer, error) {
	line, err := k.out.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("the keeper does not answer: %w", err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return answer{}, fmt.Errorf("the keeper answers %q: %w", line, err)
	}
	if a.Refused {
		return answer{}, fmt.Errorf("%w: %s", ErrRefused, a.Error)
	}
	if a.Error != "" {
		return answer{}, errors.New(a.Error)
	}
	return a, nil
}

// Stop ends the servers and removes what the keeper made. The error says what is left.
func (k *Keeper) Stop() error {
	if err := k.in.Close(); err != nil {
		return fmt.Errorf("let go of a keeper: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- k.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("stop the servers: %w: %s", err, bytes.TrimSpace(k.stderr.Bytes()))
		}
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("stop the servers: not done after %s, process %d still clears up", stopTimeout, k.cmd.Process.Pid)
	}
}
