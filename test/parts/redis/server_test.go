//go:build unix

package redis_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

// hostage makes this binary, run again by a test, start a server and wait to be killed.
const hostage = "STELLARESCROW_TEST_HOSTAGE"

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
	if os.Getenv(hostage) != "" {
		shared.Restart(t)
		address := shared.Address(t)
		shared.Freeze(t)
		fmt.Println("listening on", address)
		time.Sleep(time.Minute)
		return
	}
	shared.Address(t) // a skip where there is none
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), hostage+"=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address string
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		address, _ = strings.CutPrefix(lines.Text(), "listening on ")
		if !strings.HasPrefix(address, "127.") {
			address = ""
		}
	}
	if conn, err := net.Dial("tcp", address); err != nil {
		t.Fatalf("before: %v", err)
	} else {
		conn.Close()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left, err := os.ReadDir(tmp)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address)
		if err != nil && len(left) == 0 {
			return
		}
		if err == nil {
			conn.Close()
		}
		if time.Now().After(end) {
			t.Fatalf("20 s after its binary was killed: connected %t, files %v", err == nil, left)
		}
	}
}
