//go:build unix

package redisprobe_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/redisprobe"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

var server = redis.New(redis.Options{})

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func probe() redisprobe.Probe { return redisprobe.Probe{Now: time.Now, Wait: 400 * time.Millisecond} }

func look(t *testing.T, target redisprobe.Target) redisprobe.Facts {
	t.Helper()
	facts, err := probe().Look(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// foreign is what a way looks like that the server does not speak.
func foreign(ping redisprobe.Answer) redisprobe.Leg {
	return redisprobe.Leg{Ping: ping, Info: redisprobe.NotAsked, Guess: -1}
}

func TestARealRedis(t *testing.T) {
	known := []string{"redis", "foobared", "changeme"}
	set := func(password string) func(*testing.T) {
		return func(t *testing.T) { server.Do(t, "CONFIG", "SET", "requirepass", password) }
	}
	reset := func(t *testing.T) { server.Do(t, "ACL", "SETUSER", "default", "on", "+@all", "~*", "&*") }
	for _, c := range []struct {
		name    string
		prepare func(*testing.T)
		want    redisprobe.Leg
	}{
		{"with a password", func(*testing.T) {}, redisprobe.Leg{Ping: redisprobe.NeedsPassword, Info: redisprobe.NeedsPassword, Tried: 4, Guess: -1}},
		{"with one that everybody knows", set("foobared"), redisprobe.Leg{Ping: redisprobe.NeedsPassword, Info: redisprobe.NeedsPassword, Tried: 3, LetIn: true, Guess: 1}},
		{"without a password", set(""), redisprobe.Leg{Ping: redisprobe.Answered, Info: redisprobe.Answered, Guess: -1}},
		{"with a user who may not ask", func(t *testing.T) { set("")(t); server.Do(t, "ACL", "SETUSER", "default", "-info") },
			redisprobe.Leg{Ping: redisprobe.Answered, Info: redisprobe.Forbidden, Guess: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := server.Address(t)
			c.prepare(t)
			defer set(server.Password())(t)
			defer reset(t)
			got := look(t, redisprobe.Target{Address: address, Passwords: known})
			if (got.Clear.Version != "") != (c.want.Info == redisprobe.Answered) {
				t.Errorf("version %q", got.Clear.Version)
			}
			got.Clear.Version = ""
			if diff := cmp.Diff(redisprobe.Facts{Clear: c.want, TLS: foreign(redisprobe.Foreign)}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRedisByTLSOnly(t *testing.T) {
	encrypted := redis.New(redis.Options{TLS: true})
	t.Cleanup(func() {
		if err := encrypted.Stop(); err != nil {
			t.Error(err)
		}
	})
	address := encrypted.Address(t)
	got := look(t, redisprobe.Target{Address: address, Roots: encrypted.Roots(t), Passwords: []string{"redis"}})
	asked := redisprobe.Leg{Ping: redisprobe.NeedsPassword, Info: redisprobe.NeedsPassword, Tried: 2, Guess: -1}
	if !slices.Contains([]redisprobe.Answer{redisprobe.Closed, redisprobe.Foreign}, got.Clear.Ping) || got.Clear.Tried != 0 {
		t.Errorf("in the clear: %+v", got.Clear)
	}
	if diff := cmp.Diff(asked, got.TLS); diff != "" || !got.Trusted || got.Distrust != "" {
		t.Errorf("trusted %t: %q; by TLS (-want +got):\n%s", got.Trusted, got.Distrust, diff)
	}
	got = look(t, redisprobe.Target{Address: address, Name: "redis.example", Roots: encrypted.Roots(t)})
	if got.Trusted || got.Distrust == "" || got.TLS.Ping != redisprobe.NeedsPassword {
		t.Errorf("by another name: %+v", got)
	}
	got = look(t, redisprobe.Target{Address: address, Roots: x509.NewCertPool()})
	if got.Trusted || got.TLS.Ping != redisprobe.NeedsPassword {
		t.Errorf("unknown: %+v", got)
	}
}

// The server itself counts what it was told to do.
func TestNothingIsChanged(t *testing.T) {
	address := server.Address(t)
	server.Do(t, "SET", "k", "v")
	defer server.Flush(t)
	server.Do(t, "CONFIG", "SET", "requirepass", "")
	server.Do(t, "CONFIG", "RESETSTAT")
	look(t, redisprobe.Target{Address: address})
	server.Do(t, "CONFIG", "SET", "requirepass", server.Password())
	look(t, redisprobe.Target{Address: address, Passwords: []string{"redis"}})
	stats, _ := server.Do(t, "INFO", "commandstats").(string)
	seen := map[string]bool{}
	for line := range strings.Lines(stats) {
		if name, ok := strings.CutPrefix(line, "cmdstat_"); ok {
			name, _, _ = strings.Cut(name, ":")
			seen[name] = true
		}
	}
	for name := range seen {
		// hello, client and config are the test's own.
		if !slices.Contains([]string{"ping", "info", "auth", "hello", "client|setinfo", "config|set", "config|resetstat"}, name) {
			t.Errorf("it said %s", name)
		}
	}
	for _, wanted := range []string{"ping", "info", "auth"} {
		if !seen[wanted] {
			t.Errorf("it did not say %s: %v", wanted, seen)
		}
	}
	if server.Do(t, "GET", "k") != "v" {
		t.Error("the data is gone")
	}
}

func TestARedisThatStalls(t *testing.T) {
	address := server.Address(t)
	server.Freeze(t)
	defer server.Thaw(t)
	p := probe()
	p.Wait = 200 * time.Millisecond
	if facts, err := p.Look(t.Context(), redisprobe.Target{Address: address}); !errors.Is(err, redisprobe.ErrSilent) {
		t.Errorf("%+v, %v", facts, err)
	}
}

// redisTestSrv stands in for states of a Redis that this machine's cannot be brought into, by the words that its source has for them.
func redisTestSrv(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestOtherAnswers(t *testing.T) {
	answers := func(replies ...string) func(net.Conn) {
		return func(conn net.Conn) {
			in := make([]byte, 4096)
			for _, reply := range replies {
				if _, err := conn.Read(in); err != nil {
					return
				}
				conn.Write([]byte(reply))
			}
		}
	}
	denied := "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.\r\n"
	for name, c := range map[string]struct {
		handle func(net.Conn)
		want   redisprobe.Leg
	}{
		"protected mode":   {func(conn net.Conn) { conn.Write([]byte(denied)) }, foreign(redisprobe.Protected)},
		"too many clients": {answers("-ERR max number of clients reached\r\n", "-ERR max number of clients reached\r\n"), redisprobe.Leg{Ping: redisprobe.OtherError, Info: redisprobe.OtherError, Guess: -1}},
		"loading":          {answers("-LOADING Redis is loading the dataset in memory\r\n", "$24\r\nredis_version:7.0.15\r\nx:\r\n"), redisprobe.Leg{Ping: redisprobe.OtherError, Info: redisprobe.Answered, Version: "7.0.15", Guess: -1}},
		"closes":           {func(net.Conn) {}, foreign(redisprobe.Closed)},
		"mail":             {answers("220 mail.example ESMTP\r\n"), foreign(redisprobe.Foreign)},
		"a huge text":      {answers("$999999999\r\n"), foreign(redisprobe.Foreign)},
		"a line without end": {func(conn net.Conn) {
			go io.Copy(io.Discard, conn)
			for {
				if _, err := conn.Write([]byte("+xxxxxxxxxxxxxxxxxxxxx")); err != nil {
					return
				}
			}
		}, foreign(redisprobe.Foreign)},
	} {
		t.Run(name, func(t *testing.T) {
			got := look(t, redisprobe.Target{Address: redisTestSrv(t, c.handle)})
			if diff := cmp.Diff(c.want, got.Clear); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Redis 5 has one user, without a name.
func TestAnOldRedis(t *testing.T) {
	address := redisTestSrv(t, func(conn net.Conn) {
		in := make([]byte, 4096)
		for {
			n, err := conn.Read(in)
			if err != nil {
				return
			}
			reply := "-NOAUTH Authentication required.\r\n"
			switch said := string(in[:n]); {
			case strings.HasPrefix(said, "*3"):
				reply = "-ERR wrong number of arguments for 'auth' command\r\n"
			case strings.HasPrefix(said, "*2\r\n$4\r\nAUTH") && strings.Contains(said, "foobared"):
				reply = "+OK\r\n"
			case strings.HasPrefix(said, "*2\r\n$4\r\nAUTH"):
				reply = "-ERR invalid password\r\n"
			}
			conn.Write([]byte(reply))
		}
	})
	got := look(t, redisprobe.Target{Address: address, Passwords: []string{"redis", "foobared"}})
	want := redisprobe.Leg{Ping: redisprobe.NeedsPassword, Info: redisprobe.NeedsPassword, Tried: 3, LetIn: true, Guess: 1}
	if diff := cmp.Diff(want, got.Clear); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeLookedAt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for name, target := range map[string]redisprobe.Target{
		"no port":            {Address: "localhost"},
		"nobody there":       {Address: l.Addr().String()},
		"too many passwords": {Address: "127.0.0.1:1", Passwords: make([]string, redisprobe.MaxPasswords+1)},
		"it changes its mind": {Passwords: []string{"redis"}, Address: redisTestSrv(t, func(conn net.Conn) {
			in := make([]byte, 4096)
			for _, reply := range []string{"-NOAUTH x\r\n", "-NOAUTH x\r\n"} {
				n, err := conn.Read(in)
				if err != nil || strings.Contains(string(in[:n]), "AUTH") {
					return
				}
				conn.Write([]byte(reply))
			}
		})},
	} {
		if facts, err := probe().Look(t.Context(), target); err == nil {
			t.Errorf("%s: %+v", name, facts)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := probe().Look(ctx, redisprobe.Target{Address: server.Address(t)}); err == nil {
		t.Error("it went on behind the end of its context")
	}
}
