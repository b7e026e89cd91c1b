//go:build unix

// Package secrets_test holds the tests of share.sh.
package secrets_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

var parts = []string{"api", "indexer", "backup", "postgres", "redis", "grafana", "alertmanager"}

// given is what each part gets with every value set.
var given = map[string][]string{
	"api":          {"ADMIN_KEYS", "API_KEYS", "CONTRACT_ID", "DATABASE_URL", "POSTGRES_PASSWORD", "RELAY_SECRET"},
	"indexer":      {"CHANNEL_KEYS", "CONTRACT_ID", "DATABASE_URL", "FEE_KEY", "KEEPER_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "RELAY_SECRET", "STELLAR_RPC_URLS"},
	"backup":       {"BACKUP_RECIPIENTS", "DATABASE_URL", "POSTGRES_PASSWORD"},
	"postgres":     {"POSTGRES_PASSWORD"},
	"redis":        {"REDIS_PASSWORD"},
	"grafana":      {"GRAFANA_ADMIN_PASSWORD"},
	"alertmanager": {"ALERT_CRITICAL_URL", "ALERT_WARNING_URL"},
}

// values are all of them, at random.
func values() map[string]string {
	all := map[string]string{}
	for _, names := range given {
		for _, name := range names {
			all[name] = rand.Text() + "+/="
		}
	}
	all["KEEPER_KEYS"] = rand.Text() + "\n" + rand.Text()
	all["POSTGRES_PASSWORD"] = `"` + rand.Text() + ` $x\n'`
	delete(all, "DATABASE_URL")
	return all
}

// share runs the script until it is ready or ends, and returns its folder and what it said. Its error is how it ended.
func share(t *testing.T, from map[string]string) (to, said string, err error) {
	t.Helper()
	dir := t.TempDir()
	to = filepath.Join(dir, "to")
	for _, part := range append(slices.Clone(parts), "../from") {
		if err := os.MkdirAll(filepath.Join(to, part), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range from {
		if err := os.WriteFile(filepath.Join(dir, "from", name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "out") // a file: what the script waits with has its output too, and would hold a pipe open
	output, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sh", "share.sh")
	cmd.Env = append(os.Environ(), "FROM="+filepath.Join(dir, "from"), "TO="+to, "READY="+filepath.Join(dir, "ready"))
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			return to, read(t, out), fmt.Errorf("it ended: %w", err)
		default:
		}
		if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not come to an end")
		}
	}
	// It stays until it is told to end, and then ends well; what it waits with ends too.
	if err := syscall.Kill(cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err = <-ended
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	return to, read(t, out), err
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEachPartGetsItsOwn(t *testing.T) {
	from := values()
	to, said, err := share(t, from)
	if err != nil || said != "" {
		t.Fatalf("%v: %s", err, said)
	}
	for part, names := range given {
		entries, err := os.ReadDir(filepath.Join(to, part))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
			text, err := os.ReadFile(filepath.Join(to, part, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if want := from[e.Name()]; want != "" && string(text) != want || want == "" && string(text) != "postgres://stellarescrow@postgres:5432/stellarescrow?sslmode=disable\n" {
				t.Errorf("%s: %s is %q, want %q", part, e.Name(), text, want)
			}
			info, err := e.Info()
			if err != nil || info.Mode().Perm() != 0o644 { // each part reads it as a user of its own
				t.Errorf("%s: %s has mode %v", part, e.Name(), info.Mode())
			}
		}
		if slices.Sort(got); !slices.Equal(got, names) {
			t.Errorf("%s has %v, want %v", part, got, names)
		}
	}
}

func TestWhatHasNoValueIsNotGiven(t *testing.T) {
	from := values()
	for _, name := range []string{"KEEPER_KEYS", "FEE_KEY", "ALERT_WARNING_URL"} {
		from[name] = ""
	}
	delete(from, "CHANNEL_KEYS")
	to, _, err := share(t, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"indexer/KEEPER_KEYS", "indexer/FEE_KEY", "indexer/CHANNEL_KEYS", "alertmanager/ALERT_WARNING_URL"} {
		if _, err := os.Stat(filepath.Join(to, path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestUnfitValuesStopTheStart: docs/guide.md S11. What this lets through and a part of ours does not is refused there; PostgreSQL and Grafana take anything.
func TestUnfitValuesStopTheStart(t *testing.T) {
	required := []string{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "API_KEYS", "ADMIN_KEYS", "GRAFANA_ADMIN_PASSWORD", "RELAY_SECRET"}
	for _, value := range []string{"", "short", "admin", "aaaaaaaaaaaaaaaaaaaa", "abababababababababab", "change-me-please-123", "ChangeMe1234567890", "super-secret-password", "1234567890123456"} {
		if secret.Check(value) == nil {
			t.Errorf("a program of ours takes %q", value)
		}
		from := values()
		for _, name := range required {
			from[name] = value
		}
		_, said, err := share(t, from)
		if err == nil {
			t.Errorf("%q: it starts", value)
		}
		for _, name := range required { // all at once
			if !strings.Contains(said, "share.sh: "+name+" ") {
				t.Errorf("%q: nothing said of %s: %s", value, name, said)
			}
		}
		if value != "" && strings.Contains(said, value) && value != "short" {
			t.Errorf("it says the value: %s", said)
		}
	}
	from := values()
	maps.DeleteFunc(from, func(name, _ string) bool { return name == "REDIS_PASSWORD" })
	if _, said, err := share(t, from); err == nil || !strings.Contains(said, "REDIS_PASSWORD has fewer than 16") || strings.Contains(said, "API_KEYS") {
		t.Errorf("%v: %s", err, said)
	}
}
