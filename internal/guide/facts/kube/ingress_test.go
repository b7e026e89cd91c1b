package kube_test

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// TestTheTwoDoorsAreOne compares what the ingress controller is told with what nginx is told for Compose.
func TestTheTwoDoorsAreOne(t *testing.T) {
	set, err := kube.Render(checkout(t), "k8s/ingress-nginx")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]map[string]string{}
	for _, m := range set.ConfigMaps() {
		if m.Namespace != "ingress-nginx" {
			t.Errorf("%s is where the controller does not look", m)
		}
		settings[m.Name] = m.Value.Data
	}
	controller, headers := settings["ingress-nginx-controller"], settings["security-headers"]
	conf := map[string]string{}
	for _, name := range []string{"headers.conf", "hsts.conf", "tls.conf", "limits.conf"} {
		text, err := fs.ReadFile(os.DirFS(root+"/nginx/include"), name)
		if err != nil {
			t.Fatal(err)
		}
		conf[name] = string(text)
	}
	want := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^add_header ([A-Za-z-]+) "?([^"$;][^"$]*?)"? always;$`).FindAllStringSubmatch(conf["headers.conf"], -1) {
		want[m[1]] = m[2]
	}
	if len(want) < 7 {
		t.Fatalf("nginx says only %v", want)
	}
	if diff := cmp.Diff(want, maps.Clone(headers)); diff != "" {
		t.Errorf("-nginx +ingress-nginx:\n%s", diff)
	}
	if controller["add-headers"] != "ingress-nginx/security-headers" {
		t.Errorf("the headers are those of %q", controller["add-headers"])
	}
	one := func(file, pattern string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(conf[file])
		if m == nil {
			t.Fatalf("nginx/include/%s has no %s", file, pattern)
		}
		return m[1]
	}
	for key, says := range map[string]string{
		"ssl-protocols": one("tls.conf", `ssl_protocols\s+([^;]+);`), "ssl-ciphers": one("tls.conf", `ssl_ciphers\s+([^;]+);`),
		"ssl-ecdh-curve": one("tls.conf", `ssl_ecdh_curve\s+([^;]+);`), "hsts-max-age": one("hsts.conf", `max-age=(\d+); includeSubDomains; preload`),
		"proxy-body-size": one("limits.conf", `client_max_body_size\s+([^;]+);`), "limit-req-status-code": one("limits.conf", `limit_req_status\s+(\d+);`),
		"hsts": "true", "hsts-include-subdomains": "true", "hsts-preload": "true", "ssl-session-tickets": "false", "enable-ocsp": "true", "allow-snippet-annotations": "false",
	} {
		if controller[key] != says {
			t.Errorf("%s: %s, nginx has %s", key, controller[key], says)
		}
	}
	rate := one("limits.conf", `rate=(\d+)r/s`)
	for _, i := range render(t, production).Ingresses() {
		if got := i.Value.Annotations["nginx.ingress.kubernetes.io/limit-rps"]; got != rate {
			t.Errorf("%s: %s requests a second, nginx lets %s pass", i, got, rate)
		}
		if size := i.Value.Annotations["nginx.ingress.kubernetes.io/proxy-body-size"]; (size == "10m") != (i.Name == "api-evidence") || size != "10m" && size != controller["proxy-body-size"] {
			t.Errorf("%s: bodies of %s", i, size)
		}
	}
}
