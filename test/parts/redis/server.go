//go:build unix

package redis

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/Abdullahi130/StellarEscrow/test/parts/child"
)

// Options say how the server runs.
type Options struct {
	// TLS makes it speak TLS only, with a certificate made at run time (Roots).
	TLS bool
	// Settings are further lines of redis.conf.
	Settings map[string]string
}

// Server is one Redis, started when the first test asks for it. Its methods may be called by several tests at once, which then share its
// data: they tell theirs apart by the names of their keys.
type Server struct {
	options Options

	start   sync.Once
	err     error // of the start
	process *process
	port    int
	roots   *x509.CertPool
	admin   *redis.Client

	stopped  atomic.Bool
	mu       sync.Mutex // the keeper is told one word at a time
	password atomic.Pointer[string]
}

// New returns a server that is not started yet.
func New(o Options) *Server {
	s := &Server{options: o}
	password := rand.Text()
	s.password.Store(&password)
	return s
}

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
	if s.process == nil || s.stopped.Swap(true) {
		return nil
	}
	if s.admin != nil {
		_ = s.admin.Close() // the server goes anyway
	}
	return s.process.Stop()
}

// URL is where the server is, without its password.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	scheme := "redis"
	if s.options.TLS {
		scheme = "rediss"
	}
	return scheme + "://" + s.Address(t) + "/0"
}

// Address is where the server listens.
func (s *Server) Address(t testing.TB) string {
	t.Helper()
	s.ready(t)
	return s.address()
}

// Password is the one that is good at present; Rotate changes it.
func (s *Server) Password() string { return *s.password.Load() }

// Roots are the authorities that the server's certificate comes from; nil without TLS.
func (s *Server) Roots(t testing.TB) *x509.CertPool {
	t.Helper()
	s.ready(t)
	return s.roots
}

// Do runs a command with all rights and returns its answer.
func (s *Server) Do(t testing.TB, args ...any) any {
	t.Helper()
	s.ready(t)
	answer, err := s.admin.Do(context.WithoutCancel(t.Context()), args...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("redis %v: %v", args[0], err)
	}
	return answer
}

// Flush takes all its data.
func (s *Server) Flush(t testing.TB) {
	t.Helper()
	s.Do(t, "FLUSHALL")
}

// Pause makes it take commands and answer none of them for a time.
func (s *Server) Pause(t testing.TB, d time.Duration) {
	t.Helper()
	s.Do(t, "CLIENT", "PAUSE", d.Milliseconds(), "ALL")
}

// Rotate changes its password and cuts all connections that have used the one before.
func (s *Server) Rotate(t testing.TB) {
	t.Helper()
	password := rand.Text()
	s.Do(t, "CONFIG", "SET", "requirepass", password)
	s.password.Store(&password)
	if err := s.process.configure(s.settings()); err != nil {
		t.Fatal(err)
	}
	s.Do(t, "CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "NO")
}

// Kill ends it at once, as a crash would; Up starts it again on the same port, empty.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.tell(t, "end") }

// Freeze stops it where it is, connections open, until Thaw or Up.
func (s *Server) Freeze(t testing.TB) { t.Helper(); s.tell(t, "STOP") }

// Thaw lets it go on.
func (s *Server) Thaw(t testing.TB) { t.Helper(); s.tell(t, "CONT") }

// Up starts a server that was killed, or takes the place of one that runs.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.ready(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.start(s.address()); err != nil {
		t.Fatalf("start Redis: %v", err)
	}
}

// Restart is Kill and Up.
func (s *Server) Restart(t testing.TB) { t.Helper(); s.Kill(t); s.Up(t) }

func (s *Server) tell(t testing.TB, word string) {
	t.Helper()
	s.ready(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.Tell(word); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(s.port)) }

func (s *Server) ready(t testing.TB) {
	t.Helper()
	program, missing := installed()
	if missing != nil {
		Missing(t, missing)
	}
	s.start.Do(func() { s.err = s.run(program) })
	if s.err != nil {
		t.Fatalf("start Redis: %v", s.err)
	}
}

func (s *Server) run(program string) (err error) {
	if s.process, err = newProcess(program); err != nil {
		return err
	}
	if s.options.TLS {
		if s.roots, err = s.process.certify(time.Now()); err != nil {
			return err
		}
	}
	// Another process may take a free port before the server does; who then listens does not know our password.
	const tries = 5
	for try := range tries {
		if s.port, err = child.FreePort(); err != nil {
			return err
		}
		if err = s.process.configure(s.settings()); err != nil {
			return err
		}
		if err = s.process.start(s.address()); err != nil {
			continue
		}
		s.admin = s.client()
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		err = s.admin.Ping(ctx).Err()
		cancel()
		if err == nil || try == tries-1 {
			return err
		}
		_ = s.admin.Close() // it is another's server
	}
	return err
}

func (s *Server) client() *redis.Client {
	o := &redis.Options{
		Addr:                s.address(),
		CredentialsProvider: func() (string, string) { return "", *s.password.Load() },
		PoolSize:            2,
	}
	if s.roots != nil {
		o.TLSConfig = &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	}
	return redis.NewClient(o)
}

func (s *Server) settings() map[string]string {
	settings := map[string]string{
		"bind": "127.0.0.1", "port": fmt.Sprint(s.port), "dir": s.process.Dir, "requirepass": *s.password.Load(),
		"save": `""`, "appendonly": "no", "daemonize": "no", "loglevel": "notice", "maxclients": "200",
	}
	if s.options.TLS {
		maps.Copy(settings, map[string]string{
			"port": "0", "tls-port": fmt.Sprint(s.port), "tls-auth-clients": "no",
			"tls-cert-file": s.process.file(certFile), "tls-key-file": s.process.file(keyFile), "tls-ca-cert-file": s.process.file(certFile),
		})
	}
	maps.Copy(settings, s.options.Settings)
	return settings
}
