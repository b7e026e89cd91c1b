//go:build linux

package engine_test

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts/docker"
)

// hardened is a container as those of docker-compose.yml are. The program in it is not what its name says: the clauses ask how it runs, not what it does.
const hardened = `
name: stellar-escrow
services:
  redis:
    image: localhost/server:test
    user: "65532:65532"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    ports: ["127.0.0.1:6379:8080"]
    volumes: ["${SECRETS}:/run/secrets:ro"]
`

// given is a folder with the guide's secrets, made anew, but for those that are named with what stands in them.
func given(t *testing.T, but map[string]string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(rand.Text()))
	all := map[string]string{
		"POSTGRES_PASSWORD": rand.Text(), "REDIS_PASSWORD": rand.Text(), "GRAFANA_ADMIN_PASSWORD": rand.Text(),
		"API_KEYS": "shop " + hex.EncodeToString(sum[:]), "ADMIN_KEYS": "operator " + hex.EncodeToString(sum[:]),
	}
	maps.Copy(all, but)
	dir := t.TempDir()
	for name, text := range all {
		if text == gone {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// gone is of a file that is not there.
const gone = "gone"

// load gives the engine an image with one program in it, which waits.
func load(t *testing.T, e *docker.Engine) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../parts/docker/testdata/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var root bytes.Buffer
	w := tar.NewWriter(&root)
	if err := w.WriteHeader(&tar.Header{Name: "server", Mode: 0o555, Size: int64(len(binary)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(binary); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "root.tar")
	if err := os.WriteFile(archive, root.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := e.Exec(t.Context(), "docker", "import", "--change", `ENTRYPOINT ["/server"]`, archive, "localhost/server:test"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestTheGuideOfAnEngine(t *testing.T) {
	e := docker.Start(t)
	load(t, e)
	g, err := clauses.Guide()
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := g.Choose([]string{"N8", "N10", "S11"})
	if err != nil {
		t.Fatal(err)
	}
	targets, err := facts.ReadTargets([]byte("engine: {socket: " + e.Socket() + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, old, new string
		want           map[string]string // of clauses that do not pass
		secrets        map[string]string // that are others than a random one
	}{
		{"as it must be", "", "", nil, nil},
		{"published to the world", `["127.0.0.1:6379:8080"]`, `["6379:8080"]`, map[string]string{"N8": "FAIL listens-to-the-world published-to-the-world"}, nil},
		{"published on one address", `["127.0.0.1:6379:8080"]`, `["[::]:6379:8080"]`, map[string]string{"N8": "FAIL listens-to-the-world published-to-the-world"}, nil},
		{"the machine's network", `    ports: ["127.0.0.1:6379:8080"]`, "    network_mode: host", map[string]string{"N8": "FAIL shares-the-hosts-network"}, nil},
		{"another service beside the door", "  redis:\n", "  other: {image: \"localhost/server:test\", user: \"65532\", read_only: true, cap_drop: [ALL], security_opt: [\"no-new-privileges:true\"], ports: [\"18081:8080\"]}\n  redis:\n",
			map[string]string{"N8": "FAIL published-beside-the-door"}, nil},
		{"new privileges", `    security_opt: ["no-new-privileges:true"]` + "\n", "", map[string]string{"N10": "FAIL new-privileges"}, nil},
		{"a root that can be written", "    read_only: true\n", "", map[string]string{"N10": "FAIL writable-root"}, nil},
		{"a capability", "    cap_drop: [ALL]\n", "    cap_drop: [ALL]\n    cap_add: [NET_RAW]\n", map[string]string{"N10": "FAIL has-capabilities"}, nil},
		{"privileged", "    cap_drop: [ALL]\n", "    privileged: true\n", map[string]string{"N10": "FAIL privileged"}, nil},
		{"root", `    user: "65532:65532"` + "\n", "", map[string]string{"N10": "FAIL runs-as-root"}, nil},
		{"an exception that is not needed", "  redis:\n", "  secrets: {image: \"localhost/server:test\", user: \"65532\", read_only: true, cap_drop: [ALL], security_opt: [\"no-new-privileges:true\"]}\n  redis:\n",
			map[string]string{"N10": "FAIL needless-exception"}, nil},
		{"a password that everybody knows", "", "", map[string]string{"S11": "FAIL unfit-in-use"}, map[string]string{"REDIS_PASSWORD": "please-change-me-1"}},
		{"a short password", "", "", map[string]string{"S11": "FAIL unfit-in-use"}, map[string]string{"POSTGRES_PASSWORD": "x7Gq2"}},
		{"an empty password", "", "", map[string]string{"S11": "FAIL unfit-in-use"}, map[string]string{"GRAFANA_ADMIN_PASSWORD": ""}},
		{"nobody has a key", "", "", map[string]string{"S11": "FAIL unfit-in-use"}, map[string]string{"API_KEYS": "# nobody yet\n"}},
		{"keys that nobody has seen", "", "", map[string]string{"S11": "NOT EVIDENCED"}, map[string]string{"ADMIN_KEYS": gone}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "compose.yml")
			text := hardened
			if c.old != "" {
				if strings.Count(hardened, c.old) != 1 {
					t.Fatalf("%q stands there %d times", c.old, strings.Count(hardened, c.old))
				}
				text = strings.Replace(hardened, c.old, c.new, 1)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			up := e.Compose(t.Context(), t, "-f", file, "up", "-d", "--wait", "--remove-orphans")
			up.Env = append(up.Env, "SECRETS="+given(t, c.secrets))
			up.Stdout, up.Stderr = &out, &out
			if err := procgroup.Run(up); err != nil {
				t.Fatalf("up: %v\n%s", err, out.String())
			}
			for _, got := range guide.Audit(t.Context(), chosen, guide.Asked{Running: facts.Running(targets), Within: time.Minute, Now: time.Now}).Clauses {
				said := strings.Join(append([]string{string(got.Running.Verdict())}, got.Modes()...), " ")
				want := "PASS"
				if w, ok := c.want[got.Control.ID]; ok {
					want = w
				}
				if said != want {
					t.Errorf("%s is %s, want %s: %s %s", got.Control.ID, said, want, got.Running.Reason(), fmt.Sprint(got.Running.Findings()))
				}
			}
		})
	}
}
