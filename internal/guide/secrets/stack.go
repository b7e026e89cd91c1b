package secrets

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// standIn is what compose.StandIns puts for a variable that has no default: its value is whoever starts the stack's.
var standIn = regexp.MustCompile(`stand-in-for-[A-Za-z0-9_]+`)

// source looks at where the stack's secrets come from.
type source struct {
	ctx      context.Context
	tree     *facts.Tree
	project  *compose.Project
	subjects []guide.Subject
	findings []guide.Finding
}

func (s *source) add(mode, subject string, at guide.Place, detail string, args ...any) {
	s.findings = append(s.findings, guide.Finding{Mode: mode, Subject: subject, Detail: fmt.Sprintf(detail, args...), At: at})
}

// sourcesOf are what the Compose file takes for secrets: by `secrets`, by files that it mounts or reads variables from, and in texts of its own.
func sourcesOf(ctx context.Context, t *facts.Tree, p *compose.Project) ([]guide.Subject, []guide.Finding, error) {
	s := &source{ctx: ctx, tree: t, project: p}
	for _, name := range slices.Sorted(maps.Keys(p.Model.Secrets)) {
		if err := s.declared(name); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Model.Services)) {
		if err := s.service(name, p.Model.Services[name]); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Model.Configs)) {
		if what := spells(standIn.ReplaceAllString(p.Model.Configs[name].Content, "$")); what != "" {
			s.add("known-value", "config "+name, stackfile.At(p, "configs", name), "%s stands in it: make it a secret", what)
		}
	}
	return s.subjects, s.findings, nil
}

// declared is one of the file's secrets.
func (s *source) declared(name string) error {
	of, at := s.project.Model.Secrets[name], stackfile.At(s.project, "secrets", name)
	switch {
	case of.Content != "" && given(standIn.ReplaceAllString(of.Content, "$")):
		s.add("known-value", name, at, "its value stands in the file: take it from the environment")
	case of.File != "":
		return s.file(name, name, of.File, at)
	case of.Environment != "" && slices.Contains(required(), name):
		refused, err := stackfile.Refused(s.ctx, s.tree, of.Environment)
		if err != nil {
			return err
		}
		if !refused {
			s.add("not-required", name, at, "it is the value of %s, which may be missing or empty: write ${%s:?…} where Compose reads it", of.Environment, of.Environment)
			return nil
		}
		s.subjects = append(s.subjects, guide.Subject{Name: "secret " + name, Evidence: "the value of " + of.Environment + ", which is required", At: at})
	}
	return nil
}

// file is a secret that is taken from a file. One that the tree does not have is whoever starts the stack's.
func (s *source) file(subject, name, file string, at guide.Place) error {
	file = path.Clean(file)
	if !fs.ValidPath(file) {
		return nil // elsewhere on the machine
	}
	held, err := facts.Read(s.tree, "files of secrets: "+file, func(files fs.FS) (map[string]string, error) { return filesOf(files, file) })
	if err != nil {
		return err
	}
	for _, one := range slices.Sorted(maps.Keys(held)) {
		name := name
		if one != file { // of a folder each has the name of its secret
			name = path.Base(one)
		}
		if wrong := unfit(name, held[one]); wrong != nil {
			s.add("known-value", subject, at, "%s: %v", one, wrong)
			continue
		}
		if !judged(name) && !secretVariable(name) {
			continue
		}
		s.subjects = append(s.subjects, guide.Subject{Name: subject, Evidence: one + ": long enough, and nothing that everybody knows", At: at})
	}
	return nil
}

// maxHeld is how many files of a folder of secrets are read.
const maxHeld = 100

