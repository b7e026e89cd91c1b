//go:build unix

package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const (
	oldest  = 7
	install = "apt-get install -y --no-install-recommends redis-server"
)

// Missing ends the test for want of the server.
func Missing(t testing.TB, why error) {
	t.Helper()
	parts.Missing(t, why.Error(), install)
}

// installed is the path of the server's program. The error says what is missing.
func installed() (program string, missing error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return "", fmt.Errorf("redis-server, version %d or newer", oldest)
	}
	out, err := exec.Command(program, "--version").Output()
	var version int
	if _, scan := fmt.Sscanf(string(out), "Redis server v=%d", &version); err != nil || scan != nil || version < oldest {
		return "", fmt.Errorf("redis-server, version %d or newer (%s is %q)", oldest, program, strings.TrimSpace(string(out)))
	}
	return program, nil
}

// keeper is the script of the process that stands between us and the server: it alone starts it and sends it signals, always as its own
// child, so that no other process can be meant. It does what it is told line by line. When the pipe ends, because we let go of it or
// have ended in whatever way, it stops the server and removes its folder. The kernel hangs up on a group that loses its parent while one of
// it is frozen, which must not end the keeper first.
const keeper = `
trap '' HUP
server=
end() { [ -z "$server" ] || { kill -9 "$server"; wait "$server"; server=; } 2>/dev/null; }
while read -r word; do
	case $word in
	start) end; "$1" "$2/redis.conf" >>"$2/log" 2>&1 </dev/null & server=$! ;;
	end) end ;;
	*) kill -s "$word" "$server" ;;
	esac
	echo done
done
end
cd /
rm -rf "$2"`

// process is the server's, and its folder.
type process struct {
	dir string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func newProcess(program string) (*process, error) {
	dir, err := os.MkdirTemp("", "redis-*")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", keeper, "keeper", program, dir)
	// A process group of its own: control-C at a terminal is the test binary's, which then stops the server itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the server: %w", err), os.RemoveAll(dir))
	}
	return &process{dir: dir, cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// tell says a word to the keeper: start, end, or a signal's name. It returns when that is done.
func (p *process) tell(word string) error {
	if _, err := fmt.Fprintln(p.in, word); err != nil {
		return fmt.Errorf("%s the server: %w", word, err)
	}
	if answer, err := p.out.ReadString('\n'); err != nil || answer != "done\n" {
		return fmt.Errorf("%s the server: its keeper answered %q: %w", word, answer, err)
	}
	return nil
}

// stop ends the server and removes its files.
func (p *process) stop() error {
	if err := p.in.Close(); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("stop Redis: %w", err)
	}
	return nil
}

// configure writes the server's file; the password stands there, and not among the arguments that everybody on the machine can see.
func (p *process) configure(settings map[string]string) error {
	var text strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&text, "%s %s\n", name, value)
	}
	return os.WriteFile(filepath.Join(p.dir, "redis.conf"), []byte(text.String()), 0o600)
}

// told is the end of the server's log.
func (p *process) told() string {
	text, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// startTimeout bounds how long the server may take to listen.
const startTimeout = 20 * time.Second

// start returns when the server listens.
func (p *process) start(address string) error {
	if err := p.tell("start"); err != nil {
		return err
	}
	for end := time.Now().Add(startTimeout); ; time.Sleep(2 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) {
			return fmt.Errorf("it does not listen on %s: %w: %s", address, err, p.told())
		}
	}
}
