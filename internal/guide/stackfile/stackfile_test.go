package stackfile_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What Compose would read beside our file, or instead of it, is not passed over: a stack that nobody starts says nothing of the one that runs.
func TestAnotherFileThatComposeReads(t *testing.T) {
	for _, other := range []string{"", "compose.yaml", "compose.yml", "compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml"} {
		t.Run(other, func(t *testing.T) {
			files := fstest.MapFS{stackfile.Name: {Data: []byte("name: a\nservices:\n  redis: {image: redis}\n")}}
			if other != "" {
				files[other] = &fstest.MapFile{Data: []byte("services:\n  redis:\n    ports: [\"6379:6379\"]\n")}
			}
			_, err := stackfile.Project(t.Context(), facts.Open(files))
			if other == "" && err != nil {
				t.Fatalf("our file alone: %v", err)
			}
			if other != "" && (err == nil || !strings.Contains(err.Error(), other)) {
				t.Errorf("got %v, want an error that names %s", err, other)
			}
			if _, err := stackfile.Refused(t.Context(), facts.Open(files), "A"); other != "" && err == nil {
				t.Error("what Compose refuses is told though it would read another file")
			}
		})
	}
}

// Whatever somebody may put over our file by -f is looked at with it, and told of where it differs.
func TestFilesOverOurs(t *testing.T) {
	files := fstest.MapFS{
		stackfile.Name:             {Data: []byte("name: a\nservices:\n  redis: {image: redis, user: \"1\"}\n")},
		"docker-compose.prod.yml":  {Data: []byte("services:\n  redis: {user: \"2\"}\n")},
		"compose.debug.yaml":       {Data: []byte("services:\n  redis: {privileged: true}\n")},
		"docker-compose-mini.yaml": {Data: []byte("services:\n  redis: {user: \"${U:-3}\"}\n")},
		"docker-compose.yml.old":   {Data: []byte("{")},
	}
	all, err := stackfile.Stacks(t.Context(), facts.Open(files))
	if err != nil {
		t.Fatal(err)
	}
	var over, users, varies []string
	for _, s := range all {
		text, at := s.Varies("services", "redis")
		over, users, varies = append(over, s.Over), append(users, s.Model.Services["redis"].User), append(varies, text+at.File)
	}
	if !slices.Equal(over, []string{"", "compose.debug.yaml", "docker-compose-mini.yaml", "docker-compose.prod.yml"}) || !slices.Equal(users, []string{"1", "1", "3", "2"}) ||
		!slices.Equal(varies, []string{"", "", "${U:-3}docker-compose-mini.yaml", ""}) {
		t.Errorf("got %q, users %q, varying %q", over, users, varies)
	}
	judge := func(p *compose.Project) guide.Result {
		s := p.Model.Services["redis"]
		if s.Privileged {
			return guide.Fail(guide.Finding{Mode: "privileged", Subject: "redis", Detail: "take it away"})
		}
		return guide.Pass(guide.Subject{Name: "redis", Evidence: s.User})
	}
	r := stackfile.JudgeEach(t.Context(), facts.Open(files), judge)
	if f := r.Findings(); len(f) != 1 || f[0].Detail != "with compose.debug.yaml, take it away" || len(r.Subjects()) != 3 {
		t.Errorf("got %v of %v", f, r.Subjects())
	}
	files["compose.debug.yaml"] = &fstest.MapFile{Data: []byte("services: {redis: {nothing: [\n")}
	if r := stackfile.JudgeEach(t.Context(), facts.Open(files), judge); r.Verdict() != guide.NotEvidenced {
		t.Errorf("with a file that nobody can read: %s", r.Verdict())
	}
}
