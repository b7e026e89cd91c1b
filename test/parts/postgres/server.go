//go:build unix

package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
)

// Options say how the server runs.
type Options struct {
	// Careless switches fsync off: several times faster, for suites that look at answers and not at what a power cut leaves.
	Careless bool
	// Template prepares the database that every test's is a copy of, once. Without it they are empty.
	Template func(ctx context.Context, url string) error
	// Settings are further lines of postgresql.conf.
	Settings map[string]string
}

// Server is one PostgreSQL, started when the first test asks for a database. Its methods may be called by several tests at once.
type Server struct {
	options  Options
	password string

	start sync.Once
	err   error // of the start
	files files
	port  int
	stop  func() error

	stopped atomic.Bool
	mu      sync.Mutex // CREATE DATABASE refuses while another session is in the template
	n       int        // databases made so far
}

// New returns a server that is not started yet.
func New(o Options) *Server { return &Server{options: o, password: rand.Text()} }

// Main runs a binary's tests and stops the server; call it from TestMain: os.Exit(server.Main(m)).
func (s *Server) Main(m *testing.M) int {
	code := m.Run()
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Stop ends the server and removes its files; nothing if it was never started.
func (s *Server) Stop() error {
	s.start.Do(func() { s.err = errors.New("the server was stopped before it was started") })
	if s.stop == nil || s.stopped.Swap(true) {
		return nil
	}
	return s.stop()
}

// Database makes a copy of the template for this test, gone when the test ends, and returns its URL. The user may do everything.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.ready(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	name := fmt.Sprintf("test_%d", s.n)
	s.Exec(t, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template))
	t.Cleanup(func() {
		if s.stopped.Load() {
			return
		}
		if err := s.exec(context.Background(), "postgres", "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Log(err) // a test may have left the server down
		}
	})
	return s.url(name)
}

// Exec runs a statement as the superuser, outside of the tests' databases.
func (s *Server) Exec(t testing.TB, sql string) {
	t.Helper()
	s.ready(t)
	if err := s.exec(context.WithoutCancel(t.Context()), "postgres", sql); err != nil {
		t.Fatal(err)
	}
}

// Down stops the server at once, as a crash would; Up starts it again, on the same port.
func (s *Server) Down(t testing.TB) {
	t.Helper()
	s.ready(t)
	if err := s.files.ctl(context.WithoutCancel(t.Context()), "stop", "-m", "immediate"); err != nil {
		t.Fatal(err)
	}
}

// Up starts a server that is Down.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	if err := s.files.ctl(context.WithoutCancel(t.Context()), "start"); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a server that may have ended by itself, on the same port; one that runs is stopped at once before.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.ready(t)
	if err := s.files.ctl(context.WithoutCancel(t.Context()), "restart", "-m", "immediate"); err != nil {
		t.Fatal(err)
	}
}

// Address is where the server listens.
func (s *Server) Address(t testing.TB) string {
	t.Helper()
	s.ready(t)
	return s.address()
}

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(s.port)) }

// template is the database that the others are copies of.
const template = "template_of_tests"

const superuser = "postgres"

func (s *Server) url(database string) string {
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, s.password), Host: s.address(), Path: database, RawQuery: "sslmode=disable"}).String()
}

func (s *Server) ready(t testing.TB) {
	t.Helper()
	bin, missing := installed()
	if missing != nil {
		Missing(t, missing)
	}
	s.start.Do(func() { s.err = s.run(context.WithoutCancel(t.Context()), bin) })
	if s.err != nil {
		t.Fatalf("start PostgreSQL: %v", s.err)
	}
}

func (s *Server) run(ctx context.Context, bin string) (err error) {
	if s.files, err = newFiles(bin); err != nil {
		return err
	}
	guard, err := s.files.guard()
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.files.dir))
	}
	s.stop = guard
	if err := s.files.initdb(ctx, s.password); err != nil {
		return err
	}
	// Another process may take a free port before the server does.
	const tries = 5
	for try := range tries {
		if s.port, err = child.FreePort(); err != nil {
			return err
		}
		if err = s.files.configure(s.port, s.options); err != nil {
			return err
		}
		if err = s.files.ctl(ctx, "start"); err == nil || try == tries-1 {
			break
		}
	}
	if err != nil {
		return err
	}
	if err := s.exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	if s.options.Template == nil {
		return nil
	}
	if err := s.options.Template(ctx, s.url(template)); err != nil {
		return fmt.Errorf("prepare the template: %w", err)
	}
	return nil
}

func (s *Server) exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// newest is the folder of the highest version below /usr/lib/postgresql, as Debian and its children install them side by side.
func newest() (string, int) {
	var bin string
	best := 0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // its pattern is well formed
	for _, path := range found {
		var version int
		dir := filepath.Dir(path)
		if _, err := fmt.Sscan(filepath.Base(filepath.Dir(dir)), &version); err == nil && version > best {
			bin, best = dir, version
		}
	}
	return bin, best
}
