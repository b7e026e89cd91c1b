package headers

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Target is a web server.
type Target struct {
	Base    string         // https://host[:port] or http://…, without a path
	Address string         // host:port to connect to, if that is not the base's
	Roots   *x509.CertPool // that its certificate must come from; nil stands for the system's
}

// Route is one question.
type Route struct {
	Method string // GET, HEAD, OPTIONS, TRACE, CONNECT …
	// Path is what stands in the request line: /path?query, also * of OPTIONS and host:port of CONNECT.
	Path string
	// Header are further fields, as they are to stand there; Host replaces the base's. A Content-Length is sent without a body: a server
	// that refuses large bodies does so before it has one.
	Header []Field
	// Want is the status that whoever asks counts on; 0 if it does not matter. It is handed back beside the answer, not compared.
	Want int
}

// Field is a header field.
type Field struct{ Name, Value string }

func (r Route) String() string { return r.Method + " " + r.Path }

const maxRequestLine = 8 << 10

// check refuses what would be another request than it looks like. The target's file was written by hand.
func (r Route) check() error {
	switch {
	case !httpguts.ValidHeaderFieldName(r.Method):
		return fmt.Errorf("route %q: %q is no method", r, r.Method)
	case r.Path == "" || len(r.Path) > maxRequestLine || strings.ContainsFunc(r.Path, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("route %q: a path is printable ASCII without blanks, up to %d bytes; escape the rest", r, maxRequestLine)
	case r.Method != http.MethodConnect && r.Path != "*" && !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("route %q: a path begins with /", r)
	}
	for _, f := range r.Header {
		if !httpguts.ValidHeaderFieldName(f.Name) || !httpguts.ValidHeaderFieldValue(f.Value) {
			return fmt.Errorf("route %q: %q is no header field", r, f.Name)
		}
	}
	return nil
}

// write is the request. marker goes into a field of its own: an answer to TRACE that has it shows to a script what the browser sends.
func (r Route) write(host, marker string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Path)
	fields := []Field{{"Host", host}, {"User-Agent", "stellarescrow-audit"}, {"Accept", "*/*"}, {"Connection", "close"}, {markerField, marker}}
	for _, own := range r.Header {
		for i, f := range fields {
			if strings.EqualFold(f.Name, own.Name) {
				fields[i].Name = ""
			}
		}
	}
	for _, f := range append(fields, r.Header...) {
		if f.Name != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
		}
	}
	return b.String() + "\r\n"
}

const markerField = "X-Audit-Marker"

// place is where a target is.
type place struct {
	host, address, name string // of the Host header, to connect to, of the certificate
	tls                 bool
	roots               *x509.CertPool
}

func (t Target) place() (place, error) {
	base, err := url.Parse(t.Base)
	if err != nil {
		return place{}, fmt.Errorf("read the base: %w", err)
	}
	p := place{host: base.Host, name: base.Hostname(), roots: t.Roots}
	port := map[string]string{"http": "80", "https": "443"}[base.Scheme]
	switch {
	case port == "" || p.name == "":
		return place{}, fmt.Errorf("base %q: write it as https://host or http://host", t.Base)
	case base.Path != "" && base.Path != "/" || base.RawQuery != "" || base.User != nil || base.Fragment != "":
		return place{}, fmt.Errorf("base %q has more than a host: write paths into the routes", t.Base)
	}
	p.tls = base.Scheme == "https"
	if given := base.Port(); given != "" {
		port = given
	}
	if p.address = t.Address; p.address == "" {
		p.address = net.JoinHostPort(p.name, port)
	}
	if _, _, err := net.SplitHostPort(p.address); err != nil {
		return place{}, errors.Join(fmt.Errorf("address %q: write it as host:port", p.address), err)
	}
	return p, nil
}
