//go:build linux

package compose_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/test/parts/docker"
	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// asked is given by make stack-compose.
var asked = flag.Bool("stack", false, "start the whole stack: some minutes")

// project is the name that docker-compose.yml gives the stack.
const project = "stellar-escrow"

// root is the repository, from here.
const root = "../../.."

// partsOf are the services that are started, and the image of each. Grafana is left out: it is in no package that a test could install.
func partsOf(loki bool) map[string]string {
	all := map[string]string{
		"nginx": "nginx", "client": "client", "api": "api", "refusals": "api", "indexer": "indexer", "postgres": "postgres", "redis": "redis", "secrets": "redis",
		"prometheus": "prometheus", "alertmanager": "alertmanager",
	}
	if loki {
		all["loki"] = "loki"
	}
	return all
}

// stack is the one that runs.
type stack struct {
	parts      map[string]string
	engine     *docker.Engine
	outside    *outside.Outside
	programs   string // folder with the built programs
	args       []string
	identity   *age.X25519Identity // opens backups
	keys       map[string]string   // of callers, by whose they are
	containers map[string]docker.Container
}

func start(t *testing.T) *stack {
	t.Helper()
	began := time.Now()
	step := func(what string) { t.Logf("%6.1fs  %s", time.Since(began).Seconds(), what) }
	s := &stack{programs: build(t), keys: map[string]string{}}
	step("programs are built")
	// Loki takes longer to build than a test may wait: where nobody has built it, this is a skip that says how it is had.
	loki := false
	t.Run("loki is there", func(t *testing.T) {
		images.Build(t, "loki")
		loki = true
	})
	s.parts = partsOf(loki)
	names := slices.Sorted(maps.Values(s.parts))
	names = slices.Compact(append(names, "backup"))
	built := images.Build(t, names...)
	step("images are there")
	s.engine = docker.Start(t, "--dns", outside.NameServer)
	for _, name := range names {
		s.engine.Load(t, built[name].Archive)
	}
	step("images are loaded")
	s.outside = outside.Start(t, s.engine.PID(), filepath.Join(s.programs, "stellarescrow"))
	step("the outside is there")
	s.configure(t, built)
	services := []string{"up", "--detach", "--no-build", "--pull", "never", "--wait", "--wait-timeout", "240"}
	for name := range s.parts {
		services = append(services, name)
	}
	if said, err := s.compose(t, services...); err != nil {
		t.Fatalf("up: %v\n%s\n%s\n%s", err, said, s.logs(t, began), s.engine.Log())
	}
	s.ready(t)
	step("the stack is up, healthy and ready")
	all, err := s.engine.Containers(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	s.containers = map[string]docker.Container{}
	for _, c := range all {
		s.containers[c.Service] = c
	}
	for name := range s.parts {
		if s.containers[name].PID == 0 {
			t.Fatalf("%s does not run: %+v", name, s.containers)
		}
	}
	return s
}

// ready is that an `up --wait` which has returned has waited for the whole platform, up to the api that has read what the network has. Nobody certifies the door yet.
func (s *stack) ready(t *testing.T) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: s.outside.Dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	res, err := client.Get("https://" + outside.Site + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the stack was healthy, and is not ready: %s: %s %v", res.Status, text, err)
	}
}

// build builds both programs.
func build(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "./cmd/stellarescrow", "./cmd/escrowctl")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// random is a value as `openssl rand` makes them.
func random() string { return rand.Text() + rand.Text() }

// configure writes what an operator writes: .env, of the committed example. Beside it, what is a test's: which images, and whom to trust.
func (s *stack) configure(t *testing.T, built map[string]images.Image) {
	t.Helper()
	dir := t.TempDir()
	var err error
	if s.identity, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"CONTRACT_ID":        s.outside.Contract(),
		"NETWORK_PASSPHRASE": `"` + s.outside.Passphrase() + `"`,
		"STELLAR_RPC_URLS":   s.outside.RPCURL(),
		"ASSETS":             s.outside.USDC(),
		"API_KEYS":           `"` + s.key(t, "shop", "203.0.113.0/24") + `\n` + s.key(t, "stranger", "192.0.2.7") + `"`,
		"ADMIN_KEYS":         s.key(t, "operator", "203.0.113.10", "--admin"),
		"BACKUP_RECIPIENTS":  s.identity.Recipient().String(),
		"ALERT_CRITICAL_URL": "https://pager.test/critical", // nobody is there: whether alerts arrive is asked elsewhere (M11)
		"ALERT_WARNING_URL":  "https://pager.test/warning",
	}
	for _, name := range []string{"POSTGRES_PASSWORD", "REDIS_PASSWORD", "RELAY_SECRET", "GRAFANA_ADMIN_PASSWORD"} {
		values[name] = random()
	}
	text := fill(t, values)
	var more strings.Builder
	for name, image := range built {
		fmt.Fprintf(&more, "IMAGE_%s=%s\n", strings.ToUpper(name), image.Reference)
	}
	roots := filepath.Join(dir, "roots.pem")
	override := fmt.Sprintf(`# Whom a test's stack trusts: what an image has there are the authorities of the world.
services:
  indexer:
    volumes: ["%[1]s:/etc/ssl/certs/ca-certificates.crt:ro"]
  nginx:
    environment: {CERTIFICATE_CHECK_SECONDS: "2"}
    volumes: ["%[1]s:/etc/ssl/certs/ca-certificates.crt:ro"]
`, roots)
	for name, text := range map[string]string{"roots.pem": string(s.outside.Authority.PEM()), ".env": text + more.String(), "override.yml": override} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // containers read it as their own users
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.args = []string{"--project-directory", root, "--env-file", filepath.Join(dir, ".env"), "-f", root + "/docker-compose.yml", "-f", filepath.Join(dir, "override.yml"), "--progress", "plain"}
}

// key makes a caller's key as an operator does, and returns its line.
func (s *stack) key(t *testing.T, name, from string, more ...string) (line string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(s.programs, "escrowctl"), append([]string{"keys", "new", name, "--from", from}, more...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for told := range strings.Lines(string(out)) {
		words := strings.Fields(told)
		end := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "(") })
		if len(words) < 2 || end < 0 {
			t.Fatalf("escrowctl keys new says %q", told)
		}
		switch words[0] {
		case "key":
			s.keys[name] = words[1]
		case "line":
			line = strings.Join(words[1:end], " ")
		}
	}
	return line
}

// fill is .env.example with these values in the lines that are empty there.
func fill(t *testing.T, values map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(root + "/.env.example")
	if err != nil {
		t.Fatal(err)
	}
	filled := "\n" + string(text)
	for name, value := range values {
		line := "\n" + name + "=\n"
		if strings.Count(filled, line) != 1 {
			t.Fatalf(".env.example does not have the line %q once", name+"=")
		}
		filled = strings.Replace(filled, line, "\n"+name+"="+value+"\n", 1)
	}
	return filled
}

// compose runs Docker Compose, and returns all that it said.
func (s *stack) compose(t testing.TB, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 6*time.Minute)
	defer cancel()
	cmd := s.engine.Compose(ctx, t, slices.Concat(s.args, args)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := procgroup.Run(cmd)
	return said.String(), err
}

// logs are what all parts have said since, for a step that failed.
func (s *stack) logs(t testing.TB, since time.Time) string {
	t.Helper()
	state, _ := s.compose(t, "ps", "--all")
	logs, _ := s.compose(t, "logs", "--no-color", "--since", since.UTC().Format(time.RFC3339), "--tail", "60")
	return state + logs
}
