//go:build unix

package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/monitoring"
)

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func replace(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not stand in\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// ofOurs is monitoring/alertmanager.yml, with the addresses in the place of the files that hold them, which Debian's Alertmanager does not read.
func ofOurs(t *testing.T, critical, warning string) string {
	t.Helper()
	return replace(t, file(t, alertmanagerFile), "url_file: /run/secrets/ALERT_CRITICAL_URL", "url: "+critical, "url_file: /run/secrets/ALERT_WARNING_URL", "url: "+warning)
}

// telling is monitoring/prometheus.yml with another Alertmanager, and nobody to scrape.
func telling(t *testing.T, alertmanager string) string {
	t.Helper()
	text, _, _ := strings.Cut(file(t, prometheusFile), "scrape_configs:")
	return replace(t, text, alertmanagerAt, strings.TrimPrefix(alertmanager, "http://"))
}

// said is what a control says of a running system, as it stays: servers find each other some time after they have started.
func said(t *testing.T, c guide.Control, targets facts.Targets, verdict guide.Verdict, modes ...string) guide.Result {
	t.Helper()
	var r guide.Result
	for range 100 {
		r = c.Running(t.Context(), facts.Running(targets))
		if r.Verdict() == verdict && slices.Equal(modesOf(r), modes) {
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("%s says %s %v (%s) of %+v, want %s %v", c.ID, r.Verdict(), r.Findings(), r.Reason(), targets, verdict, modes)
	return r
}

func modesOf(r guide.Result) (modes []string) {
	for _, f := range r.Findings() {
		if !slices.Contains(modes, f.Mode) {
			modes = append(modes, f.Mode)
		}
	}
	return modes
}

// lokiTestSrv stands for Loki, which no package of the system has: it shows a configuration as Loki does.
func lokiTestSrv(t *testing.T, config string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/config" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, config)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// What real Prometheuses keep, by their own flags.
func TestWhatIsKept(t *testing.T) {
	loki := lokiTestSrv(t, file(t, lokiFile))
	for name, c := range map[string]struct {
		flags   []string
		verdict guide.Verdict
		modes   []string
	}{
		"as deployed":     {[]string{"--storage.tsdb.retention.time=30d"}, guide.Passed, nil},
		"a year":          {[]string{"--storage.tsdb.retention.time=1y"}, guide.Passed, nil},
		"told nothing":    {nil, guide.Failed, []string{"keeps-less"}},
		"a day less":      {[]string{"--storage.tsdb.retention.time=29d"}, guide.Failed, []string{"keeps-less"}},
		"bounded by size": {[]string{"--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=1GB"}, guide.Failed, []string{"bounded-by-size"}},
		"may be deleted":  {[]string{"--storage.tsdb.retention.time=30d", "--web.enable-admin-api"}, guide.Failed, []string{"open-to-change"}},
		"may be added to": {[]string{"--storage.tsdb.retention.time=30d", "--web.enable-remote-write-receiver"}, guide.Failed, []string{"open-to-change"}},
		"may be ended":    {[]string{"--storage.tsdb.retention.time=30d", "--web.enable-lifecycle"}, guide.Failed, []string{"open-to-change"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := monitoring.Prometheus(t, "", nil, c.flags...)
			said(t, a2(), facts.Targets{Prometheus: p.URL, Loki: loki}, c.verdict, c.modes...)
		})
	}
}

// What Loki works with, held against its file; shown on a stand-in.
func TestWhatLokiKeeps(t *testing.T) {
	p := monitoring.Prometheus(t, "", nil, "--storage.tsdb.retention.time=30d")
	tree := facts.Open(os.DirFS(root))
	shown := replace(t, file(t, lokiFile), "retention_period: 720h", "retention_period: 30d") // as Loki writes it
	for name, c := range map[string]struct {
		config  string
		verdict guide.Verdict
		modes   []string
		agree   guide.Verdict
	}{
		"as deployed":      {shown, guide.Passed, nil, guide.Passed},
		"half of it":       {replace(t, shown, "retention_period: 30d", "retention_period: 15d"), guide.Passed, nil, guide.Failed},
		"for ever":         {replace(t, shown, "retention_period: 30d", "retention_period: 0s"), guide.Failed, []string{"says-nothing"}, guide.Failed},
		"never deletes":    {replace(t, shown, "retention_enabled: true", "retention_enabled: false"), guide.Failed, []string{"never-deletes"}, guide.Failed},
		"some for a day":   {replace(t, shown, "retention_period: 30d", "retention_period: 30d\n  retention_stream: [{selector: '{app=\"api\"}', priority: 1, period: 24h}]"), guide.Failed, []string{"keeps-some-less"}, guide.Failed},
		"when asked":       {replace(t, shown, "deletion_mode: disabled", "deletion_mode: filter-and-delete"), guide.Failed, []string{"open-to-change"}, guide.Failed},
		"by another file":  {shown + "\nruntime_config: {file: /loki/limits.yml}\n", guide.Failed, []string{"told-otherwise"}, guide.Passed},
		"another server":   {"<html>", guide.NotEvidenced, nil, guide.NotEvidenced},
		"not a time":       {replace(t, shown, "retention_period: 30d", "retention_period: long"), guide.NotEvidenced, nil, guide.NotEvidenced},
		"half of its file": {shown[:len(shown)/2] + "\n  x: [", guide.NotEvidenced, nil, guide.NotEvidenced},
	} {
		t.Run(name, func(t *testing.T) {
			targets := facts.Targets{Prometheus: p.URL, Loki: lokiTestSrv(t, c.config)}
			said(t, a2(), targets, c.verdict, c.modes...)
			if r := a2().Agree(t.Context(), tree, facts.Running(targets)); r.Verdict() != c.agree {
				t.Errorf("agree: %s %v (%s), want %s", r.Verdict(), r.Findings(), r.Reason(), c.agree)
			}
		})
	}
	// What nobody has named is not looked at, and what one shows to be wrong is wrong nevertheless.
	said(t, a2(), facts.Targets{Prometheus: p.URL}, guide.NotEvidenced)
	said(t, a2(), facts.Targets{Loki: lokiTestSrv(t, shown)}, guide.NotEvidenced)
	said(t, a2(), facts.Targets{Loki: lokiTestSrv(t, replace(t, shown, "retention_enabled: true", "retention_enabled: false"))}, guide.Failed, "never-deletes")
}

// How real Alertmanagers route, and whom a real Prometheus tells.
func TestWhereAlertsGo(t *testing.T) {
	const critical, warning = "http://127.0.0.1:1/critical", "http://127.0.0.1:1/warning"
	good := ofOurs(t, critical, warning)
	am := monitoring.Alertmanager(t, good)
	p := monitoring.Prometheus(t, telling(t, am.URL), nil)
	said(t, m11(), facts.Targets{Prometheus: p.URL, Alertmanager: am.URL}, guide.Passed)
	said(t, m11(), facts.Targets{Alertmanager: am.URL}, guide.NotEvidenced)
	said(t, m11(), facts.Targets{Prometheus: p.URL}, guide.NotEvidenced)
	silent := monitoring.Prometheus(t, "", nil)
	said(t, m11(), facts.Targets{Prometheus: silent.URL, Alertmanager: am.URL}, guide.Failed, "not-sent")
	for mode, config := range map[string]string{
		"nobody-told":     replace(t, good, "  - name: warning\n    webhook_configs:\n      - {url: "+warning+", send_resolved: true, max_alerts: 100}\n", "  - name: warning\n"),
		"not-by-severity": replace(t, good, `[severity="critical"]`, `[severity="urgent"]`),
		"muted":           replace(t, good, "      receiver: critical\n", "      receiver: critical\n      active_time_intervals: [days]\n") + "\ntime_intervals:\n  - {name: days, time_intervals: [{weekdays: [\"monday:friday\"]}]}\n",
		"kept-back":       replace(t, good, receivers, "inhibit_rules:\n  - {source_matchers: [alertname=\"Maintenance\"], target_matchers: [alertname=~\".+\"]}\n\n"+receivers),
	} {
		t.Run(mode, func(t *testing.T) {
			broken := monitoring.Alertmanager(t, config)
			said(t, m11(), facts.Targets{Prometheus: p.URL, Alertmanager: broken.URL}, guide.Failed, mode)
		})
	}
	// What answers is no Alertmanager: nothing was seen.
	said(t, m11(), facts.Targets{Prometheus: p.URL, Alertmanager: p.URL}, guide.NotEvidenced)
}

// What the control says of our routes is what happens: alerts of each severity fire in a real Prometheus and come through a real Alertmanager to a webhook each.
func TestAlertsReachTheirReceivers(t *testing.T) {
	var mu sync.Mutex
	came := map[string][]string{} // by receiver
	hook := func(name string) string {
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var told struct {
				Receiver string `json:"receiver"`
				Alerts   []struct {
					Labels map[string]string `json:"labels"`
				} `json:"alerts"`
			}
			if err := json.NewDecoder(r.Body).Decode(&told); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range told.Alerts {
				came[name] = append(came[name], a.Labels["alertname"])
			}
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	am := monitoring.Alertmanager(t, replace(t, ofOurs(t, hook("critical"), hook("warning")), "group_wait: 30s", "group_wait: 1s", "group_wait: 10s", "group_wait: 1s"))
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: test\n    interval: 1s\n    rules:\n")
	for _, severity := range severities() {
		fmt.Fprintf(&rules, "      - {alert: Test%s, expr: vector(1), labels: {severity: \"%s\"}}\n", severity, severity)
	}
	p := monitoring.Prometheus(t, telling(t, am.URL), map[string]string{"alert_rules_test.yml": rules.String()}, "--rules.alert.resend-delay=1s") // it forgets what fires before it has found whom to tell
	want := "map[critical:[Testcritical] warning:[Test Testinfo Testwarning]]"
	got := ""
	for range 300 {
		mu.Lock()
		for name := range came {
			slices.Sort(came[name])
			came[name] = slices.Compact(came[name])
		}
		got = fmt.Sprint(came)
		mu.Unlock()
		if got == want {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("came %s, want %s\n%s\n%s", got, want, p.Log(), am.Log())
}

// Our files are ones that the programs take: Prometheus' by promtool, Alertmanager's, but for url_file, by the programs in the tests above.
func TestPrometheusTakesOurFile(t *testing.T) {
	promtool := monitoring.Promtool(t)
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", filepath.Join(root, prometheusFile)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// grafanaTestSrv stands for Grafana, which cannot be had here: it answers a health question and a login as Grafana 12 does.
type grafanaTestSrv struct {
	password string
	tries    int
	sessions int
	status   int // in the place of its answer to a login
}

func (g *grafanaTestSrv) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/api/health":
		fmt.Fprint(w, `{"database": "ok", "version": "12.1.1", "commit": "x"}`)
	case r.Method == http.MethodPost && r.URL.Path == "/login":
		var who struct{ User, Password string }
		g.tries++
		switch err := json.NewDecoder(r.Body).Decode(&who); {
		case g.status != 0:
			w.WriteHeader(g.status)
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case who.User == "admin" && who.Password == g.password:
			g.sessions++
			http.SetCookie(w, &http.Cookie{Name: "grafana_session", Value: "1", Path: "/", HttpOnly: true})
			fmt.Fprint(w, `{"message":"Logged in","redirectUrl":"/"}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"message":"Invalid username or password","messageId":"password-auth.failed","statusCode":401,"traceID":""}`)
		}
	case r.Method == http.MethodGet && r.URL.Path == "/logout":
		if c, err := r.Cookie("grafana_session"); err == nil && c.Value == "1" {
			g.sessions--
		}
		http.Redirect(w, r, "/login", http.StatusFound)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestGrafanasDefaultLogin(t *testing.T) {
	for name, c := range map[string]struct {
		srv     grafanaTestSrv
		verdict guide.Verdict
		modes   []string
	}{
		"another password": {grafanaTestSrv{password: "x"}, guide.Passed, nil},
		"the default":      {grafanaTestSrv{password: defaultWord}, guide.Failed, []string{"default-login"}},
		"shut out":         {grafanaTestSrv{password: "x", status: http.StatusTooManyRequests}, guide.NotEvidenced, nil},
		"broken":           {grafanaTestSrv{password: "x", status: http.StatusInternalServerError}, guide.NotEvidenced, nil},
		"sent elsewhere":   {grafanaTestSrv{password: "x", status: http.StatusFound}, guide.NotEvidenced, nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := c.srv
			s := httptest.NewServer(&srv)
			defer s.Close()
			r := c6().Running(t.Context(), facts.Running(facts.Targets{Grafana: s.URL}))
			if r.Verdict() != c.verdict || !slices.Equal(modesOf(r), c.modes) {
				t.Errorf("%s %v (%s), want %s %v", r.Verdict(), r.Findings(), r.Reason(), c.verdict, c.modes)
			}
			if srv.tries != 1 || srv.sessions != 0 {
				t.Errorf("%d logins were tried, %d sessions are left", srv.tries, srv.sessions)
			}
		})
	}
	// Nobody, somebody who says nothing, and another server.
	mute := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer mute.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, url := range map[string]string{"none named": "", "another server": other.URL, "nobody": gone.URL, "a mute one": mute.URL} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if r := c6().Running(ctx, facts.Running(facts.Targets{Grafana: url})); r.Verdict() != guide.NotEvidenced {
			t.Errorf("%s: %s %v", name, r.Verdict(), r.Findings())
		}
		cancel()
	}
}
