package network

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const (
	// redisFolder is what redis is started with, in both deployments, and redisConfig where it has that.
	redisFolder = "k8s/base/config/redis"
	redisConfig = "/etc/redis"
	startScript = "start.sh"
	settingFile = "redis.conf"
)

// besideConfig are the folders that redis' container may have beside its settings: its secrets, what start.sh writes, and data. None has a program or a setting in it.
func besideConfig() []string { return []string{"/run/secrets", "/run/redis", "/data", "/tmp"} }

// redisStart are the lines of its script and of its settings, without comments, and where they stand.
type redisStart struct {
	script, settings     []string
	scriptAt, settingsAt guide.Place
}

func readRedis(files fs.FS) (s redisStart, err error) {
	script, err := facts.File(files, path.Join(redisFolder, startScript))
	if err != nil {
		return s, err
	}
	settings, err := facts.File(files, path.Join(redisFolder, settingFile))
	return startOf(string(script), string(settings), guide.Place{File: redisFolder + "/" + startScript}, guide.Place{File: redisFolder + "/" + settingFile}), err
}

func startOf(script, settings string, scriptAt, settingsAt guide.Place) redisStart {
	return redisStart{lines(script), lines(settings), scriptAt, settingsAt}
}

// lines are those that say something.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func notAsked(subject string, at guide.Place, detail string) guide.Finding {
	return guide.Finding{Mode: "password-not-asked", Subject: subject, Detail: detail, At: at}
}

// judge tells whether the script leaves nobody who is not asked for the password. A script can be written in many ways; it is held against the one way that is known to ask, so that another is looked at by
// whoever writes it.
func (r redisStart) judge(subject string) (findings []guide.Finding) {
	add := func(at guide.Place, detail string) { findings = append(findings, notAsked(subject, at, detail)) }
	if !slices.Contains(r.script, `if [ "${#password}" -lt 16 ]; then`) || !slices.Contains(r.script, "exit 1") {
		add(r.scriptAt, "refuse a password of fewer than 16 characters")
	}
	users := slices.DeleteFunc(slices.Clone(r.script), func(line string) bool { return !strings.Contains(line, "user") })
	if len(users) != 1 || !strings.HasPrefix(users[0], `echo "user default reset on #$hash `) || !strings.HasSuffix(users[0], `" >/run/redis/users.acl`) || strings.Contains(users[0], "nopass") {
		add(r.scriptAt, "write one user, default, who is asked for the password: user default reset on #$hash")
	}
	if i := slices.Index(r.script, "exec redis-server /etc/redis/redis.conf"); i < 0 || i != len(r.script)-1 {
		add(r.scriptAt, "end it with exec redis-server /etc/redis/redis.conf")
	}
	for _, line := range r.script { // what is carried out comes before what is held against it
		if word, _, _ := strings.Cut(line, " "); slices.Contains([]string{"exec", "eval", ".", "source", "alias", "exit"}, word) && !slices.Contains([]string{"exit 1", "exec redis-server /etc/redis/redis.conf"}, line) || strings.Contains(line, "redis-server") && !strings.HasPrefix(line, "exec ") {
			add(r.scriptAt, line+": start redis by the last line alone")
		}
	}
	for _, line := range r.settings {
		if word, _, _ := strings.Cut(line, " "); slices.Contains([]string{"user", "include", "loadmodule"}, strings.ToLower(word)) {
			add(r.settingsAt, line+": the users are those that start.sh writes")
		}
	}
	if lists := slices.DeleteFunc(slices.Clone(r.settings), func(line string) bool { return !strings.HasPrefix(strings.ToLower(line), "aclfile") }); !slices.Equal(lists, []string{"aclfile /run/redis/users.acl"}) {
		add(r.settingsAt, "write aclfile /run/redis/users.acl, once")
	}
	return findings
}

// startedBy tells whether Compose's service is started by the script, and by nothing that somebody has put in its place, or in the place of what it reads.
func startedBy(p *compose.Project, s compose.Service) (findings []guide.Finding) {
	add := func(detail string, path ...string) {
		findings = append(findings, notAsked(redis, stackfile.At(p, append([]string{"services", redis}, path...)...), detail))
	}
	if len(s.Command) > 0 || !slices.Equal(s.Entrypoint, []string{"/bin/sh", redisConfig + "/" + startScript}) {
		add("start /bin/sh /etc/redis/start.sh and nothing else")
	}
	for _, key := range []string{"entrypoint", "command", "volumes", "tmpfs"} {
		if text, _ := p.Varies("services", redis, key); text != "" {
			add(text+": a variable decides what is started, or what that reads: write it itself", key)
		}
	}
	mounted := false
	for _, v := range s.Volumes {
		switch {
		case v.Target == redisConfig && v.ReadOnly && v.Type == "bind" && path.Clean(v.Source) == redisFolder && !mounted:
			mounted = true
		case !below(v.Target, besideConfig()) || v.Type == "bind" && below(v.Target, []string{"/run/redis"}):
			add(fmt.Sprintf("%s: what stands there is the image's, or comes from %s: take it away", v.Target, redisFolder), "volumes")
		}
	}
	if !mounted {
		add("mount "+redisFolder+" at "+redisConfig+", read-only", "volumes")
	}
	for _, t := range s.Tmpfs {
		if target, _, _ := strings.Cut(t, ":"); !below(target, besideConfig()) {
			add(target+": what stands there is the image's, or comes from "+redisFolder+": take it away", "tmpfs")
		}
	}
	for _, c := range s.Configs {
		add(c.Target+": mount "+redisFolder+" and no config beside it", "configs")
	}
	for _, c := range s.Secrets {
		if target := c.Target; path.IsAbs(target) && !below(target, []string{"/run/secrets"}) {
			add(target+": secrets are below /run/secrets", "secrets")
		}
	}
	return findings
}

