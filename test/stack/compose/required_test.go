//go:build linux

package compose_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/docker"
)

// TestComposeRefusesToStartWithout each variable that .env.example calls required, missing or empty, and says which (docs/guide.md N9, S9, S11). With all of
// them it gets as far as the engine, of which there is none here.
func TestComposeRefusesToStartWithout(t *testing.T) {
	program := docker.ComposeProgram(t)
	example, err := os.ReadFile(root + "/.env.example")
	if err != nil {
		t.Fatal(err)
	}
	_, required, _ := strings.Cut(string(example), "---- required ----")
	required, _, _ = strings.Cut(required, "---- may stay empty ----")
	var names []string
	for line := range strings.Lines(required) {
		if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			names = append(names, name)
		}
	}
	if len(names) < 9 {
		t.Fatalf("of the required variables there are only %v", names)
	}
	up := func(t *testing.T, without, line string) string {
		t.Helper()
		var file strings.Builder
		for _, name := range names {
			if name != without {
				file.WriteString(name + "=" + random() + "\n")
			}
		}
		path := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(path, []byte(file.String()+line), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "--project-directory", root, "--env-file", path, "-f", root+"/docker-compose.yml", "up", "--detach", "--no-build")
		cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "DOCKER_HOST=unix://" + filepath.Join(t.TempDir(), "none.sock")}
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatalf("it started: %s", out)
		}
		return string(out)
	}
	for _, name := range names {
		for what, line := range map[string]string{"missing": "", "empty": name + "=\n"} {
			if said := up(t, name, line); !strings.Contains(said, "required variable "+name+" is missing a value") {
				t.Errorf("%s %s: it says %q", name, what, said)
			}
		}
	}
	if said := up(t, "", ""); !strings.Contains(said, "none.sock") || strings.Contains(said, "required variable") {
		t.Errorf("with all of them it says %q", said)
	}
}

// TestTheDevelopersFileFits: what docker-compose.dev.yml changes is changed, as the real Compose reads both.
func TestTheDevelopersFileFits(t *testing.T) {
	values := map[string]string{}
	for _, name := range []string{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "RELAY_SECRET", "API_KEYS", "ADMIN_KEYS", "GRAFANA_ADMIN_PASSWORD", "CONTRACT_ID", "NETWORK_PASSPHRASE", "STELLAR_RPC_URLS", "ALERT_CRITICAL_URL", "ALERT_WARNING_URL"} {
		values[name] = random()
	}
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(fill(t, values)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--project-directory", root, "--env-file", path, "-f", root + "/docker-compose.yml", "-f", root + "/docker-compose.dev.yml", "config", "--format", "json"}
	cmd := exec.CommandContext(t.Context(), docker.ComposeProgram(t), args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir()}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	var model struct {
		Services map[string]struct {
			Ports []struct {
				HostIP    string `json:"host_ip"`
				Published string
			}
		}
	}
	if err := json.Unmarshal(out, &model); err != nil {
		t.Fatal(err)
	}
	published := 0
	for name, s := range model.Services {
		for _, p := range s.Ports {
			if published++; p.HostIP != "127.0.0.1" {
				t.Errorf("%s is published on %s:%s: a developer's machine shows nothing to others", name, p.HostIP, p.Published)
			}
		}
	}
	if published < 9 {
		t.Errorf("%d ports are published", published)
	}
}
