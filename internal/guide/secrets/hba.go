package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const (
	hbaFile = "pg_hba.conf"
	// hostMethod and initArgs are the variables by which the database's image takes a way to let people in (docker-library/postgres).
	hostMethod = "POSTGRES_HOST_AUTH_METHOD"
	initArgs   = "POSTGRES_INITDB_ARGS"
)

// asks tells whether a way of PostgreSQL's to let somebody in asks who they are so that nobody else can say it: by a password that nobody can hear, a
// certificate, or, within the machine, the system's own word. https://www.postgresql.org/docs/current/auth-methods.html
func asks(method string, local bool) bool {
	return slices.Contains([]string{"scram-sha-256", "cert", "reject"}, method) || local && method == "peer"
}

// mask is the second word of an address that is written in two.
var mask = regexp.MustCompile(`^[0-9]+\.[0-9.]+$|^[0-9a-fA-F]*:[0-9a-fA-F:.]*$`)

// letIn are the lines of a pg_hba.conf by which somebody comes in without being asked, each with its number, and how many lines there are that say something.
func letIn(text string) (wrong []string, lines int) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		lines++
		at := 3 // of the method
		if words[0] != "local" {
			if at = 4; len(words) > 5 && mask.MatchString(words[4]) {
				at = 5
			}
		}
		if strings.HasPrefix(words[0], "include") || len(words) <= at || !asks(words[at], words[0] == "local") {
			wrong = append(wrong, fmt.Sprintf("line %d, %s", n, strings.Join(words, " ")))
		}
	}
	return wrong, lines
}

// authArgument is an argument of initdb that says how people are let in.
var authArgument = regexp.MustCompile(`(?:--auth(-host|-local)?(?:=|\s+)|(?:^|\s)-A\s*)(\S+)`)

// madeOpen is what of the image's variables makes the database let people in without asking.
func madeOpen(variable, value string) string {
	switch variable {
	case hostMethod:
		if value != "" && !asks(value, false) { // without one the image asks
			return variable + "=" + value
		}
	case initArgs:
		for _, m := range authArgument.FindAllStringSubmatch(value, -1) {
			if !asks(strings.Trim(m[2], `"'`), m[1] == "-local") {
				return strings.TrimSpace(m[0])
			}
		}
	}
	return ""
}

const askAdvice = "write scram-sha-256, which asks for a password that nobody can hear"

// judgeDatabases looks at who lets people into the databases of an overlay.
func judgeDatabases(set *kube.Set) guide.Result {
	var subjects []guide.Subject
	var findings []guide.Finding
	for _, m := range set.ConfigMaps() {
		for key, text := range m.Value.Data {
			if path.Base(key) != hbaFile {
				continue
			}
			wrong, lines := letIn(text)
			for _, line := range wrong {
				findings = append(findings, guide.Finding{Mode: "password-not-asked", Subject: m.String(), Detail: key + ", " + line + ": " + askAdvice, At: deployment.At(m.Object)})
			}
			subjects = append(subjects, guide.Subject{Name: m.String(), Evidence: fmt.Sprintf("%s: %d lines, each of which asks", key, lines), At: deployment.At(m.Object)})
		}
	}
	for _, w := range deployment.Workloads(set) {
		for _, c := range w.Containers() {
			for _, e := range c.Env {
				if open := madeOpen(e.Name, e.Value); open != "" {
					findings = append(findings, guide.Finding{Mode: "password-not-asked", Subject: w.String(), Detail: open + ": " + askAdvice, At: deployment.At(w.Object)})
				}
			}
		}
	}
	if len(subjects) == 0 {
		subjects = []guide.Subject{{Name: "postgres", Evidence: "no pod has a " + hbaFile}}
	}
	return deployment.Once(subjects, findings)
}

// databaseOf looks at the same of the stack of one machine.
func databaseOf(t *facts.Tree, p *compose.Project) (subjects []guide.Subject, findings []guide.Finding, err error) {
	for name, s := range p.Model.Services {
		for variable, value := range s.Environment {
			if value == nil {
				continue
			}
			if open := madeOpen(variable, *value); open != "" {
				findings = append(findings, guide.Finding{Mode: "password-not-asked", Subject: "service " + name, Detail: open + ": " + askAdvice, At: stackfile.At(p, "services", name, "environment", variable)})
			}
		}
		named := slices.ContainsFunc(s.Command, func(word string) bool { return strings.HasPrefix(word, "hba_file=") })
		read := false
		for _, v := range s.Volumes {
			source := path.Clean(v.Source)
			if path.Base(v.Target) != hbaFile && !named || v.Type != "bind" || !fs.ValidPath(source) {
				continue
			}
			text, err := facts.Read(t, "lets people in: "+source, func(files fs.FS) (string, error) { return hbaOf(files, source) })
			if err != nil {
				return nil, nil, err
			}
			if text == "" {
				continue
			}
			read = true
			wrong, lines := letIn(text)
			for _, line := range wrong {
				findings = append(findings, guide.Finding{Mode: "password-not-asked", Subject: "service " + name, Detail: line + ": " + askAdvice, At: guide.Place{File: source}})
			}
			subjects = append(subjects, guide.Subject{Name: "service " + name, Evidence: fmt.Sprintf("%s: %d lines, each of which asks", source, lines), At: guide.Place{File: source}})
		}
		if named && !read {
			return nil, nil, fmt.Errorf("%s, service %s: whom its hba_file lets in stands in no file here", stackfile.Name, name)
		}
	}
	return subjects, findings, nil
}

// hbaOf is a file of that sort, or the one in a folder; empty where there is none.
func hbaOf(files fs.FS, source string) (string, error) {
	at, err := fs.Stat(files, source)
	if err == nil && at.IsDir() {
		source = path.Join(source, hbaFile)
	}
	if path.Base(source) != hbaFile {
		return "", nil
	}
	text, err := facts.File(files, source)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
