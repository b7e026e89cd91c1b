//go:build linux

package keep

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// servers are the children of this process, by number. In a box they are also whoever lost its parent there.
type servers struct {
	dir     string
	mu      sync.Mutex // from the start of a child to its being listed, and while one is reaped
	running map[int]string
}

// serve starts the servers that the pipe names, one after the other, until the pipe ends; then it ends them. Call it on the locked thread.
func serve(dir string, in io.Reader, out io.Writer) error {
	s := &servers{dir: dir, running: map[int]string{}}
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	go func() {
		for range died {
			s.reap()
		}
	}()
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read the pipe: %w", err), s.end())
		}
		var a answer
		if err := s.start(line); err != nil {
			a.Error = err.Error()
		}
		if err := tell(out, a); err != nil {
			return errors.Join(err, s.end())
		}
	}
}

func (s *servers) start(line []byte) error {
	var c Command
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("read what to start: %w", err)
	}
	log, err := os.OpenFile(Log(s.dir, c.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open its log: %w", err)
	}
	defer log.Close()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nothing.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := os.StartProcess(c.Path, append([]string{c.Path}, c.Args...), &os.ProcAttr{
		Dir: s.dir, Env: c.Env, Files: []*os.File{nothing, log, log},
		Sys: &unix.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}, // should this process be killed
	})
	if err != nil {
		return err
	}
	s.running[p.Pid] = c.Name
	return p.Release() // reap knows it
}

// reap takes note of every child that has ended.
func (s *servers) reap() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var how unix.WaitStatus
		pid, err := unix.Wait4(-1, &how, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if name, ours := s.running[pid]; ours {
			delete(s.running, pid)
			text := fmt.Sprintf("exit status %d\n", how.ExitStatus())
			if how.Signaled() {
				text = fmt.Sprintf("by signal %s\n", how.Signal())
			}
			_ = os.WriteFile(ended(s.dir, name), []byte(text), 0o600) // a help to who waits for it, who has a limit too
		}
	}
}

// endTimeout bounds how long a killed server may take to be gone.
const endTimeout = 20 * time.Second

// end kills the servers. A child that is listed has not been reaped, so that its number is still its own.
func (s *servers) end() error {
	for until := time.Now().Add(endTimeout); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		var err error
		for pid, name := range s.running {
			if kill := unix.Kill(pid, unix.SIGKILL); kill != nil {
				err = errors.Join(err, fmt.Errorf("end %s: %w", name, kill))
			}
		}
		left := len(s.running)
		s.mu.Unlock()
		if left == 0 || err != nil {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d servers are not gone %s after they were killed", left, endTimeout)
		}
		s.reap()
	}
}
