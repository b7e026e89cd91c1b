package door

import (
	"fmt"
	"io/fs"
	"slices"

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

// judge is the tree's column of a control that is about servers of nginx: those with TLS, or all that others reach.
func judge(t *facts.Tree, tlsOnly bool, look func(nginxconf.Server) ([]guide.Subject, []guide.Finding)) guide.Result {
	c, err := config(t)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, s := range c.Servers() {
		tls := slices.ContainsFunc(s.Listen, func(l nginxconf.Listen) bool { return l.TLS })
		reached := slices.ContainsFunc(s.Listen, func(l nginxconf.Listen) bool { return !l.Loopback })
		if tlsOnly && !tls || !reached {
			continue
		}
		more, wrong := look(s)
		subjects, findings = append(subjects, more...), append(findings, wrong...)
	}
	if len(subjects)+len(findings) == 0 {
		return guide.Fail(guide.Finding{Mode: noServer, Subject: configFile, Detail: "no server listens with TLS", At: guide.Place{File: configFile}})
	}
	return guide.Judge(subjects, findings)
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
