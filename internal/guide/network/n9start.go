package network

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
)

// redisFolder is what redis is started with, in both deployments.
const redisFolder = "k8s/base/config/redis"

// redisStart are the lines of its script and of its settings, without comments.
type redisStart struct{ script, settings []string }

func readRedis(files fs.FS) (s redisStart, err error) {
	for name, lines := range map[string]*[]string{"start.sh": &s.script, "redis.conf": &s.settings} {
		text, err := facts.File(files, path.Join(redisFolder, name))
		if err != nil {
			return s, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				*lines = append(*lines, line)
			}
		}
	}
	return s, nil
}

// judge tells whether the service is started by the script, and whether the script leaves nobody who is not asked for the password. A script can be written in
// many ways; it is held against the one way that is known to ask, so that another is looked at by whoever writes it.
func (r redisStart) judge(s compose.Service, where guide.Place) (findings []guide.Finding) {
	add := func(at guide.Place, detail string) {
		findings = append(findings, guide.Finding{Mode: "password-not-asked", Subject: redis, Detail: detail, At: at})
	}
	mounted := false
	for _, v := range s.Volumes {
		mounted = mounted || v.Target == "/etc/redis" && v.ReadOnly && path.Clean(v.Source) == redisFolder
	}
	if !mounted || len(s.Command) > 0 || !slices.Equal(s.Entrypoint, []string{"/bin/sh", "/etc/redis/start.sh"}) {
		add(where, "mount "+redisFolder+" at /etc/redis, read-only, and start /bin/sh /etc/redis/start.sh and nothing else")
	}
	script := guide.Place{File: redisFolder + "/start.sh"}
	if !slices.Contains(r.script, `if [ "${#password}" -lt 16 ]; then`) || !slices.Contains(r.script, "exit 1") {
		add(script, "refuse a password of fewer than 16 characters")
	}
	users := slices.DeleteFunc(slices.Clone(r.script), func(line string) bool { return !strings.Contains(line, "user") })
	if len(users) != 1 || !strings.HasPrefix(users[0], `echo "user default reset on #$hash `) || !strings.HasSuffix(users[0], `" >/run/redis/users.acl`) || strings.Contains(users[0], "nopass") {
		add(script, "write one user, default, who is asked for the password: user default reset on #$hash")
	}
	if i := slices.Index(r.script, "exec redis-server /etc/redis/redis.conf"); i < 0 || i != len(r.script)-1 {
		add(script, "end it with exec redis-server /etc/redis/redis.conf")
	}
	settings := guide.Place{File: redisFolder + "/redis.conf"}
	for _, line := range r.settings {
		if word, _, _ := strings.Cut(line, " "); slices.Contains([]string{"user", "include", "loadmodule"}, strings.ToLower(word)) {
			add(settings, line+": the users are those that start.sh writes")
		}
	}
	if lists := slices.DeleteFunc(slices.Clone(r.settings), func(line string) bool { return !strings.HasPrefix(strings.ToLower(line), "aclfile") }); !slices.Equal(lists, []string{"aclfile /run/redis/users.acl"}) {
		add(settings, "write aclfile /run/redis/users.acl, once")
	}
	return findings
}

// startRedis is a mutation of what redis is started with.
func startRedis(what, file, old, new string) guide.Mutation {
	return guide.Mutation{Mode: "password-not-asked", What: what, Change: func(d *guide.Draft) error { return d.Replace(redisFolder+"/"+file, old, new) }}
}
