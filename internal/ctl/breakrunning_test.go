package ctl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

const checkout = "../.."

// targets is a targets file with a cluster whose API server is at an address.
func targets(t *testing.T, address string) string {
	t.Helper()
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	text := `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "http://` + address + `"}}], users: [{name: u, user: {}}], contexts: [{name: staging, context: {cluster: c, user: u}}]}`
	file := filepath.Join(dir, "targets.yaml")
	for name, text := range map[string]string{kubeconfig: text, file: "cluster: {kubeconfig: " + kubeconfig + ", context: staging}\nengine: {socket: " + filepath.Join(dir, "none.sock") + "}\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// Nothing is broken but what its user has named twice.
func TestBreakRunningIsOfWhatIsNamedTwice(t *testing.T) {
	file := targets(t, "127.0.0.1:1")
	none := filepath.Join(t.TempDir(), "none.yaml")
	if err := os.WriteFile(none, []byte("redis: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--break-running", "staging"}, "--prove with --live"},
		{[]string{"--break-running", "staging", "--live", file}, "--prove with --live"},
		{[]string{"--break-running", "production", "--prove", "--live", file}, `is "staging", not "production"`},
		{[]string{"--break-running", "staging", "--prove", "--live", none}, "names no cluster"},
		{[]string{"--prove", "--live", file}, "name with --break-running"},
	} {
		refused(t, 3, append([]string{"audit", "--tree", checkout, "N1"}, c.args...), c.want)
	}
}

// What cannot be reached, or does not answer, is NOT EVIDENCED, and within the time that it was given.
func TestLiveWithoutAReachableTarget(t *testing.T) {
	stalling, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer stalling.Close()
	for name, address := range map[string]string{"nobody listens": "127.0.0.1:1", "it says nothing": stalling.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			const within = 2 * time.Second
			asked := []string{"N1", "N4", "N8", "N10", "S1", "S3", "P1", "P2", "P3", "C4"}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var out bytes.Buffer
			began := time.Now()
			err := ctl.Run(ctx, append([]string{"audit", "--tree", checkout, "--live", targets(t, address), "--within", fmt.Sprint(within), "--format", "json"}, asked...), &out)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			if code := ctl.ExitCode(err); code != 2 {
				t.Errorf("exit code %d, want 2: %v", code, err)
			}
			var report struct {
				Clauses []struct{ ID, Live string }
				Exit    int
			}
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if len(report.Clauses) != len(asked) || report.Exit != 2 {
				t.Errorf("%d clauses, exit %d", len(report.Clauses), report.Exit)
			}
			for _, c := range report.Clauses {
				if c.Live != "NOT EVIDENCED" {
					t.Errorf("%s is %s live", c.ID, c.Live)
				}
			}
		})
	}
}
