//go:build unix

package nginx

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
)

// Options say how nginx runs.
type Options struct {
	// Files are what its folder holds at the start, by name: nginx.conf, and whatever it includes. They may name the folder, which they are told.
	Files func(dir string) map[string]string
	// Command starts it in its folder, in the foreground; empty for `nginx -e stderr -p . -c nginx.conf -g "daemon off;"`. The first word nginx is its program.
	Command []string
	// Env are further variables; %s in one stands for the folder.
	Env []string
	// Listens are the addresses that it must listen on before Start returns.
	Listens []string
}

// Server is one nginx.
type Server struct {
	process *child.Kept
	listens []string
}

// startTimeout bounds how long it may take to listen, and to end.
const startTimeout = 20 * time.Second

// Start starts nginx, and stops it when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	path, missing := program()
	if missing != nil {
		Missing(t, missing)
	}
	dir, err := os.MkdirTemp("", "nginx-*")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{listens: o.Listens}
	if err := s.write(dir, o.Files(dir)); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + filepath.Dir(path) + ":/usr/sbin:/usr/bin:/bin"}
	for _, e := range o.Env {
		env = append(env, strings.ReplaceAll(e, "%s", dir))
	}
	command := o.Command
	if len(command) == 0 {
		command = []string{path, "-e", "stderr", "-p", ".", "-c", "nginx.conf", "-g", "daemon off;"}
	}
	if s.process, err = newProcess(dir, env, command); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nginx said:\n%s", s.Log())
		}
		if err := s.process.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.Up(t)
	return s
}

func (s *Server) write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return owned(dir)
}

// Put writes files into its folder while it runs, each at once.
func (s *Server) Put(t testing.TB, files map[string]string) {
	t.Helper()
	if err := s.write(s.process.Dir, files); err != nil {
		t.Fatal(err)
	}
}

// Dir is its folder.
func (s *Server) Dir() string { return s.process.Dir }

// Up starts it after a Down, or in place of one that runs.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.tell(t, "start")
	for end := time.Now().Add(startTimeout); ; time.Sleep(5 * time.Millisecond) {
		var err error
		for _, address := range s.listens {
			conn, dial := net.Dial("tcp", address)
			if err = dial; err != nil {
				break
			}
			conn.Close()
		}
		if err == nil {
			return
		}
		if time.Now().After(end) || strings.Contains(s.Log(), "[emerg]") { // it has given up
			t.Fatalf("nginx does not listen: %v: %s", err, s.Log())
		}
	}
}

// Down stops it.
func (s *Server) Down(t testing.TB) { t.Helper(); s.tell(t, "end") }

// Signal sends it a signal by its name: HUP to read its configuration again.
func (s *Server) Signal(t testing.TB, name string) { t.Helper(); s.tell(t, name) }

func (s *Server) tell(t testing.TB, word string) {
	t.Helper()
	if err := s.process.Tell(word); err != nil {
		t.Fatal(err)
	}
}

// Log is what it has written so far to standard output and standard error.
func (s *Server) Log() string { return s.process.Log() }

// The ports that FreeAddress chooses from lie below those that the system gives to whoever asks for any (ip_local_port_range begins at 32768): between its
// look and nginx's no other test is given one of them.
const (
	firstPort = 20_000
	ports     = 12_000
	looks     = 100 // for one that is free
)

// FreeAddress is an address that nobody listened on a moment ago.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range looks {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(ports)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatalf("none of %d ports from %d on is free", looks, firstPort)
	return ""
}
