//go:build unix

package nginx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const install = "apt-get install -y --no-install-recommends nginx"

// The oldest version that the configuration is written for.
const oldestMajor, oldestMinor = 1, 22

// program is the path of nginx. Debian has it where only root looks. The error says what is missing.
func program() (path string, missing error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx"
	}
	out, err := exec.Command(path, "-v").CombinedOutput()
	var major, minor int
	if _, scan := fmt.Sscanf(string(out), "nginx version: nginx/%d.%d", &major, &minor); err != nil || scan != nil || major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return "", fmt.Errorf("nginx, version %d.%d or newer (%s is %q)", oldestMajor, oldestMinor, path, strings.TrimSpace(string(out)))
	}
	return path, nil
}

// nobody has no rights on anything; nginx runs as it when we are root, as it does in its container.
const nobody = 65534

// keeper is the script of the process that stands between us and nginx: it alone starts it and sends it signals, always as its own child, so that no other
// process can be meant. It does what it is told line by line. When the pipe ends, because we let go of it or have ended in whatever way, it stops nginx
// and removes its folder. The group is nginx's too: workers end with their master, and whatever else it started is told to.
const keeper = `
trap '' HUP
dir=$1
shift
server=
end() { [ -z "$server" ] || { kill -TERM "$server"; wait "$server"; server=; } 2>/dev/null; }
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

type process struct {
	dir string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// newProcess makes the folder and the process that starts nginx; files says what stands in the folder.
func newProcess(dir string, env, command []string) (*process, error) {
	cmd := exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", keeper, "keeper", dir}, command...)...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), env...)
	// A process group of its own: control-C at a terminal is the test binary's, which then stops nginx itself.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("keep nginx: %w", err)
	}
	return &process{dir: dir, cmd: cmd, in: in, out: bufio.NewReader(out)}, nil
}

// tell says a word to the keeper: start, end, or a signal's name. It returns when that is done.
func (p *process) tell(word string) error {
	if _, err := fmt.Fprintln(p.in, word); err != nil {
		return fmt.Errorf("%s nginx: %w", word, err)
	}
	if answer, err := p.out.ReadString('\n'); err != nil || answer != "done\n" {
		return fmt.Errorf("%s nginx: its keeper answered %q: %w", word, answer, err)
	}
	return nil
}

// stop ends nginx and removes its files.
func (p *process) stop() error {
	if err := p.in.Close(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // its last act ends its own group, and so itself
	if _, err := os.Stat(p.dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stop nginx: its folder %s is left", p.dir)
	}
	return nil
}

// owned gives a folder and all in it to the user that nginx runs as.
func owned(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
}

// Missing ends the test for want of nginx.
func Missing(t testing.TB, why error) {
	t.Helper()
	parts.Missing(t, why.Error(), install)
}
