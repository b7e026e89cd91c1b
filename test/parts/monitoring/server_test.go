//go:build unix

package monitoring

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Both servers are real, have what they are given, and are gone with the test.
func TestTheyRunAndEnd(t *testing.T) {
	var ended []*Server
	t.Run("running", func(t *testing.T) {
		p := Prometheus(t, "rule_files: [rules.yml]\n", map[string]string{"rules.yml": "groups: [{name: a, rules: [{record: x, expr: '1'}]}]\n"}, "--storage.tsdb.retention.time=3d")
		a := Alertmanager(t, "route: {receiver: r}\nreceivers: [{name: r}]\n")
		for url, wants := range map[string]string{p.URL + "/api/v1/rules": `"name":"x"`, p.URL + "/api/v1/status/flags": `"storage.tsdb.retention.time":"3d"`, a.URL + "/api/v2/status": "receiver: r"} {
			if text := get(t, url); !strings.Contains(text, wants) {
				t.Errorf("%s says %s, want %q in it", url, text, wants)
			}
		}
		ended = append(ended, p, a)
	})
	for _, s := range ended {
		if _, err := os.Stat(s.Dir); err == nil || s.Listens() {
			t.Errorf("%s has not ended, or %s is left", s.URL, s.Dir)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
