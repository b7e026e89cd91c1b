package nginxconf_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

func committed(t *testing.T) *nginxconf.Config {
	t.Helper()
	c, err := nginxconf.Load(os.DirFS("../../../.."), file, nginxconf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Missing) > 0 {
		t.Fatalf("it includes %v, which is not there", c.Missing)
	}
	return c
}

// TestEveryLocationHasEveryHeader looks for the trap: one add_header in a location, and those of its server are gone there.
func TestEveryLocationHasEveryHeader(t *testing.T) {
	wanted := []string{
		"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
	}
	seen := 0
	for _, s := range committed(t).Servers() {
		tls := slices.ContainsFunc(s.Listen, func(l nginxconf.Listen) bool { return l.TLS })
		for _, at := range s.Locations() {
			seen++
			count := map[string]int{}
			for _, h := range at.Headers() {
				if count[h.Name]++; !h.Always {
					t.Errorf("%s, %s: not on every status", h.At, h.Name)
				}
				if h.Name == "Strict-Transport-Security" && h.Value != "max-age=63072000; includeSubDomains; preload" {
					t.Errorf("%s: %s", h.At, h.Value)
				}
			}
			want := slices.Clone(wanted)
			if tls {
				want = append(want, "Strict-Transport-Security")
			} else if count["Strict-Transport-Security"] > 0 {
				t.Errorf("%s: HSTS without TLS", at.At)
			}
			for _, name := range want {
				if count[name] != 1 {
					t.Errorf("%s, %s: %s %d times", at.At, at, name, count[name])
				}
			}
			// What a part behind says of these is taken away, so that none is there twice.
			if at.Written("proxy_pass") != nil {
				for _, name := range append(want, "X-Powered-By") {
					if !slices.ContainsFunc(at.Effective("proxy_hide_header"), func(d nginxconf.Directive) bool { return d.Args[0] == name }) {
						t.Errorf("%s, %s: %s of the part behind comes through", at.At, at, name)
					}
				}
				for name, value := range map[string]string{"X-Forwarded-For": "$remote_addr", "Host": "$host", "Connection": "$connection_header", "Upgrade": "$upgrade", "Forwarded": "", "X-Real-IP": "", "Proxy": ""} {
					if !slices.ContainsFunc(at.Effective("proxy_set_header"), func(d nginxconf.Directive) bool { return slices.Equal(d.Args, []string{name, value}) }) {
						t.Errorf("%s, %s: %s is not %q", at.At, at, name, value)
					}
				}
			}
		}
	}
	if seen < 14 {
		t.Errorf("only %d places looked at", seen)
	}
}

func TestWhatTheFrontDoorIs(t *testing.T) {
	c := committed(t)
	servers := c.Servers()
	if len(servers) != 3 {
		t.Fatalf("%d servers", len(servers))
	}
	tls := servers[1]
	for name, want := range map[string]string{
		"ssl_protocols": "TLSv1.2 TLSv1.3", "ssl_session_tickets": "off", "ssl_stapling": "on", "ssl_stapling_verify": "on", "server_tokens": "off", "client_max_body_size": "1m", "limit_req_status": "429",
		"limit_conn_status": "429", "proxy_next_upstream": "off",
	} {
		if got := strings.Join(tls.Value(name), " "); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	for _, suite := range strings.Split(tls.Value("ssl_ciphers")[0], ":") {
		if !strings.HasPrefix(suite, "ECDHE-") || !strings.Contains(suite, "GCM") && !strings.HasSuffix(suite, "CHACHA20-POLY1305") {
			t.Errorf("suite %s", suite)
		}
	}
	for _, at := range tls.Locations() {
		want := "1m"
		if at.String() == "location /v1/evidence" {
			want = "10m"
		}
		if got := at.Value("client_max_body_size"); got[0] != want {
			t.Errorf("%s takes %s, want %s", at, got, want)
		}
		for _, limit := range []string{"limit_req", "limit_conn"} {
			if at.Effective(limit) == nil {
				t.Errorf("%s has no %s", at, limit)
			}
		}
	}
	for s := range c.Main.All() {
		for _, d := range s.Directives {
			for _, a := range d.Args {
				if strings.HasPrefix(d.Name, "set_real_ip_from") {
					t.Errorf("%s: %s is believed by default", d.At, a)
				}
				// The root is read-only, and nginx has no rights on it anyway.
				if written := d.Name == "pid" || d.Name == "access_log" || d.Name == "error_log" || strings.HasSuffix(d.Name, "_temp_path") || strings.HasSuffix(d.Name, "cache_path"); written && strings.HasPrefix(a, "/") &&
					!strings.HasPrefix(a, "/run/nginx/") && a != "/dev/stdout" && a != "/dev/stderr" {
					t.Errorf("%s: %s writes to %s", d.At, d.Name, a)
				}
			}
		}
	}
	for _, name := range []string{"client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"} {
		if got := tls.Value(name); len(got) != 1 || !strings.HasPrefix(got[0], "/run/nginx/") {
			t.Errorf("%s %v", name, got)
		}
	}
}
