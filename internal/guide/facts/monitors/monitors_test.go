package monitors

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const ours = "../../../../monitoring/"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func names(all []Reached) (out []string) {
	for _, r := range all {
		out = append(out, r.Name)
	}
	return out
}

const routes = `
route:
  receiver: rest
  routes:
    - match: {severity: critical}
      receiver: pager
      continue: true
      routes:
        - matchers: [team=~"db|store"]
          receiver: db
          mute_time_intervals: [nights]
    - match_re: {severity: "critical|warning"}
      receiver: chat
    - matchers: [severity="info"]
      routes:
        - matchers: [never="x"]
          receiver: db
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: "22:00", end_time: "24:00"}]}]
inhibit_rules:
  - {source_matchers: [alertname="Down"], target_matchers: [severity="warning"]}
  - {source_matchers: [alertname="Down"], target_matchers: [team="db"]}
  - {source_match: {alertname: Down}, target_match_re: {severity: "warn.*|info"}}
receivers:
  - {name: rest, webhook_configs: [{url_file: /run/a}, {url: "http://127.0.0.1:1"}]}
  - {name: pager, pagerduty_configs: [{routing_key_file: /run/b}], email_configs: [{to: a@b.example, from: c@d.example, smarthost: "e.example:25", auth_username: u, auth_password_file: /run/c}]}
  - {name: db}
  - {name: chat, webhook_configs: [{url_file: /run/d}]}
`