// startsRedis tells whether an image, or a container's name, is Redis'.
var startsRedis = regexp.MustCompile(`(^|/)(redis|valkey)(-server)?($|[:@])`)

// judgeRedisPods looks at the same in an overlay: at each pod of the part, whose files come from a ConfigMap. Where an overlay has none, redis is outside of the cluster, or N6 says that it is not there.
func judgeRedisPods(set *kube.Set) guide.Result {
	var subjects []guide.Subject
	var findings []guide.Finding
	for _, w := range deployment.Workloads(set) {
		for _, c := range w.Containers() {
			if w.Pod.Labels[partLabel] != redis && !startsRedis.MatchString(c.Image) {
				continue
			}
			wrong := podStart(set, w, c)
			findings = append(findings, wrong...)
			subjects = append(subjects, guide.Subject{Name: w.String() + " " + c.Name, Evidence: "is started by start.sh, which makes it ask everybody for the password", At: deployment.At(w.Object)})
		}
	}
	if len(subjects) == 0 {
		subjects = []guide.Subject{{Name: redis, Evidence: "no pod of it"}}
	}
	return deployment.Once(subjects, findings)
}

func podStart(set *kube.Set, w kube.Workload, c corev1.Container) (findings []guide.Finding) {
	subject := w.String() + " " + c.Name
	add := func(detail string) { findings = append(findings, notAsked(subject, deployment.At(w.Object), detail)) }
	if len(c.Command) != 2 || !slices.Contains([]string{"sh", "/bin/sh"}, c.Command[0]) || c.Command[1] != redisConfig+"/"+startScript || len(c.Args) > 0 || c.Lifecycle != nil {
		add("start sh /etc/redis/start.sh and nothing else")
	}
	for _, e := range c.Env {
		if e.Name == "PATH" || e.Name == "ENV" || strings.HasPrefix(e.Name, "LD_") {
			add(e.Name + ": it changes what is started: take it away")
		}
	}
	start, err := redisStart{}, errors.New("mount the ConfigMap that has them at "+redisConfig)
	for _, m := range c.VolumeMounts {
		i := slices.IndexFunc(w.Pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		switch {
		case path.Clean(m.MountPath) == redisConfig && i >= 0 && w.Pod.Spec.Volumes[i].ConfigMap != nil && m.SubPath+m.SubPathExpr == "":
			start, err = mapStart(set, w.Namespace, *w.Pod.Spec.Volumes[i].ConfigMap)
		case !below(m.MountPath, besideConfig()) || below(m.MountPath, []string{"/run/redis"}) && (i < 0 || w.Pod.Spec.Volumes[i].EmptyDir == nil):
			add(m.MountPath + ": what stands there is the image's, or comes from " + redisFolder + ": take it away")
		}
	}
	if err != nil {
		add(err.Error())
		return findings
	}
	return append(findings, start.judge(subject)...)
}

// mapStart is what a ConfigMap has for redis to be started with.
func mapStart(set *kube.Set, namespace string, of corev1.ConfigMapVolumeSource) (redisStart, error) {
	for _, m := range set.ConfigMaps() {
		if m.Namespace != namespace || m.Name != of.Name {
			continue
		}
		script, ok := m.Value.Data[startScript]
		settings, there := m.Value.Data[settingFile]
		if !ok || !there || len(of.Items) > 0 {
			return redisStart{}, fmt.Errorf("the ConfigMap %s is to be mounted whole, with %s and %s", of.Name, startScript, settingFile)
		}
		return startOf(script, settings, deployment.At(m.Object), deployment.At(m.Object)), nil
	}
	return redisStart{}, fmt.Errorf("there is no ConfigMap %s", of.Name)
}

// startRedis is a mutation of what redis is started with.
func startRedis(what, file, old, new string) guide.Mutation {
	return guide.Mutation{Mode: "password-not-asked", What: what, Change: func(d *guide.Draft) error { return d.Replace(redisFolder+"/"+file, old, new) }}
}

// besideRedis is a mutation of what Compose's redis has mounted beside its settings.
func besideRedis(what, more string) guide.Mutation {
	const folder = "      - ./k8s/base/config/redis:/etc/redis:ro\n"
	return stackfile.Change("password-not-asked", what, folder, folder+"      - "+more+"\n")
}

// overRedis is a mutation by a file that is put over the stack's.
func overRedis(what, service string) guide.Mutation {
	return guide.Mutation{Mode: "password-not-asked", What: what, Change: func(d *guide.Draft) error {
		return d.Write("docker-compose.debug.yml", []byte("services:\n  redis:\n"+service))
	}}
}
