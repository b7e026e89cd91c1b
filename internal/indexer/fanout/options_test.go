package fanout

import (
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/test/parts/redis"
)

func TestThePasswordIsReadForEachConnection(t *testing.T) {
	s := &shelf{}
	var mu sync.Mutex
	file := server.Password()
	read := func() string { mu.Lock(); defer mu.Unlock(); return file }
	r := start(t, s, "password", func(c *Config) { c.Password = func() secret.Secret { return secret.New(read()) } })
	until(t, "connected", 5*time.Second, r.Up)
	server.Rotate(t)
	until(t, "refused", 5*time.Second, func() bool { return !r.Up() })
	mu.Lock()
	file = server.Password()
	mu.Unlock()
	until(t, "let in again", 5*time.Second, r.Up)
	if r.log.count(server.Password()) != 0 {
		t.Error("the password stands in the log")
	}
}

func TestTLS(t *testing.T) {
	tls := redis.New(redis.Options{TLS: true})
	t.Cleanup(func() {
		if err := tls.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &shelf{}
	connect := func(c *Config) {
		c.URL, c.Password = tls.URL(t), func() secret.Secret { return secret.New(tls.Password()) }
	}
	r := start(t, s, "tls", func(c *Config) { connect(c); c.Roots = tls.Roots(t) })
	until(t, "connected", 5*time.Second, r.Up)
	doubter := start(t, s, "tls", connect)
	until(t, "said", 5*time.Second, func() bool { return doubter.log.count("certificate") > 0 })
	if doubter.Up() {
		t.Error("it is connected to a server that nobody vouches for")
	}
}

func TestWhatIsNoConfiguration(t *testing.T) {
	good := Config{URL: "redis://redis:6379", Name: "testnet", Store: &shelf{}, Bus: feed.NewBus(0)}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no address": func(c *Config) { c.URL = "" }, "http": func(c *Config) { c.URL = "http://redis:6379" }, "no host": func(c *Config) { c.URL = "redis:///1" },
		"no URL": func(c *Config) { c.URL = "redis://%" }, "a password": func(c *Config) { c.URL = "redis://u:hunter2@redis:6379" },
		"a database": func(c *Config) { c.URL = "redis://redis/x" }, "a negative one": func(c *Config) { c.URL = "redis://redis/-1" },
		"options": func(c *Config) { c.URL = "redis://redis?skip_verify=true" },
		"no name": func(c *Config) { c.Name = "" }, "a space": func(c *Config) { c.Name = "a b" }, "no store": func(c *Config) { c.Store = nil }, "no bus": func(c *Config) { c.Bus = nil },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: taken", name)
		} else if c.URL != good.URL && CheckURL(c.URL) == nil {
			t.Errorf("%s: the address alone is taken", name)
		}
	}
	for text, want := range map[string]string{"redis://r": "r:6379", "rediss://me@[::1]:1/3": "[::1]:1"} {
		o, err := options(Config{URL: text})
		if err != nil || o.Addr != want {
			t.Errorf("%s: %v, %v", text, o, err)
		}
	}
}

// Why redis cannot be used is said whichever of reading and publishing found it out.
func TestTheLogSaysWhyRedisIsDown(t *testing.T) {
	var log logged
	f, err := New(Config{URL: "redis://127.0.0.1:1", Name: "why", Store: &shelf{}, Bus: feed.NewBus(0), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	f.attempted(t.Context(), publishing, errors.New("it is read only"))
	f.attempted(t.Context(), reading, nil)
	if log.count(saidDown) != 1 || log.count("it is read only") != 1 {
		t.Errorf("it said\n%s", &log)
	}
}
