package nginxconf

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Scope is a block: http, a server, a location, an if in one of them. Main is the outermost.
type Scope struct {
	Kind       string      // the directive that opens it; "main" for the outermost
	Args       []string    // of that directive: a location's path
	At         Place       // where it opens
	Directives []Directive // that stand in it, what its files say among them, without blocks
	Below      []*Scope    // blocks in it

	parent *Scope
}

// Parent is the block that it stands in; nil for the outermost.
func (s *Scope) Parent() *Scope { return s.parent }

// String is how it is written: location ^~ /v1/.
func (s *Scope) String() string { return strings.Join(append([]string{s.Kind}, s.Args...), " ") }

// All gives the scope and every one below it, in the order of the file.
func (s *Scope) All() iter.Seq[*Scope] {
	return func(yield func(*Scope) bool) { s.each(yield) }
}

func (s *Scope) each(yield func(*Scope) bool) bool {
	if !yield(s) {
		return false
	}
	for _, b := range s.Below {
		if !b.each(yield) {
			return false
		}
	}
	return true
}

// Table tells whether the lines of a block are a table's, and no directives.
func (s *Scope) Table() bool {
	return slices.Contains([]string{"map", "geo", "types", "split_clients", "charset_map"}, s.Kind)
}

// Written are the directives of this name that stand in the scope itself.
func (s *Scope) Written(name string) (all []Directive) {
	for _, d := range s.Directives {
		if d.Name == name {
			all = append(all, d)
		}
	}
	return all
}

// Effective are the directives of this name that hold in the scope: its own, and if it has none, those of the scope around it that has some. That is how nginx
// hands every directive down, those that may be there several times too (add_header, proxy_set_header, limit_req, access_log, error_page): one of its own, and
// none of those around holds any more. For what is added to answers ask Headers, which knows of add_header_inherit.
func (s *Scope) Effective(name string) []Directive {
	for at := s; at != nil; at = at.parent {
		if own := at.Written(name); len(own) > 0 {
			return own
		}
		if !inherits(at, name) {
			break
		}
	}
	return nil
}

// inherits tells whether a block takes a directive of the one around it. The rewrite module's are carried out where they stand.
func inherits(s *Scope, name string) bool {
	return !slices.Contains([]string{"return", "rewrite", "set", "listen", "server_name", "proxy_pass", "include", "internal", "alias", "stub_status"}, name) && s.Kind != "upstream"
}

// Value is the last argument list of Effective(name), as nginx takes it for a directive that is there once; nil for none.
func (s *Scope) Value(name string) []string {
	if all := s.Effective(name); len(all) > 0 {
		return all[len(all)-1].Args
	}
	return nil
}

// Header is one that is added to answers.
type Header struct {
	Name, Value string
	// Always tells whether it is added whatever the status is, and not only to 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308.
	Always bool
	At     Place
}

// Headers are those that are added to what is answered in the scope, in order. With `add_header_inherit merge` (nginx 1.29.3) they come on top of those
// around; with `off` none come from there; otherwise a scope that adds one has its own only.
func (s *Scope) Headers() (all []Header) {
	own := s.Written("add_header")
	mode := "on"
	if v := s.Value("add_header_inherit"); len(v) == 1 {
		mode = v[0]
	}
	if s.parent != nil && (mode == "merge" || mode == "on" && len(own) == 0) {
		all = s.parent.Headers()
	}
	for _, d := range own {
		if len(d.Args) < 2 {
			continue // nginx refuses it
		}
		all = append(all, Header{Name: d.Args[0], Value: d.Args[1], Always: len(d.Args) > 2 && d.Args[2] == "always", At: d.At})
	}
	return all
}

// Server is a server of http.
type Server struct {
	*Scope
	Names  []string
	Listen []Listen
}

// Listen is an address that a server is reached at.
type Listen struct {
	Address string // as it is written: "443", "127.0.0.1:8081", "[::]:443", "unix:/run/x"
	Port    int    // 0 for a socket
	// Loopback tells whether only this machine reaches it.
	Loopback bool
	TLS      bool
	Default  bool
	At       Place
}

// Servers are those of http, in order.
func (c *Config) Servers() (all []Server) {
	for http := range c.Main.All() {
		if http.Kind != "http" {
			continue
		}
		for _, s := range http.Below {
			if s.Kind == "server" {
				all = append(all, server(s))
			}
		}
	}
	return all
}

func server(s *Scope) Server {
	out := Server{Scope: s}
	for _, d := range s.Written("server_name") {
		out.Names = append(out.Names, d.Args...)
	}
	for _, d := range s.Written("listen") {
		if len(d.Args) == 0 {
			continue
		}
		l := Listen{Address: d.Args[0], At: d.At, TLS: slices.Contains(d.Args[1:], "ssl") || slices.Contains(d.Args[1:], "quic")}
		l.Default = slices.Contains(d.Args[1:], "default_server") || slices.Contains(d.Args[1:], "default")
		if v := s.Value("ssl"); len(v) == 1 && v[0] == "on" { // until nginx 1.25
			l.TLS = true
		}
		l.Port, l.Loopback = address(l.Address)
		out.Listen = append(out.Listen, l)
	}
	if len(out.Listen) == 0 {
		out.Listen = []Listen{{Address: "80", Port: 80, At: s.At}}
	}
	return out
}

// address reads what listen takes: a port, an address, both, a socket.
func address(text string) (port int, loopback bool) {
	if strings.HasPrefix(text, "unix:") {
		return 0, true
	}
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		return int(n), false
	}
	host, portText := text, "80"
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, portText = text[:i], text[i+1:]
	}
	n, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		n = 0
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return int(n), host == "localhost" || err == nil && ip.IsLoopback()
}

// Locations are the scopes that answer for the server: itself, for what no location takes and for what is refused before one is chosen, and every location and if
// below it.
func (s Server) Locations() (all []*Scope) {
	for b := range s.All() {
		if b == s.Scope || b.Kind == "location" || b.Kind == "if" || b.Kind == "limit_except" {
			all = append(all, b)
		}
	}
	return all
}