// An alert goes where Alertmanager sends it.
func TestReaches(t *testing.T) {
	a := must(ReadAlertmanager([]byte(routes)))
	for _, c := range []struct {
		alert map[string]string
		want  []string
	}{
		{map[string]string{}, []string{"rest"}},
		{map[string]string{"severity": "critical"}, []string{"pager", "chat"}},
		{map[string]string{"severity": "critical", "team": "store"}, []string{"db", "chat"}},
		{map[string]string{"severity": "warning"}, []string{"chat"}},
		{map[string]string{"severity": "info"}, []string{"rest"}},
	} {
		if got := names(a.Reaches(c.alert)); !slices.Equal(got, c.want) {
			t.Errorf("%v reaches %v, want %v", c.alert, got, c.want)
		}
	}
	critical := a.Reaches(map[string]string{"severity": "critical", "team": "db"})
	if got := fmt.Sprint(critical[0].Ways, critical[0].Muted, critical[1].Ways, critical[1].Files); got != "0 [nights] 1 [/run/d]" {
		t.Errorf("got %s", got)
	}
	if rest, pager := a.Reaches(nil)[0], a.Reaches(map[string]string{"severity": "critical"})[0]; rest.Ways != 2 || fmt.Sprint(rest.Files) != "[/run/a]" || pager.Ways != 2 || fmt.Sprint(pager.Files) != "[/run/c /run/b]" {
		t.Errorf("%+v, %+v", rest, pager)
	}
	late := strings.NewReplacer("  receiver: rest\n", "  receiver: rest\n  group_wait: 1h\n", "continue: true", "continue: true\n      group_interval: 1d", "{url_file: /run/d}", "{url_file: /run/a, timeout: 1ms, http_config: {proxy_url: \"http://127.0.0.1:1\"}}").Replace(routes)
	told := must(ReadAlertmanager([]byte(late)))
	pager, chat, rest := told.Reaches(map[string]string{"severity": "critical"})[0], told.Reaches(map[string]string{"severity": "warning"})[0], told.Reaches(nil)[0]
	if pager.Waits != 24*time.Hour || chat.Waits != time.Hour || a.Reaches(nil)[0].Waits != 5*time.Minute {
		t.Errorf("%+v, %+v", pager, chat)
	}
	if got := fmt.Sprint(chat.Odd, pager.Odd, rest.Odd); got != "[[proxy_url timeout: 1ms] [] []]" && got != "[proxy_url timeout: 1ms] [] []" {
		t.Errorf("odd is %s", got)
	}
	if !chat.Within(rest) || rest.Within(chat) || pager.Within(rest) || pager.Same(rest) || !rest.Same(told.Reaches(nil)[0]) {
		t.Error("who tells the same people is not seen")
	}
	for severity, want := range map[string]string{"critical": "[2]", "warning": "[1 2 3]", "info": "[2 3]"} {
		if got := fmt.Sprint(a.Inhibits(map[string]string{"severity": severity})); got != want {
			t.Errorf("%s may be kept back by %s, want %s", severity, got, want)
		}
	}
	for _, bad := range []string{"", "route: {}", "route: {receiver: x}", "routes: []", strings.Replace(routes, "receiver: pager", "receiver: nobody", 1)} {
		if _, err := ReadAlertmanager([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestOurFiles(t *testing.T) {
	read := func(name string) []byte { return must(os.ReadFile(ours + name)) }
	p := must(ReadPrometheus(read("prometheus.yml")))
	if !slices.Equal(p.Tells, []string{"alertmanager:9093"}) || p.Finds+p.Rewrites != 0 || !p.Loads("/etc", "alert_rules.yml") || !p.Loads("/etc", "alert_rules_security.yml") || p.Loads("/etc", "prometheus.yml") {
		t.Errorf("%+v", p)
	}
	if l := must(ReadLoki(read("loki.yml"))); fmt.Sprint(l) != "{720h0m0s true 720h0m0s false [] [/loki /loki/chunks] 0s}" {
		t.Errorf("%+v", l)
	}
	g := must(ReadGrafana(read("grafana/grafana.ini")))
	if path, ok := FromFile(g.Setting("security", "admin_password")); !ok || path != "/run/secrets/GRAFANA_ADMIN_PASSWORD" || g.Setting("security", "none") != "" || g.Setting("none", "none") != "" {
		t.Errorf("%q", g.Setting("security", "admin_password"))
	}
	bomb := "[security]\na0 = x\n"
	for i := range 60 {
		bomb += fmt.Sprintf("a%d = %%(a%d)s%%(a%d)s\n", i+1, i, i)
	}
	if got := must(ReadGrafana([]byte(bomb))).Setting("security", "a60"); got != "%(a59)s%(a59)s" {
		t.Errorf("%.100q", got)
	}
	a := must(ReadAlertmanager(read("alertmanager.yml")))
	if got := names(a.Reaches(map[string]string{"severity": "critical"})); !slices.Equal(got, []string{"critical"}) {
		t.Errorf("%v", got)
	}
}

// The loader is of the Alertmanager that is deployed: another version's takes other files.
func TestTheLoaderIsTheDeployedOnes(t *testing.T) {
	stack, module := string(must(os.ReadFile(ours+"../docker-compose.yml"))), string(must(os.ReadFile(ours+"../go.mod")))
	deployed := regexp.MustCompile(`prom/alertmanager:(v[0-9.]+)`).FindStringSubmatch(stack)
	linked := regexp.MustCompile(`(?m)^\tgithub\.com/prometheus/alertmanager (v[0-9.]+)`).FindStringSubmatch(module)
	if deployed == nil || linked == nil || deployed[1] != linked[1] {
		t.Errorf("deployed is %q, linked %q", deployed, linked)
	}
}

func TestReadPrometheus(t *testing.T) {
	text := `
rule_files: [/etc/prometheus/rules/a*.yml]
storage: {tsdb: {retention: {time: 7d, size: 1GB}}}
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: severity}]
  alertmanagers:
    - {dns_sd_configs: [{names: [a]}], alert_relabel_configs: [{action: drop}]}
    - {scheme: https, path_prefix: /a, timeout: 1ms, static_configs: [{targets: ["b:9093", "c:9093"]}], basic_auth: {username: u}}
    - {scheme: http, path_prefix: /, timeout: 5s, api_version: v2, static_configs: [{targets: ["d:9093"]}]}
global: {evaluation_interval: 2m}
`
	if got := fmt.Sprintf("%+v", must(ReadPrometheus([]byte(text)))); got != "{RuleFiles:[/etc/prometheus/rules/a*.yml] Tells:[b:9093 c:9093 d:9093] Finds:1 Rewrites:2 Keeps:7d KeepsSize:1GB "+
		"Senders:[{Targets:[] Odd:[]} {Targets:[b:9093 c:9093] Odd:[basic_auth path_prefix scheme timeout]} {Targets:[d:9093] Odd:[]}] Evaluates:2m0s}" {
		t.Errorf("got %s", got)
	}
	absolute := Prometheus{RuleFiles: []string{"/etc/prometheus/rules/a*.yml"}}
	if !absolute.Loads("/etc/prometheus/rules", "a1.yml") || absolute.Loads("/etc/prometheus", "a1.yml") || absolute.Loads("/etc/prometheus/rules", "b.yml") {
		t.Error("an absolute pattern is not what it says")
	}
	for _, bad := range []string{"a: 1\na: 2", "rule_files: {}", "global: {evaluation_interval: often}", "a: 1\n---\nb: 2"} {
		if p, err := ReadPrometheus([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
	alerts, err := ReadRules([]byte("groups:\n  - name: a\n    rules:\n      - {record: x, expr: y}\n      - alert: Down\n        labels: {severity: critical}\n    interval: 1d\n"))
	if err != nil || len(alerts) != 1 || alerts[0].Every != 24*time.Hour || alerts[0].Name != "Down" || alerts[0].Labels["severity"] != "critical" || alerts[0].Line != 5 {
		t.Errorf("%+v, %v", alerts, err)
	}
}

func TestReadLoki(t *testing.T) {
	for text, want := range map[string]string{ // keeps, deletes, keeps some, deletes when asked, what it reads beside, where it keeps it
		"":                                       "{0s false 0s true [] [] 0s}",
		"limits_config: {retention_period: 30d}": "{720h0m0s false 720h0m0s true [] [] 0s}",
		"limits_config: {deletion_mode: disabled}":                                                                                                                            "{0s false 0s false [] [] 0s}",
		"compactor: {retention_enabled: true}\nlimits_config: {retention_period: 0s}":                                                                                         "{0s true 0s true [] [] 0s}",
		"compactor: {compaction_interval: 5m, retention_delete_delay: 10000h, apply_retention_interval: 1d}":                                                                  "{0s false 0s true [] [] 10000h0m0s}",
		"target: querier,ruler\ncompactor: {retention_enabled: true}":                                                                                                         "{0s false 0s true [] [] 0s}",
		"target: read,backend\ncompactor: {retention_enabled: true}":                                                                                                          "{0s true 0s true [] [] 0s}",
		"limits_config: {retention_period: 30d, retention_stream: [{selector: '{a=\"b\"}', priority: 1, period: 24h}, {period: 90d}]}":                                        "{720h0m0s false 24h0m0s true [] [] 0s}",
		"limits_config: {retention_stream: [{period: 24h}]}":                                                                                                                  "{0s false 24h0m0s true [] [] 0s}",
		"runtime_config: {file: /etc/a.yml}\nlimits_config: {per_tenant_override_config: /etc/b.yml}":                                                                         "{0s false 0s true [/etc/a.yml /etc/b.yml] [] 0s}",
		"common: {path_prefix: /a, storage: {filesystem: {chunks_directory: /b}}}\nstorage_config: {filesystem: {directory: /c}, tsdb_shipper: {active_index_directory: /d}}": "{0s false 0s true [] [/a /b /c /d] 0s}",
	} {
		if got := fmt.Sprint(must(ReadLoki([]byte(text)))); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if _, err := ReadLoki([]byte("limits_config: {retention_stream: [{period: long}]}")); err == nil {
		t.Error("a stream is kept for long")
	}
	if _, err := ReadLoki([]byte("compactor: {compaction_interval: seldom}")); err == nil {
		t.Error("seldom is taken")
	}
	if _, err := ReadLoki([]byte("limits_config: {retention_period: a month}")); err == nil {
		t.Error("a month is taken")
	}
}

func TestFlags(t *testing.T) {
	args := []string{"--a=1", "-b", "2", "x", "--a", "3", "--aa=4", "--c"}
	for name, want := range map[string]string{"a": "3 2", "b": "2 1", "aa": "4 1", "c": " 1", "d": " 0", "x": " 0"} {
		if value, times := Flag(args, name); fmt.Sprint(value, " ", times) != want {
			t.Errorf("%s: %q %d, want %s", name, value, times, want)
		}
	}
	if got := FlagLike(args, "a"); !slices.Equal(got, []string{"a", "a", "aa"}) {
		t.Errorf("%v", got)
	}
	switches := []string{"--a", "--b", "--no-b", "-c=false", "--d=x", "a-value"}
	for name, want := range map[string]bool{"a": true, "b": false, "c": false, "d": true, "e": false, "a-value": false} {
		if On(switches, name) != want {
			t.Errorf("%s is on: %v", name, !want)
		}
	}
	for value, want := range map[string]string{"$__file{/run/x}": "/run/x", "$__file{x}": "", "admin": "", "$__file{/run/x": "", "${X}": ""} {
		if path, ok := FromFile(value); ok != (want != "") || ok && path != want {
			t.Errorf("%s: %s, %v", value, path, ok)
		}
	}
}

// What says more than Grafana's file.
func TestGrafanasOverrides(t *testing.T) {
	if got := Variable("auth.generic-oauth", "allow_sign_up"); got != "GF_AUTH_GENERIC_OAUTH_ALLOW_SIGN_UP" {
		t.Errorf("got %s", got)
	}
	args := []string{"--config=/x", "cfg:auth.proxy.enabled=false", "--configOverrides", "cfg:default.auth.proxy.enabled=true cfg:a.b="}
	for name, want := range map[string]string{"auth.proxy.enabled": "true true", "a.b": " true", "a.c": " false"} {
		i := strings.LastIndex(name, ".")
		if value, there := Argument(args, name[:i], name[i+1:]); fmt.Sprint(value, " ", there) != want {
			t.Errorf("%s: %q %v, want %s", name, value, there, want)
		}
	}
	for value, want := range map[string]bool{"": true, "false": true, "FALSE": true, "off": true, "true": false, "1": false, "$__env{X}": false} {
		if Off(value) != want {
			t.Errorf("%q is off: %v", value, !want)
		}
	}
}

// Whatever stands in a file, reading it ends.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"prometheus.yml", "alertmanager.yml", "loki.yml", "grafana/grafana.ini"} {
		f.Add(must(os.ReadFile(ours + name)))
	}
	f.Add([]byte(routes))
	f.Fuzz(func(t *testing.T, text []byte) {
		if a, err := ReadAlertmanager(text); err == nil {
			if got := a.Reaches(map[string]string{"severity": "critical"}); len(got) == 0 {
				t.Error("an alert reaches no receiver, which Alertmanager never lets happen")
			}
			a.Inhibits(map[string]string{"severity": "critical"})
		}
		if p, err := ReadPrometheus(text); err == nil {
			p.Loads("/etc", "alert_rules.yml")
		}
		_, _ = ReadRules(text)
		_, _ = ReadLoki(text)
		if g, err := ReadGrafana(text); err == nil {
			_, _ = FromFile(g.Setting("security", "admin_password"))
		}
	})
}
