//go:build unix

package headers

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/test/parts/nginx"
)

// nginx loses a server's headers in each location that adds one of its own, and without "always" on its error pages: what the probe is there to show.
func TestARealNginx(t *testing.T) {
	address := nginx.FreeAddress(t)
	nginx.Start(t, nginx.Options{
		Listens: []string{address},
		Files: func(dir string) map[string]string {
			return map[string]string{"nginx.conf": fmt.Sprintf(`
worker_processes 1;
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	client_max_body_size 1m;
	server {
		listen %[2]s;
		add_header X-Frame-Options DENY always;
		add_header X-Content-Type-Options nosniff;
		location / { return 200 "there"; }
		location /own { add_header Cache-Control no-store; return 200 "own"; }
		location /twice { add_header X-Frame-Options DENY; add_header X-Frame-Options SAMEORIGIN; return 200 "twice"; }
		location /gone { return 404; }
		location /broken { proxy_pass http://127.0.0.1:1; }
		location /upload { proxy_pass http://127.0.0.1:1; }
		location /moved { return 301 /; }
	}
}
`, dir, address)}
		},
	})
	type seen struct {
		Status         int
		Frame, NoSniff []string
	}
	for _, c := range []struct {
		route Route
		want  seen
	}{
		{Route{Method: "GET", Path: "/"}, seen{200, []string{"DENY"}, []string{"nosniff"}}},
		{Route{Method: "HEAD", Path: "/"}, seen{200, []string{"DENY"}, []string{"nosniff"}}},
		{Route{Method: "OPTIONS", Path: "/"}, seen{200, []string{"DENY"}, []string{"nosniff"}}},
		{Route{Method: "GET", Path: "/own"}, seen{200, nil, nil}},
		{Route{Method: "GET", Path: "/twice"}, seen{200, []string{"DENY", "SAMEORIGIN"}, nil}},
		{Route{Method: "GET", Path: "/gone"}, seen{404, []string{"DENY"}, nil}},
		{Route{Method: "GET", Path: "/broken"}, seen{502, []string{"DENY"}, nil}},
		{Route{Method: "POST", Path: "/upload", Header: []Field{{"Content-Length", "20000000"}}}, seen{413, []string{"DENY"}, nil}},
		{Route{Method: "GET", Path: "/moved"}, seen{301, []string{"DENY"}, []string{"nosniff"}}},
		{Route{Method: "GET", Path: "/", Header: []Field{{"Host", "a b"}}}, seen{400, []string{"DENY"}, nil}},
		{Route{Method: "TRACE", Path: "/"}, seen{405, nil, nil}},
		{Route{Method: "CONNECT", Path: "db:5432"}, seen{400, nil, nil}},
	} {
		a := ask(t, Target{Base: "http://" + address}, c.route)[0]
		if a.Err != nil {
			t.Errorf("%s: %v", c.route, a.Err)
			continue
		}
		got := seen{a.Status, a.Header["X-Frame-Options"], a.Header["X-Content-Type-Options"]}
		if a.Route.Method == "TRACE" || a.Route.Method == "CONNECT" { // refused before a location is found; the version says how
			if a.Status < 400 || a.Echoed {
				t.Errorf("%s: %d, echoed %t", c.route, a.Status, a.Echoed)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.route, diff)
		}
	}
}
