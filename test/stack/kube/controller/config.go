package controller

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Cluster is what the controller reads of one.
type Cluster struct {
	Ingresses []networkingv1.Ingress
	Services  []corev1.Service
	Settings  map[string]string // ConfigMap ingress-nginx-controller
	Headers   map[string]string // the ConfigMap that add-headers names
}

// Place is where the nginx stands.
type Place struct {
	HTTP, HTTPS string // to listen on: ports, or addresses with one
	Resolver    string // the cluster's DNS
	Run         string // a folder to write in
	// Certificate is where the files tls.crt and tls.key of a Secret of the cluster are.
	Certificate func(namespace, name string) (folder string)
}

// Class is the IngressClass that is ours to serve.
const Class = "nginx"

// Config writes the whole configuration.
func Config(c Cluster, p Place) (string, error) {
	w := writer{cluster: c, place: p, hosts: map[string]*host{}}
	for i := range c.Ingresses {
		ingress := &c.Ingresses[i]
		if ingress.Spec.IngressClassName == nil || *ingress.Spec.IngressClassName != Class {
			continue
		}
		if err := w.add(ingress); err != nil {
			return "", fmt.Errorf("read Ingress %s/%s: %w", ingress.Namespace, ingress.Name, err)
		}
	}
	if len(w.hosts) == 0 {
		return "", fmt.Errorf("no Ingress of class %s has a host", Class)
	}
	general, err := lines(c.Settings, settings)
	if err != nil {
		return "", fmt.Errorf("read ConfigMap ingress-nginx-controller: %w", err)
	}
	headers, err := w.headers()
	if err != nil {
		return "", err
	}
	return w.text(general, headers), nil
}

type host struct {
	certificate string // folder
	locations   []location
}

type location struct {
	match  string // of nginx: "/v1/" or "= /v1"
	target string // host:port
	lines  []string
}

type writer struct {
	cluster Cluster
	place   Place
	hosts   map[string]*host
	zones   []string
}

func (w *writer) add(in *networkingv1.Ingress) error {
	values := map[string]string{}
	for key, value := range in.Annotations {
		if short, ok := strings.CutPrefix(key, prefix); ok {
			values[short] = value
		}
	}
	own, err := lines(values, annotations)
	if err != nil {
		return err
	}
	limits, err := w.limits(in.Namespace+"_"+in.Name, values)
	if err != nil {
		return err
	}
	own = append(own, limits...)
	if in.Spec.DefaultBackend != nil || len(in.Spec.Rules) == 0 {
		return errors.New("it has no rules, or a backend for all that is left, which is not stood in for")
	}
	for _, r := range in.Spec.Rules {
		if r.Host == "" || strings.ContainsAny(r.Host, "*; {}") || r.HTTP == nil {
			return fmt.Errorf("host %q is not stood in for", r.Host)
		}
		h := w.hosts[r.Host]
		if h == nil {
			h = &host{}
			w.hosts[r.Host] = h
		}
		for _, tls := range in.Spec.TLS {
			if slices.Contains(tls.Hosts, r.Host) {
				h.certificate = w.place.Certificate(in.Namespace, tls.SecretName)
			}
		}
		for _, p := range r.HTTP.Paths {
			if err := w.path(h, in.Namespace, p, own); err != nil {
				return fmt.Errorf("path %s: %w", p.Path, err)
			}
		}
	}
	return nil
}

func (w *writer) path(h *host, namespace string, p networkingv1.HTTPIngressPath, own []string) error {
	target, err := w.target(namespace, p.Backend.Service)
	if err != nil {
		return err
	}
	if p.PathType == nil || !strings.HasPrefix(p.Path, "/") || strings.ContainsAny(p.Path, "; {}\"'") {
		return errors.New("a path with a type is wanted")
	}
	path := strings.TrimSuffix(p.Path, "/")
	var matches []string
	switch *p.PathType {
	case networkingv1.PathTypeExact:
		matches = []string{"= " + p.Path}
	case networkingv1.PathTypePrefix: // element by element: /v1 is no prefix of /v10
		matches = []string{path + "/"}
		if path != "" {
			matches = append(matches, "= "+path)
		}
	default:
		return fmt.Errorf("type %s is not stood in for", *p.PathType)
	}
	for _, m := range matches {
		if slices.ContainsFunc(h.locations, func(l location) bool { return l.match == m }) {
			return errors.New("another Ingress has it too")
		}
		h.locations = append(h.locations, location{m, target, own})
	}
	return nil
}

// target is a Service by its name in the cluster, with the number of its port.
func (w *writer) target(namespace string, b *networkingv1.IngressServiceBackend) (string, error) {
	if b == nil {
		return "", errors.New("its backend is no Service")
	}
	for _, s := range w.cluster.Services {
		if s.Namespace != namespace || s.Name != b.Name {
			continue
		}
		for _, p := range s.Spec.Ports {
			if p.Name == b.Port.Name && p.Name != "" || p.Port == b.Port.Number {
				return fmt.Sprintf("%s.%s.svc.cluster.local:%d", s.Name, s.Namespace, p.Port), nil
			}
		}
	}
	return "", fmt.Errorf("there is no Service %s/%s with the port %s%d", namespace, b.Name, b.Port.Name, b.Port.Number)
}

