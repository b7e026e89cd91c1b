package facts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	Compose bool    `yaml:"compose"`
	Engine  Engine  `yaml:"engine"`
	Cluster Cluster `yaml:"cluster"`
	Scans   Scans   `yaml:"scans"`

	// The monitoring, each http(s)://host[:port], as it is reached from where the audit runs.
	Prometheus   string `yaml:"prometheus"`
	Alertmanager string `yaml:"alertmanager"`
	Loki         string `yaml:"loki"`
	Grafana      string `yaml:"grafana"`
}

// Engine is the container engine that runs a Compose stack on the machine where the audit does.
type Engine struct {
	Socket  string `yaml:"socket"`  // path of the socket of Docker's API: /run/docker.sock
	Project string `yaml:"project"` // of Compose; that of docker-compose.yml, stellar-escrow, if it is not named
}

// Cluster is the Kubernetes cluster that runs the platform.
type Cluster struct {
	Kubeconfig string `yaml:"kubeconfig"` // path of a file
	Context    string `yaml:"context"`    // in that file; there is no default: nobody shall audit, or break, another cluster than they think
	Namespace  string `yaml:"namespace"`  // of the platform; the guide's, stellar-escrow, if it is not named
}

// Scans are what scanners have found of what is deployed.
type Scans struct {
	Folder string `yaml:"folder"` // with GitHub's list of analyses and the SARIF of each (package scans)
	Commit string `yaml:"commit"` // that is deployed; there is no default: results of another one say nothing of it
}

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)

// IsCommit tells whether a text is the whole name of a commit.
func IsCommit(text string) bool { return commitForm.MatchString(text) }

// defaultNamespace is the guide's, and the name of the Compose project.
const defaultNamespace = "stellar-escrow"

// namespaceForm is an RFC 1123 label, as Kubernetes has it.
var namespaceForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// ReadTargets reads a targets file. Everything that is wrong with it is told at once.
func ReadTargets(text []byte) (Targets, error) {
	var t Targets
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
		return t, fmt.Errorf("targets: %w", err)
	}
	if dec.Decode(&yaml.Node{}) != io.EOF {
		return t, errors.New("targets: there is a second document (---), which nothing would read: one file is one platform's")
	}
	var errs []error
	if t.Door != "" && !isBase(t.Door, "https") {
		errs = append(errs, errors.New("targets: door is not https://host or https://host:port, without a name, a password or a path"))
	}
	if t.Address != "" && t.Door == "" {
		errs = append(errs, errors.New("targets: address is where door leads to: name door too"))
	}
	for _, at := range []struct{ name, address string }{{"address", t.Address}, {"redis", t.Redis}} {
		if host, port, err := net.SplitHostPort(at.address); at.address != "" && (err != nil || host == "" || !isPort(port)) {
			errs = append(errs, fmt.Errorf("targets: %s %q is not host:port", at.name, at.address))
		}
	}
	for _, at := range []struct{ name, address string }{{"prometheus", t.Prometheus}, {"alertmanager", t.Alertmanager}, {"loki", t.Loki}, {"grafana", t.Grafana}} {
		if at.address != "" && !isBase(at.address, "http", "https") {
			errs = append(errs, fmt.Errorf("targets: %s is not http(s)://host or http(s)://host:port, without a name, a password or a path", at.name))
		}
	}
	if t.Engine != (Engine{}) {
		if !filepath.IsAbs(t.Engine.Socket) {
			errs = append(errs, fmt.Errorf("targets: engine.socket %q is no absolute path of a socket, such as /run/docker.sock", t.Engine.Socket))
		}
		if t.Engine.Project == "" {
			t.Engine.Project = defaultNamespace
		}
	}
	if t.Cluster != (Cluster{}) {
		if t.Cluster.Kubeconfig == "" || t.Cluster.Context == "" {
			errs = append(errs, errors.New("targets: cluster has no kubeconfig or no context: name both, so that no other cluster is asked"))
		}
		if t.Cluster.Namespace == "" {
			t.Cluster.Namespace = defaultNamespace
		}
		if !namespaceForm.MatchString(t.Cluster.Namespace) {
			errs = append(errs, fmt.Errorf("targets: cluster.namespace %q is no name of a namespace", t.Cluster.Namespace))
		}
	}
	if t.Scans != (Scans{}) && (t.Scans.Folder == "" || !IsCommit(t.Scans.Commit)) {
		errs = append(errs, fmt.Errorf("targets: scans has no folder, or its commit %q is not the 40 characters of the one that is deployed (git rev-parse HEAD)", t.Scans.Commit))
	}
	if t == (Targets{}) {
		errs = append(errs, errors.New("targets: none is named: name door, redis, compose, engine, cluster, scans, prometheus, alertmanager, loki or grafana"))
	}
	return t, errors.Join(errs...)
}

// isBase tells whether a text is a scheme of these, a host, and a port if any: nothing that could be a secret, or lead somewhere else.
func isBase(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Hostname() != "" && (u.Port() == "" || isPort(u.Port())) && u.Path == "" && u.RawQuery == "" && u.User == nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// System is the running system. Whatever is seen of it is looked at once. It is safe for concurrent use.
type System struct {
	Targets Targets
	Now     func() time.Time // what its certificates and results are held against
	*sights
}

// sights are what has been seen.
type sights struct {
	mu    sync.Mutex
	known map[string]*sight
}

type sight struct {
	once  sync.Once
	value any
	err   error
}

// Running is the system at these targets, by this machine's clock.
func Running(t Targets) *System {
	return &System{Targets: t, Now: time.Now, sights: &sights{known: map[string]*sight{}}}
}

// By is the same system, with what has been seen of it, by another clock.
func (s *System) By(now func() time.Time) *System { return &System{s.Targets, now, s.sights} }

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

// Without is the same system of which everything is looked at again whose key begins with one of the parts ("cluster"); what was seen of the rest is kept.
func (s *System) Without(parts ...string) *System {
	next := Running(s.Targets).By(s.Now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, seen := range s.known {
		if !slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(key, part) }) {
			next.known[key] = seen
		}
	}
	return next
}
