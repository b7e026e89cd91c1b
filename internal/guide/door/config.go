package door

import (
	"context"
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
func judge(ctx context.Context, t *facts.Tree, server func(nginxconf.Server) seen, cluster func(*ingress) seen) guide.Result {
	var all seen
	started, wrong, err := configs(ctx, t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	all.findings = wrong
	for _, c := range started {
		var own seen
		for _, s := range c.Servers() {
			if speaksTLS(s) && reached(s) {
				own.add(server(s))
			}
		}
		if len(own.subjects)+len(own.findings) == 0 {
			own.findings = []guide.Finding{{Mode: noServer, Subject: c.Main.At.File, Detail: "no server listens with TLS", At: guide.Place{File: c.Main.At.File}}}
		} else {
			own.findings = append(own.findings, undoneBy(c)...)
		}
		all.add(own)
	}
	if slices.ContainsFunc(all.findings, func(f guide.Finding) bool { return f.Mode == noServer }) {
		return guide.Judge(all.subjects, all.findings)
	}
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
