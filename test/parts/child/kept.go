//go:build unix

package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// keeper is the script of the shell. It does what it is told line by line. When the
// pipe ends, because we let go of it or have ended in whatever way, it ends the server and removes its folder. The group is the server's too: its own children end
// with it, and whatever else it started is told to. The kernel hangs up on a group that loses its parent while one of it is frozen, which must not end the shell first.
const keeper = `
trap '' HUP
dir=$1
ending=$2
shift 2
server=
end() { [ -z "$server" ] || { kill -s "$ending" "$server"; wait "$server"; server=; } 2>/dev/null; }
while read -r word; do
	case $word in
	start) end; (trap - HUP; cd "$dir" && exec "$@") >>"$dir/log" 2>&1 </dev/null & server=$! ;;
	end) end ;;
	*) kill -s "$word" "$server" ;;
	esac
	echo done
done
end
cd /
rm -rf "$dir"
kill -KILL 0`

// Keeping is how a server is kept.
type Keeping struct {
	Name    string        // of the server, in errors
	Dir     string        // its folder, where it is started; it goes with the server
	Ending  string        // the signal that ends it: TERM
	Within  time.Duration // it may take to end, or else it is killed and its folder is left; 0 is 20 s
	Env     []string
	As      *syscall.Credential // whose process it is, where that is somebody else's
	Command []string
}

// Kept is a server that does what it is told. It does not run yet.
type Kept struct {
	Keeping
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Keep makes the process that starts the server. Stop it in any case.
func Keep(k Keeping) (*Kept, error) {
	if k.Within == 0 {
		k.Within = endWithin
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", keeper, "keeper", k.Dir, k.Ending}, k.Command...)...)
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	cmd.Env = append(os.Environ(), k.Env...)
	// A process group of its own: control-C at a terminal is the test binary's, which then stops the server itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: k.As}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("keep %s: %w", k.Name, err)
	}
	return &Kept{k, cmd, in, bufio.NewReader(out)}, nil
}

// Tell says a word to the keeper: start, end, or a signal's name. It returns when that is done. A server that does not end within Keeping.Within is
// killed with its keeper: nothing can be told to it any more.
func (k *Kept) Tell(word string) error {
	if _, err := fmt.Fprintln(k.in, word); err != nil {
		return fmt.Errorf("%s %s: %w", word, k.Name, err)
	}
	late := time.AfterFunc(k.Within, k.kill)
	answer, err := k.out.ReadString('\n')
	if !late.Stop() {
		return fmt.Errorf("%s %s: that was not done within %s, and it was killed", word, k.Name, k.Within)
	}
	if err != nil {
		return fmt.Errorf("%s %s: hear its keeper: %w", word, k.Name, err)
	}
	if answer != "done\n" {
		return fmt.Errorf("%s %s: its keeper answered %q", word, k.Name, answer)
	}
	return nil
}

// kill ends the keeper, the server and whatever else is of their group.
func (k *Kept) kill() { _ = syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL) }

// endWithin bounds how long a server may take to end where nothing else is said.
const endWithin = 20 * time.Second

// Stop ends the server and removes its files.
func (k *Kept) Stop() error {
	if err := k.in.Close(); err != nil {
		return err
	}
	late := time.AfterFunc(k.Within, k.kill)
	defer late.Stop()
	_ = k.cmd.Wait() // its last act ends its own group, and so itself
	if _, err := os.Stat(k.Dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stop %s: its folder %s is left", k.Name, k.Dir)
	}
	return nil
}

// Log is what the server has written so far.
func (k *Kept) Log() string {
	text, err := os.ReadFile(filepath.Join(k.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
