package nginxconf_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

func tree(texts ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i := 0; i < len(texts); i += 2 {
		files[texts[i]] = &fstest.MapFile{Data: []byte(texts[i+1])}
	}
	return files
}

const file = "nginx/nginx.conf"

var mounts = nginxconf.Options{Mounts: map[string]string{"/etc/nginx": "nginx", "/etc/nginx/other": "elsewhere"}}

func load(t *testing.T, texts ...string) *nginxconf.Config {
	t.Helper()
	c, err := nginxconf.Load(tree(texts...), file, mounts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// scope is the one of this name; written as in the file.
func scope(t *testing.T, c *nginxconf.Config, name string) *nginxconf.Scope {
	t.Helper()
	for s := range c.Main.All() {
		if s.String() == name {
			return s
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func names(s *nginxconf.Scope) string {
	var all []string
	for _, h := range s.Headers() {
		always := ""
		if h.Always {
			always = "!"
		}
		all = append(all, h.Name+"="+h.Value+always)
	}
	return strings.Join(all, " ")
}

// TestWhichHeadersApply: one add_header of a location's own, and none of those around it holds there.
func TestWhichHeadersApply(t *testing.T) {
	c := load(t, file, `
http {
    add_header A 1;
    server {
        location /bare { }
        location /own {
            add_header B "2 3" always;
            location /own/deeper { }
            if ($x) { add_header C 4; }
        }
        location /merged { add_header_inherit merge; add_header D 5; }
        location /none { add_header_inherit off; }
        location /broken { add_header E; }
    }
    server {
        include snippet.conf;
        location /s { include snippet.conf; }
    }
}`, "nginx/snippet.conf", "add_header F 6 always;\nadd_header G 7;\n")
	for name, want := range map[string]string{
		"http": "A=1", "location /bare": "A=1", "location /own": "B=2 3!", "location /own/deeper": "B=2 3!", "if ($x)": "C=4", "location /merged": "A=1 D=5", "location /none": "",
		"location /broken": "", "location /s": "F=6! G=7",
	} {
		if got := names(scope(t, c, name)); got != want {
			t.Errorf("%s adds %q, want %q", name, got, want)
		}
	}
	if h := scope(t, c, "location /s").Headers()[1]; h.At.String() != "nginx/snippet.conf:2" {
		t.Errorf("G is at %s", h.At)
	}
	servers := c.Servers()
	if len(servers) != 2 || names(servers[0].Scope) != "A=1" || names(servers[1].Scope) != "F=6! G=7" || len(servers[0].Locations()) != 8 {
		t.Errorf("%d servers", len(servers))
	}
}

func TestWhatHolds(t *testing.T) {
	c := load(t, file, `
user nobody;
http {
    ssl_protocols TLSv1.2;
    limit_req zone=a;
    limit_req zone=b;
    map $a $b { default x; ssl_protocols y; include table; }
    server {
        listen 443 ssl http2 default_server;
        listen [::1]:8443 ssl;
        listen 127.0.0.1:81;
        listen unix:/run/x.sock;
        listen example.org;
        server_name a.example *.b.example;
        ssl_protocols TLSv1.2 TLSv1.3;
        return 301 https://x;
        location / { limit_req zone=c; }
        location /two { location /two/deep { } }
    }
    server { ssl on; listen 444; }
    server { }
    upstream u { server 127.0.0.1:1; }
}`)
	at := scope(t, c, "location /two/deep")
	if got := strings.Join(at.Value("ssl_protocols"), " "); got != "TLSv1.2 TLSv1.3" {
		t.Errorf("ssl_protocols %q", got)
	}
	if got := at.Effective("limit_req"); len(got) != 2 || got[0].Args[0] != "zone=a" || got[0].At.Line != 5 {
		t.Errorf("limits %v", got)
	}
	if got := scope(t, c, "location /").Effective("limit_req"); len(got) != 1 || got[0].Args[0] != "zone=c" {
		t.Errorf("limits %v", got)
	}
	if got := at.Effective("return"); got != nil {
		t.Errorf("return is carried out in the server, not here: %v", got)
	}
	if got := at.Value("root"); got != nil {
		t.Errorf("root %v", got)
	}
	servers := c.Servers()
	var listens []string
	for _, s := range servers {
		for _, l := range s.Listen {
			listens = append(listens, fmt.Sprintf("%s=%d tls %t loopback %t default %t", l.Address, l.Port, l.TLS, l.Loopback, l.Default))
		}
	}
	want := `443=443 tls true loopback false default true
[::1]:8443=8443 tls true loopback true default false
127.0.0.1:81=81 tls false loopback true default false
unix:/run/x.sock=0 tls false loopback true default false
example.org=80 tls false loopback false default false
444=444 tls true loopback false default false
80=80 tls false loopback false default false`
	if got := strings.Join(listens, "\n"); got != want || strings.Join(servers[0].Names, " ") != "a.example *.b.example" {
		t.Errorf("%v listens\n%s\nwant\n%s", servers[0].Names, got, want)
	}
	if len(c.Missing) != 0 {
		t.Errorf("a table's line is taken for an include: %v", c.Missing)
	}
}

// TestWords are read as nginx reads them; each line is one that nginx takes.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		`a b c;`: `a|b|c`, "a\t'b c'\r\n\"d e\";": `a|b c|d e`, `a "b\"c" 'd\'e' f\;g \h;`: `a|b"c|d'e|f\;g|\h`, `a ${b}c $d;`: `a|${b}c|$d`,
		`a b"c' d#e;`: `a|b"c'|d#e`, "a # b;\n c;": `a|c`, `a "b" ;`: `a|b`, `a "\n\t\x";`: "a|\n\t\\x", `a "";`: `a|`, `a b}c;`: `a|b}c`, `a "b";`: `a|b`, `a \{b;`: `a|\{b`,
	} {
		c, err := nginxconf.Load(tree(file, text), file, mounts)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		d := c.Main.Directives[0]
		if got := strings.Join(append([]string{d.Name}, d.Args...), "|"); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestIncludes(t *testing.T) {
	c := load(t, file, "http {\n include a.conf; include /etc/nginx/conf.d/*.conf;\n include /etc/nginx/other/x.conf;\n include mime.types;\n include /usr/share/y.conf;\n include none/*.conf; include ../outside.conf; include ../../far.conf;\n}",
		"nginx/a.conf", "keepalive_timeout 1s;", "nginx/conf.d/2.conf", "server { listen 2; }", "nginx/conf.d/1.conf", "server { listen 1; include a.conf; }", "nginx/conf.d/skip", "server { listen 3; }",
		"elsewhere/x.conf", "server { listen 4; }", "outside.conf", "server { listen 5; }")
	var ports []string
	for _, s := range c.Servers() {
		ports = append(ports, fmt.Sprint(s.Listen[0].Port))
	}
	if got := strings.Join(ports, " "); got != "1 2 4 5" {
		t.Errorf("servers %s", got)
	}
	if got := c.Servers()[0].Written("keepalive_timeout"); len(got) != 1 || got[0].At.File != "nginx/a.conf" {
		t.Errorf("included from two places: %v", got)
	}
	var missing []string
	for _, m := range c.Missing {
		missing = append(missing, m.Pattern+" "+m.At.String())
	}
	if got := strings.Join(missing, ", "); got != "mime.types nginx/nginx.conf:4, /usr/share/y.conf nginx/nginx.conf:5, ../../far.conf nginx/nginx.conf:6" {
		t.Errorf("missing %s", got)
	}
}

// A file of the running nginx is read where its mounts have it, the innermost first, and what they have from elsewhere is not.
func TestAsItIsMounted(t *testing.T) {
	files := tree("a/nginx.conf", "http { include inner/one.conf; include inner/two.conf; include theirs/x.conf; include more/*.conf; }", "a/inner/one.conf", "set a of-a;", "a/inner/two.conf", "set b of-a;", "other.conf", "set b other;", "a/more/y.conf", "set c 1;")
	o := nginxconf.Options{Mounts: map[string]string{"/etc/x": "a", "/etc/x/inner/two.conf": "other.conf", "/etc/x/theirs": ""}}
	c, err := nginxconf.Load(files, "/etc/x/nginx.conf", o)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(scope(t, c, "http").Directives); got != "[{set [a of-a] a/inner/one.conf:1} {set [b other] other.conf:1} {set [c 1] a/more/y.conf:1}]" {
		t.Errorf("it reads %s", got)
	}
	if len(c.Missing) != 1 || c.Missing[0].Pattern != "theirs/x.conf" {
		t.Errorf("missing are %v", c.Missing)
	}
	o.Mounts["/etc/x/more/y.conf"] = "other.conf"
	if _, err := nginxconf.Load(files, "/etc/x/nginx.conf", o); err == nil {
		t.Error("a pattern with something mounted within it is taken")
	}
	for _, name := range []string{"/etc/y.conf", "/etc/x/theirs/x.conf", "/etc/x/none.conf"} {
		if _, err := nginxconf.Load(files, name, o); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadFilesGiveAnErrorWithinBounds(t *testing.T) {
	bomb := []string{file, "http { include 0.conf; }"}
	for i := range 20 {
		bomb = append(bomb, fmt.Sprintf("nginx/%d.conf", i), strings.Repeat(fmt.Sprintf("include %d.conf;\n", i+1), 10))
	}
	bomb = append(bomb, "nginx/20.conf", "gzip off;")
	many := []string{file, "include *.inc;"}
	for i := range 300 {
		many = append(many, fmt.Sprintf("nginx/%d.inc", i), "gzip off;")
	}
	for what, c := range map[string]struct {
		want  string
		files []string
	}{
		"no end of a block":      {"nginx/nginx.conf:1", []string{file, "http { server {"}},
		"no end of a directive":  {"nginx/nginx.conf:1", []string{file, "http { gzip on }"}},
		"no end of a quote":      {"nginx/nginx.conf:2", []string{file, "http { a \n\"b;}"}},
		"a word behind a quote":  {"nginx/nginx.conf:1", []string{file, "a \"b\"c;"}},
		"nothing before ;":       {"nginx/nginx.conf:1", []string{file, ";"}},
		"nothing before {":       {"nginx/nginx.conf:1", []string{file, "{ a; }"}},
		"no end at all":          {"nginx/nginx.conf", []string{file, "http { gzip on; } user"}},
		"too many ends":          {"nginx/nginx.conf:2", []string{file, "http {\n}}"}},
		"includes itself":        {"includes itself", []string{file, "include a;", "nginx/a", "include b;", "nginx/b", "include a;"}},
		"includes without end":   {"more than", bomb},
		"many files":             {"files", many},
		"no name to include":     {"include", []string{file, "x { include; }"}},
		"a bad pattern":          {"include", []string{file, "include [a-;"}},
		"blocks without end":     {"blocks in each other", []string{file, strings.Repeat("a {", 100_000) + strings.Repeat("}", 100_000)}},
		"words without end":      {"more than", []string{file, "a " + strings.Repeat("b ", 400_000) + ";"}},
		"a word without end":     {"a word of more", []string{file, "a " + strings.Repeat("b", 20_000) + ";"}},
		"large":                  {"more than 1048576 bytes", []string{file, strings.Repeat("#", 1<<20) + "\n"}},
		"a folder":               {"no file", []string{file + "/x", ""}},
		"none":                   {"nginx/nginx.conf", nil},
		"an included folder":     {"no file", []string{file, "include d;", "nginx/d/x", ""}},
		"bytes that are no text": {"nginx/nginx.conf", []string{file, "\x00\xff{\xfe"}},
	} {
		began := time.Now()
		if _, err := nginxconf.Load(tree(c.files...), file, mounts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.300v, want it to say %q", what, err, c.want)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"http { server { listen 1; location / { add_header A b always; } } }", "include a; map $x $y { default 1; }", "a 'b \\' c' \"d\" {e f;} # g", "if ($x ~ \"^{2}\") { return 301 $y; }", "location ~ ^/(a|b){1,2}$ {}",
	} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		c, err := nginxconf.Load(tree(file, text, "nginx/a", other), file, mounts)
		if err != nil {
			return
		}
		for s := range c.Main.All() {
			s.Headers()
		}
		for _, s := range c.Servers() {
			s.Locations()
		}
	})
}