// filesOf is a file, or those of a folder; nothing where there is none.
func filesOf(files fs.FS, name string) (map[string]string, error) {
	names := []string{name}
	if at, err := fs.Stat(files, name); facts.NotThere(err) {
		return nil, nil
	} else if err == nil && at.IsDir() {
		entries, err := fs.ReadDir(files, name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", name, err)
		case len(entries) > maxHeld:
			return nil, fmt.Errorf("%s is mounted as secrets and has %d files, more than %d", name, len(entries), maxHeld)
		}
		names = nil
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, path.Join(name, e.Name()))
			}
		}
	}
	held := map[string]string{}
	for _, one := range names {
		text, err := facts.File(files, one)
		if err != nil {
			return nil, err
		}
		held[one] = string(text)
	}
	return held, nil
}

// unfit is what is wrong with a value of this name; of one that is no secret nothing is.
func unfit(name, text string) error {
	switch {
	case judged(name):
		return fit(name, text)
	case secretVariable(name):
		return secret.Check(strings.TrimSpace(text))
	}
	return nil
}

func (s *source) service(name string, of compose.Service) error {
	subject := "service " + name
	looked := 0
	for _, variable := range slices.Sorted(maps.Keys(of.Environment)) {
		value := of.Environment[variable]
		if looked++; value == nil {
			continue // the machine's own
		}
		text := standIn.ReplaceAllString(*value, "$")
		if what := spells(text); what != "" || secretVariable(variable) && given(text) {
			s.add("known-value", subject, stackfile.At(s.project, "services", name, "environment", variable), "%s: what stands here, or its default, everybody has: make it a secret, by ${…:?…}", variable)
		}
	}
	for part, words := range map[string][]string{"command": of.Command, "entrypoint": of.Entrypoint} {
		s.words(subject, words, stackfile.At(s.project, "services", name, part))
		looked += len(words)
	}
	if of.HealthCheck != nil {
		s.words(subject, of.HealthCheck.Test, stackfile.At(s.project, "services", name, "healthcheck", "test"))
	}
	for label, text := range of.Labels {
		if text = standIn.ReplaceAllString(text, "$"); spells(text) != "" || secretWord(label) && given(text) {
			s.add("known-value", subject, stackfile.At(s.project, "services", name, "labels"), "label %s: make it a secret", label)
		}
	}
	for _, v := range of.Volumes {
		if into := path.Base(v.Target); v.Source != "" && v.Type == "bind" && (secretVariable(into) || strings.HasPrefix(v.Target, "/run/secrets")) {
			if err := s.file(subject, into, v.Source, stackfile.At(s.project, "services", name, "volumes")); err != nil {
				return err
			}
		}
	}
	for _, from := range of.EnvFiles {
		if err := s.variables(subject, from.Path, stackfile.At(s.project, "services", name, "env_file")); err != nil {
			return err
		}
	}
	s.subjects = append(s.subjects, guide.Subject{Name: subject, Evidence: fmt.Sprintf("%d values and words, none of them a secret", looked), At: stackfile.At(s.project, "services", name)})
	return nil
}

func (s *source) words(subject string, words []string, at guide.Place) {
	var plain []string
	for _, w := range words {
		plain = append(plain, standIn.ReplaceAllString(w, "$"))
	}
	if what := spellsIn(plain); what != "" {
		s.add("known-value", subject, at, "%s stands there, for everybody who lists processes: name a file", what)
	}
}

// variables are those of a file that a service gets all of; .env is whoever starts the stack's (S10 keeps it out of the tree).
func (s *source) variables(subject, file string, at guide.Place) error {
	if file = path.Clean(file); !fs.ValidPath(file) || environment(path.Base(file)) {
		return nil
	}
	settings, err := facts.Read(s.tree, "settings of "+file, func(files fs.FS) (map[string]setting, error) { return readSettings(files, file) })
	if err != nil {
		return err
	}
	for _, variable := range slices.Sorted(maps.Keys(settings)) {
		if given(settings[variable].value) && secretVariable(variable) {
			s.add("known-value", subject, guide.Place{File: file, Line: settings[variable].line}, "%s: everybody who has the files has its value: make it a secret", variable)
		}
	}
	return nil
}
