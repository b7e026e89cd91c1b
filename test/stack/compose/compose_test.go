//go:build linux

package compose_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// TestStack is one run of the stack, in the order of its life.
func TestStack(t *testing.T) {
	if !*asked {
		t.Skip("the whole stack takes minutes: make stack-compose")
	}
	s := start(t)
	s.certify(t)
	steps := []struct {
		name string
		do   func(t *testing.T)
	}{
		{"processes are confined", s.confined},
		{"two ports are published", s.published},
		{"networks are apart", s.isolated},
		{"the machine is no way round", s.byTheMachine},
		{"the certificate is taken over", s.certified},
		{"callers are known by key and address", s.callers},
		{"trades are made through the front door", s.trades},
		{"the audit", s.audited},
		{"a backup is made", s.backedUp},
		{"down, and nothing is left", s.down},
	}
	since := time.Now()
	for _, step := range steps {
		began := time.Now()
		if !t.Run(step.name, step.do) {
			t.Log(s.logs(t, since))
		}
		since = time.Now()
		t.Logf("%6.1fs  %s", time.Since(began).Seconds(), step.name)
	}
}

// certify leaves a certificate where whoever renews it does: in the volume that nginx reads it from. nginx runs since before there was one.
func (s *stack) certify(t *testing.T) {
	t.Helper()
	chain, key, err := s.outside.Authority.Issue(outside.Site)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.engine.Volumes(), project+"_certificates", "_data")
	for name, text := range map[string][]byte{"fullchain.pem": chain, "privkey.pem": key} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, 101, 101); err != nil {
			t.Fatal(err)
		}
	}
}

// takenOver is how long nginx may take to find another certificate: here it looks every two seconds.
const takenOver = 30 * time.Second

// certified waits until the door shows it, asked from outside.
func (s *stack) certified(t *testing.T) {
	client := s.outside.Client()
	for end := time.Now().Add(takenOver); ; time.Sleep(500 * time.Millisecond) {
		res, err := client.Get("https://" + outside.Site + "/")
		if err == nil {
			res.Body.Close()
			if res.StatusCode != http.StatusOK || res.TLS.Version < tls.VersionTLS12 {
				t.Errorf("the door answers %s", res.Status)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s after the certificate was renewed: %v", takenOver, err)
		}
	}
}

// callers offers keys at the door.
func (s *stack) callers(t *testing.T) { s.outside.Callers(t, s.keys) }

// trades plays the demo's four stories.
func (s *stack) trades(t *testing.T) { s.outside.Trades(t) }

// clauses are those that an audit can answer of a Compose stack.
var clauses = []string{"N8", "N9", "N10", "N11", "N12", "N13", "N14", "S11", "M11", "C5", "C7"}

// unseen are those that need a part which is left out: an audit that could not look must not say that they hold.
func (s *stack) unseen() []string {
	if s.parts["loki"] == "" {
		return []string{"A2", "C6"}
	}
	return []string{"C6"}
}

// audited runs the audit as an operator does, on the machine: every clause holds, of files and of what runs.
func (s *stack) audited(t *testing.T) {
	dir := t.TempDir()
	roots := filepath.Join(dir, "roots.pem")
	targets := filepath.Join(dir, "targets.yaml")
	text := fmt.Sprintf("door: https://%s\naddress: 127.0.0.1:443\nroots: %s\nredis: 127.0.0.1:6379\ncompose: true\nengine: {socket: %s}\nprometheus: http://127.0.0.1:9090\nalertmanager: http://127.0.0.1:9093\nloki: http://127.0.0.1:3100\ngrafana: http://127.0.0.1:3002\n",
		outside.Site, roots, s.engine.Socket())
	for path, text := range map[string]string{roots: string(s.outside.Authority.PEM()), targets: text} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	unseen := s.unseen()
	clauses := clauses
	if !slices.Contains(unseen, "A2") {
		clauses = append(slices.Clip(clauses), "A2")
	}
	args := slices.Concat([]string{"audit", "--tree", tree, "--live", targets, "--format", "json"}, clauses, unseen)
	out, err := s.engine.Exec(t.Context(), filepath.Join(s.programs, "escrowctl"), args...)
	var report struct {
		Clauses []struct {
			ID, Verdict, Tree, Live string
			Modes                   []string
			Evidence                []any
		}
		Exit int
	}
	if bad := json.Unmarshal(out, &report); bad != nil {
		t.Fatalf("%v, %v: %s", err, bad, out)
	}
	if len(report.Clauses) != len(clauses)+len(unseen) {
		t.Errorf("of %v and %v the report has %d clauses", clauses, unseen, len(report.Clauses))
	}
	for _, c := range report.Clauses {
		t.Logf("%-3s %-13s files %-13s running %-13s %v", c.ID, c.Verdict, c.Tree, c.Live, c.Modes)
		if slices.Contains(unseen, c.ID) {
			if c.Live != "NOT EVIDENCED" {
				t.Errorf("%s is %s of what runs, and its part does not run", c.ID, c.Live)
			}
			continue
		}
		if !slices.Contains([]string{"PASS", "GUIDE DEFECT"}, c.Live) || !slices.Contains([]string{"PASS", "GUIDE DEFECT"}, c.Verdict) {
			t.Errorf("%s is %s, running %s: %v %v", c.ID, c.Verdict, c.Live, c.Modes, c.Evidence)
		}
	}
}

var backupName = regexp.MustCompile(`(?m)^(\S+) is in /backups, read back and equal: \d+ bytes$`)

var backupSum = regexp.MustCompile(`(?m)^sha256 ([0-9a-f]{64})$`)

// backedUp makes a backup as the timer of a machine does, and opens it with the key that stays elsewhere.
func (s *stack) backedUp(t *testing.T) {
	said, err := s.compose(t, "run", "--rm", "--no-TTY", "backup")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	made := backupName.FindStringSubmatch(said)
	receipt := backupSum.FindStringSubmatch(said)
	if made == nil || receipt == nil || !strings.Contains(said, "trades") {
		t.Fatalf("it says\n%s", said)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(s.identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.engine.Volumes(), project+"_backups", "_data", made[1])
	if out, err := s.engine.Exec(t.Context(), filepath.Join(s.programs, "escrowctl"), "backup", "verify", "--identity", key, "--sha256", receipt[1], file); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}

// down ends all of it.
func (s *stack) down(t *testing.T) {
	if said, err := s.compose(t, "--profile", "*", "down", "--volumes", "--timeout", "20"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for what, args := range map[string][]string{
		"container": {"ps", "--all", "--quiet"},
		"network":   {"network", "ls", "--quiet", "--filter", "type=custom"},
		"volume":    {"volume", "ls", "--quiet"},
	} {
		if out, err := s.engine.Exec(t.Context(), "docker", args...); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("a %s is left: %s %v", what, out, err)
		}
	}
}
