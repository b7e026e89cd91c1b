package door

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

const (
	configFile  = "nginx/nginx.conf"
	tlsFile     = "nginx/include/tls.conf"
	hstsFile    = "nginx/include/hsts.conf"
	headersFile = "nginx/include/headers.conf"
)

// ConfigFile is the file that nginx is started with.
const ConfigFile = configFile

// config is nginx's configuration, whole: one that includes what the tree does not have is not known.
func config(t *facts.Tree) (*nginxconf.Config, error) {
	return facts.Read(t, configFile, func(files fs.FS) (*nginxconf.Config, error) {
		c, err := nginxconf.Load(files, configFile, nginxconf.Options{})
		if err != nil {
			return nil, err
		}
		if len(c.Missing) > 0 {
			return nil, fmt.Errorf("%s includes %s (%s), which the tree does not have", configFile, c.Missing[0].Pattern, c.Missing[0].At)
		}
		return c, nil
	})
}

// seen is what is said of a door, or of a part of one.
type seen struct {
	subjects []guide.Subject
	findings []guide.Finding
}

func (s *seen) add(more seen) {
	s.subjects, s.findings = append(s.subjects, more.subjects...), append(s.findings, more.findings...)
}

// judge is the tree's column of a control: of both doors, nginx (Compose's) and, where the tree has one, the ingress of a cluster. server is asked of every server of nginx that others reach by
// TLS, cluster of the ingress.
func judge(t *facts.Tree, server func(nginxconf.Server) seen, cluster func(*ingress) seen) guide.Result {
	var all seen
	c, err := config(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	for _, s := range c.Servers() {
		if speaksTLS(s) && reached(s) {
			all.add(server(s))
		}
	}
	if len(all.subjects)+len(all.findings) == 0 {
		return guide.Fail(guide.Finding{Mode: noServer, Subject: configFile, Detail: "no server listens with TLS", At: guide.Place{File: configFile}})
	}
	all.findings = append(all.findings, undoneBy(c)...)
	in, err := ingressOf(t)
	switch {
	case in == nil:
		in = &ingress{}
	case in.known():
		all.add(cluster(in))
		all.add(seen{findings: in.undone()})
	}
	if err != nil {
		in.unseen = append(in.unseen, err.Error())
	}
	if len(all.findings) == 0 && len(in.unseen) > 0 {
		return guide.NoEvidence("%s", strings.Join(in.unseen, "; "))
	}
	return guide.Judge(all.subjects, all.findings)
}

// programmed are directives of nginx' modules by which whoever writes the configuration can have it say anything else: headers taken away, programs run, settings handed to the TLS library.
var programmed = regexp.MustCompile(`^(more_(set|clear)_.*|.*_by_lua(_.*)?|js_.*|perl.*|load_module|ssl_conf_command)$`)

// undoneBy is what of nginx' configuration can undo any clause of the door.
func undoneBy(c *nginxconf.Config) (findings []guide.Finding) {
	add := func(name string, at nginxconf.Place) {
		if programmed.MatchString(name) {
			findings = append(findings, guide.Finding{Mode: unjudgedSetting, Subject: "nginx, " + at.String(), Detail: "take " + name + " away: what it does to TLS and headers is not known here", At: place(at)})
		}
	}
	for scope := range c.Main.All() {
		add(scope.Kind, scope.At)
		for _, d := range scope.Directives {
			add(d.Name, d.At)
		}
	}
	return findings
}

func speaksTLS(s nginxconf.Server) bool {
	return slices.ContainsFunc(s.Listen, func(l nginxconf.Listen) bool { return l.TLS })
}

// reached tells whether more than this machine reaches a server.
func reached(s nginxconf.Server) bool {
	return slices.ContainsFunc(s.Listen, func(l nginxconf.Listen) bool { return !l.Loopback })
}

const noServer = "no-tls-server"

func noServerMode() guide.Mode {
	return guide.Mode{Name: noServer, What: "no server speaks TLS, so that everything goes in the clear"}
}

// noServerMutation takes TLS from the server, which all clauses of the door then miss.
func noServerMutation(also ...string) guide.Mutation {
	return guide.Mutation{Mode: noServer, What: "the server with the platform's routes speaks no TLS", Change: func(d *guide.Draft) error {
		return d.Replace(configFile, "listen 8443 ssl http2 default_server;", "listen 8443 default_server;")
	}, Also: also}
}

func place(p nginxconf.Place) guide.Place { return guide.Place{File: p.File, Line: p.Line} }

// change is a mutation of a file of nginx's.
func change(mode, what, file, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(file, old, new) }, Also: also}
}
