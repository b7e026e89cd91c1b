package facts

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestReadTargets(t *testing.T) {
	if got, err := ReadTargets([]byte("door: https://escrow.example.org:8443\nredis: 127.0.0.1:6379\n")); err != nil || got.Door == "" || got.Redis == "" {
		t.Errorf("%+v, %v", got, err)
	}
	whole := "compose: true\nengine: {socket: /run/docker.sock}\ncluster: {kubeconfig: k, context: c}\nprometheus: http://127.0.0.1:9090\nalertmanager: http://127.0.0.1:9093\n" +
		"loki: http://127.0.0.1:3100\ngrafana: https://grafana.example\n"
	if got, err := ReadTargets([]byte(whole)); err != nil || got.Cluster != (Cluster{"k", "c", "stellar-escrow"}) || got.Engine.Socket == "" || got.Prometheus == "" || got.Grafana == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := ReadTargets([]byte("scans: {folder: f, commit: \"0123456789012345678901234567890123456789\"}")); err != nil || got.Scans.Folder != "f" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadTargets([]byte("door: x\nredis: y\nloki: z\nengine: {socket: s}\ncluster: {namespace: A B}\n")); err == nil {
		t.Error("all of it was taken")
	} else {
		for _, what := range []string{"door", "redis", "loki", "engine.socket", "context", "cluster.namespace"} {
			if !strings.Contains(err.Error(), what) {
				t.Errorf("%v does not tell of %s", err, what)
			}
		}
	}
	for text, want := range map[string]string{
		"":                                    "none is named",
		"door: http://a.example":              "door",
		"door: https://a.example/path":        "door",
		"door: https://name:word@a.example":   "door",
		"redis: localhost":                    "redis",
		"redis: localhost:99999":              "redis",
		"redis: localhost:0":                  "redis",
		"door: https://a.example:99999":       "door",
		"grafana: http://a.example:99999":     "grafana",
		"address: 127.0.0.1:443":              "name door too",
		"door: ftp://x\nredis: y":             "redis", // both are told
		"doors: https://a.example":            "doors",
		"grafana: http://a.example/login":     "grafana",
		"prometheus: 127.0.0.1:9090":          "prometheus",
		"cluster: {kubeconfig: k}":            "context",
		"cluster: {kubeconfig: k, server: s}": "server",
		"door: [":                             "targets",
		"redis: a:1\n---\nredis: b:1":         "second document",
		"scans: {folder: f}":                  "rev-parse",
		"scans: {folder: f, commit: abc1234}": "abc1234",
		"scans: {commit: 0123456789012345678901234567890123456789}": "no folder",
	} {
		if got, err := ReadTargets([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want it to say %q", text, got, err, want)
		} else if strings.Contains(err.Error(), "word@") {
			t.Errorf("%q: it tells a password: %v", text, err)
		}
	}
}

func TestLook(t *testing.T) {
	s := Running(Targets{})
	looked := 0
	for range 3 {
		n, err := Look(t.Context(), s, "a count", func(context.Context) (int, error) { looked++; return 7, errors.New("half of it") })
		if n != 7 || err == nil || looked != 1 {
			t.Errorf("%d, %v, looked %d times", n, err, looked)
		}
	}
	if _, err := Look(t.Context(), s, "what breaks", func(context.Context) (int, error) { panic("broken") }); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

func TestLookAgain(t *testing.T) {
	s := Running(Targets{Redis: "127.0.0.1:1"})
	looked := map[string]int{}
	look := func(s *System) {
		for _, key := range []string{"cluster: pods", "redis"} {
			if _, err := Look(t.Context(), s, key, func(context.Context) (int, error) { looked[key]++; return 0, nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	look(s)
	next := s.Without("cluster")
	look(next)
	if look(s); looked["cluster: pods"] != 2 || looked["redis"] != 1 || next.Targets != s.Targets {
		t.Errorf("%v, %+v", looked, next.Targets)
	}
}
