package facts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Targets says where the parts of the running system are found. A part that is not named is not looked at, and what it alone can show is NOT EVIDENCED.
type Targets struct {
	Door string `yaml:"door"` // https://host[:port] of the front door, nginx or the ingress
	// Address is host:port to connect to, where the door's name leads somewhere else: to a balancer before it, or nowhere yet.
	Address string `yaml:"address"`
	Roots   string `yaml:"roots"` // file with the certificates (PEM) that the door's is signed by; the system's if it is not named
	Redis   string `yaml:"redis"` // host:port
	// Compose tells that the stack of docker-compose.yml runs on the machine where the audit does.
	Compose bool `yaml:"compose"`
}

// ReadTargets reads a targets file. Everything that is wrong with it is told at once.
func ReadTargets(text []byte) (Targets, error) {
	var t Targets
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
		return t, fmt.Errorf("targets: %w", err)
	}
	var errs []error
	if t.Door != "" {
		if u, err := url.Parse(t.Door); err != nil || u.Scheme != "https" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			errs = append(errs, fmt.Errorf("targets: door %q is not https://host or https://host:port", t.Door))
		}
	}
	for name, address := range map[string]string{"redis": t.Redis, "address": t.Address} {
		if host, port, err := net.SplitHostPort(address); address != "" && (err != nil || host == "" || port == "") {
			errs = append(errs, fmt.Errorf("targets: %s %q is not host:port", name, address))
		}
	}
	if t == (Targets{}) {
		errs = append(errs, errors.New("targets: none is named: name door, redis or compose"))
	}
	return t, errors.Join(errs...)
}

// System is the running system. Whatever is seen of it is looked at once. It is safe for concurrent use.
type System struct {
	Targets Targets
	mu      sync.Mutex
	known   map[string]*sight
}

type sight struct {
	once  sync.Once
	value any
	err   error
}

// Running is the system at these targets.
func Running(t Targets) *System { return &System{Targets: t, known: map[string]*sight{}} }

// Look makes a fact of the running system, or gives the one that was made before. key names it. Who asks first, their context ends it.
func Look[T any](ctx context.Context, s *System, key string, collect func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	seen := s.known[key]
	if seen == nil {
		seen = &sight{}
		s.known[key] = seen
	}
	s.mu.Unlock()
	seen.once.Do(func() {
		defer func() {
			if broken := recover(); broken != nil {
				seen.err = fmt.Errorf("look at %s: %v", key, broken)
			}
		}()
		seen.value, seen.err = collect(ctx)
	})
	value, _ := seen.value.(T)
	return value, seen.err
}
