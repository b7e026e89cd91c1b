package door

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// anotherFile is the way to fail of an nginx whose configuration is none that is looked at.
const anotherFile = "another-file"

// imagesOwn is the configuration that nginx' image starts with when nobody names one.
const imagesOwn = "/etc/nginx/nginx.conf"

// mayStand are the folders of nginx' container in which something may be mounted: none has a program, or anything that nginx reads unasked. What is below /etc/nginx is looked at where it is included.
func mayStand() []string {
	return []string{"/etc/nginx", "/etc/letsencrypt", "/etc/ssl", "/run", "/var", "/tmp", "/srv", "/data", "/mnt", "/usr/share/nginx/html"}
}

// start is how a service of Compose starts nginx: with which file of its container, and what of it is of the tree.
type start struct {
	service string
	at      guide.Place
	config  string
	mounts  map[string]string
	over    string // the file over Compose's by which it is so
}

// configs are the configurations that Compose starts nginx with, each once, and what is wrong with how it does. In a tree without Compose it is the one that the guide names.
func configs(ctx context.Context, t *facts.Tree) (all []*nginxconf.Config, findings []guide.Finding, err error) {
	composed, err := facts.Read(t, "whether there is "+stackfile.Name, func(files fs.FS) (bool, error) {
		_, err := fs.Stat(files, stackfile.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, nil, err
	}
	if !composed {
		c, err := load(t, start{config: configFile})
		return []*nginxconf.Config{c}, nil, err
	}
	stacks, err := stackfile.Stacks(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, stack := range stacks {
		found := false
		for _, name := range stack.Model.ServiceNames() {
			s := stack.Model.Services[name]
			if !startsNginx(name, s) {
				continue
			}
			found = true
			from := start{service: name, at: stackfile.At(stack.Project, "services", name), mounts: mountsOf(stack.Model.Configs, s), over: stack.Over}
			var wrong []string
			from.config, wrong, err = from.begins(t, stack.Project, s)
			if err != nil {
				return nil, nil, err
			}
			key := fmt.Sprint(name, from.config, from.mounts, wrong)
			if seen[key] {
				continue
			}
			seen[key] = true
			for _, detail := range wrong {
				findings = append(findings, from.finding(detail))
			}
			if len(wrong) > 0 {
				continue // which file it reads is not known
			}
			c, err := load(t, from)
			if errors.Is(err, fs.ErrNotExist) {
				findings = append(findings, from.finding(fmt.Sprintf("it reads %s: mount a file of the tree there", from.config)))
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			if missing := from.instead(c); missing != "" {
				findings = append(findings, from.finding(missing))
				continue
			}
			all = append(all, c)
		}
		if !found && stack.Over == "" {
			findings = append(findings, guide.Finding{Mode: anotherFile, Subject: stackfile.Name, Detail: "it starts no nginx: whatever its front door is, nobody has looked at that", At: guide.Place{File: stackfile.Name}})
		}
	}
	return all, findings, nil
}

func (s start) finding(detail string) guide.Finding {
	subject := "service " + s.service
	if s.over != "" {
		subject = s.over + ": " + subject
	}
	return guide.Finding{Mode: anotherFile, Subject: subject, Detail: detail, At: s.at}
}

// load reads what nginx would read. What it includes that only its image has is not known.
func load(t *facts.Tree, s start) (*nginxconf.Config, error) {
	c, err := facts.Read(t, fmt.Sprint("nginx, ", s.config, s.mounts), func(files fs.FS) (*nginxconf.Config, error) {
		return nginxconf.Load(files, s.config, nginxconf.Options{Mounts: s.mounts})
	})
	if err == nil && len(c.Missing) > 0 && s.instead(c) == "" {
		return nil, fmt.Errorf("%s includes %s (%s), which the tree does not have", s.config, c.Missing[0].Pattern, c.Missing[0].At)
	}
	return c, err
}

// instead is what nginx includes and the tree does not have, because something else is mounted there.
func (s start) instead(c *nginxconf.Config) string {
	for _, m := range c.Missing {
		name := m.Pattern
		if !path.IsAbs(name) {
			name = path.Join(path.Dir(s.config), name)
		}
		for at := range s.mounts {
			if name == at || strings.HasPrefix(name, at+"/") {
				return fmt.Sprintf("it includes %s, and what is mounted at %s is not in the tree", m.Pattern, at)
			}
		}
	}
	return ""
}

// nginxImage tells of an image whether nginx is in it.
var nginxImage = regexp.MustCompile(`(^|/)(nginx|nginx-unprivileged|openresty|angie)($|[:@])`)

func startsNginx(name string, s compose.Service) bool {
	return name == "nginx" || nginxImage.MatchString(s.Image) || slices.ContainsFunc(slices.Concat(s.Entrypoint, s.Command), func(word string) bool { return path.Base(word) == "nginx" })
}

// mountsOf are the files and folders of a container that are not its image's, and what they are of the tree.
func mountsOf(configs types.Configs, s compose.Service) map[string]string {
	mounts := map[string]string{}
	ours := func(name string) string {
		if name = path.Clean(name); path.IsAbs(name) || strings.HasPrefix(name, "~") || !fs.ValidPath(name) {
			return ""
		}
		return name
	}
	for _, v := range s.Volumes {
		mounts[path.Clean(v.Target)] = ""
		if v.Type == "bind" {
			mounts[path.Clean(v.Target)] = ours(v.Source)
		}
	}
	for _, target := range s.Tmpfs {
		at, _, _ := strings.Cut(target, ":")
		mounts[path.Clean(at)] = ""
	}
	for _, c := range s.Configs {
		at := path.Clean(cmp.Or(c.Target, "/"+c.Source))
		mounts[at] = ""
		if from := configs[c.Source].File; from != "" {
			mounts[at] = ours(from)
		}
	}
	for _, c := range s.Secrets {
		mounts[path.Clean(path.Join("/run/secrets", cmp.Or(c.Target, c.Source)))] = ""
		if path.IsAbs(c.Target) {
			mounts[path.Clean(c.Target)] = ""
		}
	}
	if len(s.VolumesFrom) > 0 {
		mounts["/"] = ""
	}
	return mounts
}

// begins is the file that nginx is started with, as the container has it, and what of the service can make that another one, or is none of the ways that are known to start it.
func (s start) begins(t *facts.Tree, p *compose.Project, service compose.Service) (config string, wrong []string, err error) {
	for _, at := range slices.Sorted(maps.Keys(s.mounts)) {
		if !slices.ContainsFunc(mayStand(), func(dir string) bool { return at == dir || strings.HasPrefix(at, dir+"/") }) {
			wrong = append(wrong, at+": what stands there is the image's: take away what is mounted over it")
		}
	}
	for _, key := range []string{"entrypoint", "command", "volumes", "tmpfs"} {
		if text, _ := p.Varies("services", s.service, key); text != "" {
			wrong = append(wrong, text+": a variable decides what is started, or what that reads: write it itself")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(service.Environment)) {
		if slices.Contains([]string{"PATH", "ENV", "BASH_ENV", "IFS"}, name) || strings.HasPrefix(name, "LD_") {
			wrong = append(wrong, name+" changes what is started: take it away")
		}
	}
	for _, f := range service.EnvFiles {
		wrong = append(wrong, f.Path+": write its variables where they are seen")
	}
	words := slices.Concat(service.Entrypoint, service.Command)
	switch {
	case len(words) == 0:
		return imagesOwn, wrong, nil
	case path.Base(words[0]) == "nginx":
		config, bad := flagged(words[1:])
		if bad != "" {
			wrong = append(wrong, "start it without "+bad)
		}
		return config, wrong, nil
	case len(words) == 2 && slices.Contains([]string{"sh", "/bin/sh", "bash", "/bin/bash"}, words[0]) && path.IsAbs(words[1]):
		text, err := s.script(t, words[1])
		if errors.Is(err, fs.ErrNotExist) {
			return "", append(wrong, words[1]+" starts it: mount a file of the tree there"), nil
		}
		if err != nil {
			return "", nil, err
		}
		config, bad := ofScript(text, service.Environment)
		return config, append(wrong, bad...), nil
	}
	return "", append(wrong, strings.Join(words, " ")+": start nginx itself, or a script of the tree that ends with it"), nil
}

// script is the text of a file of the container that the tree has.
func (s start) script(t *facts.Tree, name string) (string, error) {
	at, rest := "", ""
	for mount := range s.mounts {
		if below, in := strings.CutPrefix(name, mount); in && (below == "" || below[0] == '/') && len(mount) > len(at) {
			at, rest = mount, below
		}
	}
	if s.mounts[at] == "" {
		return "", fs.ErrNotExist
	}
	return facts.Read(t, "script "+path.Join(s.mounts[at], rest), func(files fs.FS) (string, error) {
		text, err := facts.File(files, path.Join(s.mounts[at], rest))
		return string(text), err
	})
}

// flagged is the file that nginx' arguments name, and the first argument that is none of those known to leave what it says as it is.
func flagged(args []string) (config, bad string) {
	config = imagesOwn
	for i := 0; i < len(args); i++ {
		value := ""
		if i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case args[i] == "-c" && path.IsAbs(value):
			config, i = value, i+1
		case args[i] == "-e" && value != "":
			i++
		case args[i] == "-g" && strings.Join(strings.Fields(value), " ") == "daemon off;":
			i++
		default:
			return config, strings.TrimSpace(args[i] + " " + value)
		}
	}
	return config, ""
}

const ending = `exec nginx -e /dev/stderr -c "$config" -g 'daemon off;'`

var (
	assigned = regexp.MustCompile(`^config=(?:\$\{([A-Z_]+):-)?(/[A-Za-z0-9/._-]+)\}?$`)
	// elsewise are words by which a script can come to start nginx otherwise than its last line says.
	elsewise = regexp.MustCompile(`(^|[\s;&|({])(eval|exec|source|alias|command|env|export|PATH=\S*|read|unset|nginx|\.)([\s;&|)]|$)`)
)

// ofScript is the file that a script starts nginx with. A script can be written in many ways; it is held against the one that is known to start nginx with the file that it names, so that another is looked
// at by whoever writes it.
func ofScript(text string, environment map[string]*string) (config string, wrong []string) {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 || lines[len(lines)-1] != ending {
		return "", []string{"end its script with " + ending}
	}
	for _, line := range lines[:len(lines)-1] {
		if said := assigned.FindStringSubmatch(line); said != nil && config == "" {
			config = said[2]
			value, given := environment[said[1]]
			switch {
			case said[1] == "" || !given:
			case value == nil:
				wrong = append(wrong, said[1]+" is whatever whoever starts it says: take it away")
			default:
				config = cmp.Or(*value, config)
			}
			continue
		}
		if strings.Contains(line, "config") || !strings.HasPrefix(line, "echo ") && elsewise.MatchString(line) {
			wrong = append(wrong, "its script says "+line+": let its last line alone start nginx, with one configuration that is named once")
		}
	}
	if config == "" && len(wrong) == 0 {
		wrong = append(wrong, "name one configuration in its script: config=/etc/nginx/…")
	}
	return config, wrong
}