// limits are of one address, in one Ingress.
func (w *writer) limits(zone string, values map[string]string) (list []string, err error) {
	number := func(key string, otherwise int) int {
		if values[key] == "" {
			return otherwise
		}
		n, bad := strconv.Atoi(values[key])
		if bad != nil {
			err = fmt.Errorf("%s: %w", key, bad)
		}
		return n
	}
	if rps := number("limit-rps", 0); rps > 0 {
		w.zones = append(w.zones, fmt.Sprintf("limit_req_zone $binary_remote_addr zone=%s_rps:5m rate=%dr/s;", zone, rps))
		list = append(list, fmt.Sprintf("limit_req zone=%s_rps burst=%d nodelay;", zone, rps*number("limit-burst-multiplier", 5)))
	}
	if n := number("limit-connections", 0); n > 0 {
		w.zones = append(w.zones, fmt.Sprintf("limit_conn_zone $binary_remote_addr zone=%s_conn:5m;", zone))
		list = append(list, fmt.Sprintf("limit_conn %s_conn %d;", zone, n))
	}
	return list, err
}

// headers are on every answer, of whatever status: the controller sets them when it sends, so that a part behind cannot have its own beside them.
func (w *writer) headers() (list []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(w.cluster.Headers)) {
		value := w.cluster.Headers[name]
		if strings.ContainsAny(name, " ;\"\n") || strings.ContainsAny(value, "\"\n$") {
			return nil, fmt.Errorf("header %s is not stood in for", name)
		}
		list = append(list, "proxy_hide_header "+name+";", fmt.Sprintf("add_header %s %q always;", name, value))
	}
	if w.cluster.Settings["hsts"] == "true" {
		value := "max-age=" + w.cluster.Settings["hsts-max-age"]
		if w.cluster.Settings["hsts-include-subdomains"] == "true" {
			value += "; includeSubDomains"
		}
		if w.cluster.Settings["hsts-preload"] == "true" {
			value += "; preload"
		}
		list = append(list, "proxy_hide_header Strict-Transport-Security;", fmt.Sprintf("add_header Strict-Transport-Security %q always;", value))
	}
	return list, nil
}

func (w *writer) text(general, headers []string) string {
	var b bytes.Buffer
	out := func(indent int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat("    ", indent)+format+"\n", args...)
	}
	all := func(indent int, list []string) {
		for _, line := range list {
			out(indent, "%s", line)
		}
	}
	run := w.place.Run
	out(0, "worker_processes 2;\npid %s/nginx.pid;\nerror_log /dev/stderr warn;\nevents { worker_connections 1024; }\nhttp {", run)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		out(1, "%s_temp_path %s/%s;", kind, run, kind)
	}
	out(1, "access_log off;\n    default_type application/octet-stream;\n    resolver %s valid=5s ipv6=off;\n    resolver_timeout 3s;", w.place.Resolver)
	out(1, "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }")
	all(1, w.zones)
	for i, name := range slices.Sorted(maps.Keys(w.hosts)) {
		h := w.hosts[name]
		out(1, "server {\n        listen %s;\n        server_name %s;", w.place.HTTP, name)
		all(2, general)                                  // not above: proxy_hide_header is handed down only to where there is none
		all(2, headers[:len(headers)-2*hsts(w.cluster)]) // RFC 6797, 7.2 forbids HSTS on plain HTTP
		out(2, "location / { return 308 https://$host$request_uri; }\n    }")
		extra := ""
		if i == 0 {
			extra = " default_server"
		}
		out(1, "server {\n        listen %s ssl http2%s;\n        server_name %s;", w.place.HTTPS, extra, name)
		out(2, "ssl_certificate %[1]s/tls.crt;\n        ssl_certificate_key %[1]s/tls.key;\n        ssl_trusted_certificate %[1]s/tls.crt;", h.certificate)
		all(2, general)
		all(2, headers)
		slices.SortFunc(h.locations, func(a, b location) int { return cmp.Compare(a.match, b.match) })
		for _, l := range h.locations {
			out(2, "location %s {", l.match)
			all(3, l.lines)
			all(3, []string{
				"set $target " + l.target + ";", "proxy_pass http://$target;", "proxy_http_version 1.1;",
				"proxy_set_header Host $host;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;",
				"proxy_set_header X-Real-IP $remote_addr;", "proxy_set_header X-Forwarded-For $remote_addr;", "proxy_set_header X-Forwarded-Host $host;",
				"proxy_set_header X-Forwarded-Proto $scheme;", "proxy_set_header Proxy \"\";",
			})
			out(2, "}")
		}
		out(1, "}")
	}
	out(0, "}")
	return b.String()
}

// hsts tells how many headers of it there are.
func hsts(c Cluster) int {
	if c.Settings["hsts"] == "true" {
		return 1
	}
	return 0
}
