//go:build unix

package redis

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
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

// process is the server's, and its folder.
type process struct{ *child.Kept }

func newProcess(program string) (*process, error) {
	dir, err := os.MkdirTemp("", "redis-*")
	if err != nil {
		return nil, err
	}
	// KILL: it may be frozen.
	kept, err := child.Keep(child.Keeping{Name: "Redis", Dir: dir, Ending: "KILL", Command: []string{program, filepath.Join(dir, "redis.conf")}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &process{kept}, nil
}

// configure writes the server's file; the password stands there, and not among the arguments that everybody on the machine can see.
func (p *process) configure(settings map[string]string) error {
	var text strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&text, "%s %s\n", name, value)
	}
	return os.WriteFile(filepath.Join(p.Dir, "redis.conf"), []byte(text.String()), 0o600)
}

// told is the end of the server's log.
func (p *process) told() string {
	text := p.Log()
	return text[max(0, len(text)-2000):]
}

// startTimeout bounds how long the server may take to listen.
const startTimeout = 20 * time.Second

// start returns when the server listens.
func (p *process) start(address string) error {
	if err := p.Tell("start"); err != nil {
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
