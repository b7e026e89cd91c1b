//go:build unix

package redis_test

import (
	"crypto/tls"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

func TestMain(m *testing.M) {
	server := redis.New(redis.Options{})
	shared = server
	os.Exit(server.Main(m))
}

var shared *redis.Server

// ask is what a client with this password is told to PING, by a new connection.
func ask(t *testing.T, s *redis.Server, password string) error {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{
		Addr: s.Address(t), Password: password, MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second, ReadTimeout: 200 * time.Millisecond,
	})
	defer c.Close()
	return c.Ping(t.Context()).Err()
}

func TestThePasswordIsWanted(t *testing.T) {
	before := shared.Password()
	if err := ask(t, shared, before); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", before + "x"} {
		if err := ask(t, shared, wrong); err == nil {
			t.Errorf("let in with %q", wrong)
		}
	}
	shared.Rotate(t)
	if err := ask(t, shared, before); err == nil || shared.Password() == before {
		t.Error("the password before is still good")
	}
	shared.Restart(t)
	if err := ask(t, shared, shared.Password()); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	command, err := exec.CommandContext(t.Context(), "ps", "-eo", "args").Output()
	if err == nil && strings.Contains(string(command), shared.Password()) {
		t.Error("the password stands among the arguments of a process")
	}
}

func TestWhatCanBeDoneToIt(t *testing.T) {
	good := func() error { return ask(t, shared, shared.Password()) }
	held := func() bool { return shared.Do(t, "GET", "k") != nil }
	set := func() { shared.Do(t, "SET", "k", "v") }

	set()
	if !held() {
		t.Fatal("it keeps nothing")
	}
	if shared.Flush(t); held() {
		t.Error("flushed, it still has the key")
	}
	set()
	shared.Kill(t)
	if err := good(); err == nil {
		t.Error("a server that was killed answers")
	}
	if shared.Up(t); held() {
		t.Error("started again, it still has the key")
	}
	shared.Freeze(t)
	if err := good(); err == nil {
		t.Error("a frozen server answers")
	}
	shared.Thaw(t)
	if err := good(); err != nil {
		t.Errorf("thawed: %v", err)
	}
	shared.Freeze(t)
	shared.Restart(t)
	if err := good(); err != nil {
		t.Errorf("restarted out of the ice: %v", err)
	}
	shared.Pause(t, 400*time.Millisecond)
	if err := good(); err == nil {
		t.Error("a paused server answers at once")
	}
	time.Sleep(400 * time.Millisecond)
	if err := good(); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestTLSOnly(t *testing.T) {
	server := redis.New(redis.Options{TLS: true})
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if !strings.HasPrefix(server.URL(t), "rediss://127.0.0.1:") {
		t.Errorf("its URL is %s", server.URL(t))
	}
	if err := ask(t, server, server.Password()); err == nil {
		t.Error("it answers in the clear")
	}
	conn, err := tls.Dial("tcp", server.Address(t), &tls.Config{RootCAs: server.Roots(t)})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if conn, err := tls.Dial("tcp", server.Address(t), &tls.Config{}); err == nil {
		conn.Close()
		t.Error("the system vouches for the certificate")
	}
}

// TestTheServerEndsWithItsBinary kills a test binary that has started a server, and frozen it.
func TestTheServerEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string {
		address := shared.Address(t) // a skip where there is none
		if os.Getenv(partstest.Hostage) != "" {
			shared.Restart(t)
			shared.Freeze(t)
		}
		return address
	})
}
