//go:build unix

package nginx

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
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

// newProcess makes the process that starts nginx; what it reads stands in the folder.
func newProcess(dir string, env, command []string) (*child.Kept, error) {
	k := child.Keeping{Name: "nginx", Dir: dir, Ending: "TERM", Env: env, Command: command}
	if os.Geteuid() == 0 {
		k.As = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return child.Keep(k)
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
