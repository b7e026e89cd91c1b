//go:build unix

package opinions

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// standIn is a machine that has one program, which stands for a tool and is a script.
func standIn(t *testing.T, name, script string) (m Machine, dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Machine{Within: 20 * time.Second, Find: func(n string) (string, error) {
		if n != name {
			return "", exec.ErrNotFound
		}
		return path, nil
	}}, dir
}

// planted is a tree with a Dockerfile, and all that tools would load if it stood beside it.
func planted() fstest.MapFS {
	return fstest.MapFS{
		"images/api/Dockerfile":                           {Data: []byte("FROM scratch\nUSER 65532\n# hadolint ignore=DL3002\n")},
		".checkov.yaml":                                   {Data: []byte("external-checks-dir: [checks]\nskip-check: [CKV_DOCKER_8]\n")},
		".checkov.yml":                                    {Data: []byte("external-checks-dir: [checks]\n")},
		"checks/evil.py":                                  {Data: []byte("open('ran', 'w')\n")},
		".hadolint.yaml":                                  {Data: []byte("ignored: [DL3002]\n")},
		".github/actionlint.yaml":                         {Data: []byte("paths: {}\n")},
		"infra/terraform/main.tf":                         {Data: []byte("resource \"aws_s3_bucket\" \"logs\" {\n}\n")},
		"infra/terraform/.checkov.yaml":                   {Data: []byte("skip-check: [CKV_AWS_18]\n")},
		"infra/terraform/.terraform/modules/modules.json": {Data: []byte("{}\n")},
	}
}

// A tool is shown copies of what it judges and nothing else of the tree, in a home that is empty; nothing of the caller's environment but where programs are; and no network, where the
// machine can take it away.
func TestWhatAToolIsShown(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	t.Setenv("A_SECRET", "of the caller")
	t.Setenv("BC_API_KEY", "of the caller")
	m, _ := standIn(t, "hadolint", fmt.Sprintf(`[ "$1" = --version ] && { echo 2.0.0; exit; }
{ find . -type f; echo "args $*"; find "$HOME" -type f; cat "$2"; env; tail -n +3 /proc/net/dev 2>/dev/null | sed 's/^/net /'; } >%q
echo '[]'`, seen))
	o, err := m.Ask(t.Context(), []string{"hadolint"}, facts.Open(planted()), nil)
	if err != nil || o.Tools[0].NotAsked != "" {
		t.Fatalf("%v, %+v", err, o)
	}
	text, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	said := string(text)
	for _, never := range []string{"checkov", "evil", ".hadolint", "main.tf", "A_SECRET", "BC_API_KEY", "of the caller"} {
		if strings.Contains(said, never) {
			t.Errorf("it was shown %s:\n%s", never, said)
		}
	}
	for _, want := range []string{"./images/api/Dockerfile\n", "--disable-ignore-pragma", "settings.yaml\n{}\n", "XDG_CONFIG_HOME=" + os.TempDir()} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	if runtime.GOOS == "linux" && !o.Tools[0].Online {
		for line := range strings.Lines(said) {
			if net, ok := strings.CutPrefix(line, "net "); ok && !strings.HasPrefix(strings.TrimSpace(net), "lo:") {
				t.Errorf("it has a network: %s", net)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "second-opinion-*", "work", "images", "api", "Dockerfile")); err == nil {
		for _, path := range left {
			if text, err := os.ReadFile(path); err == nil && string(text) == string(planted()["images/api/Dockerfile"].Data) {
				t.Errorf("%s was left", path)
			}
		}
	}
}

// A program that is of the audited tree is not started, by whatever way it is found.
func TestNothingOfTheTreeIsStarted(t *testing.T) {
	m, dir := standIn(t, "hadolint", "touch \"$0.ran\"; echo '[]'")
	link := filepath.Join(t.TempDir(), "a-link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for name, root := range map[string]string{"its folder": dir, "a folder above": filepath.Dir(dir), "a link to it": link} {
		m.Root = root
		o, err := m.Ask(t.Context(), []string{Any}, facts.Open(planted()), nil)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(o.Tools, func(t guide.Tool) bool { return t.Name == "hadolint" })
		if !strings.Contains(o.Tools[i].NotAsked, "is of the audited tree") || o.Tools[i].Missing || !errors.Is(o.Err(), guide.ErrNotEvidenced) {
			t.Errorf("%s: %+v, %v", name, o.Tools[i], o.Err())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "hadolint.ran")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it was started")
	}
	t.Setenv("PATH", dir+":.:/usr/bin:/bin")
	m.Root = dir
	if env := m.environment("/box"); !slices.Contains(env, "PATH=/usr/bin:/bin") {
		t.Errorf("%q", env)
	}
}

// A tool that does not answer as it should is named with the reason, and is never an agreement.
func TestToolsThatDoNotAnswer(t *testing.T) {
	const version = `[ "$1" = --version ] && { echo 2.0.0; exit; }` + "\n"
	for name, c := range map[string]struct{ script, want string }{
		"it says nothing":      {version, "is not understood"},
		"it says no list":      {version + "echo '{}'", "is not understood"},
		"it fails":             {version + "echo '[]'; echo 'no such option' >&2; exit 3", "ended with 3: no such option"},
		"it never ends":        {version + "sleep 600 & sleep 600", "did not end within"},
		"it says too much":     {version + "yes '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['", "it prints more than"},
		"it kills itself":      {version + "kill -9 $$", "it was ended"},
		"it has no version":    {"sleep 600", "does not say its version"},
		"it judges another":    {version + `echo '[{"code": "DL3002", "file": "../../etc/passwd", "line": 1, "message": "x"}]'`, "was not given"},
		"it is not executable": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := standIn(t, "hadolint", c.script)
			if strings.Contains(c.want, "within") || c.want == "does not say its version" {
				m.Within = time.Second
			}
			if c.want == "" {
				if err := os.WriteFile(filepath.Join(dir, "hadolint"), []byte("#!/nowhere\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			o, err := m.Ask(t.Context(), []string{"hadolint"}, facts.Open(planted()), nil)
			if err != nil {
				t.Fatal(err)
			}
			if told := o.Tools[0]; told.NotAsked == "" || !strings.Contains(told.NotAsked, c.want) || told.Checks != 0 || !errors.Is(o.Err(), guide.ErrNotEvidenced) {
				t.Errorf("%+v, %v", told, o.Err())
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// Tools that are not there are named: with any, that is no failure while another was asked; of one that was named, it is.
func TestToolsThatAreMissing(t *testing.T) {
	m, _ := standIn(t, "hadolint", "echo '[]'")
	for _, c := range []struct {
		names []string
		tree  fs.FS
		err   error
	}{
		{[]string{Any}, planted(), nil},
		{[]string{"checkov"}, planted(), guide.ErrNotEvidenced},
		{[]string{Any, "checkov"}, planted(), guide.ErrNotEvidenced},
		{[]string{Any}, fstest.MapFS{}, guide.ErrNotEvidenced}, // nothing was judged by anybody
		{[]string{"hadolint"}, fstest.MapFS{}, guide.ErrNotEvidenced},
	} {
		o, err := m.Ask(t.Context(), c.names, facts.Open(c.tree), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Err(); (got == nil) != (c.err == nil) || c.err != nil && !errors.Is(got, c.err) {
			t.Errorf("%q: %v, want %v; %+v", c.names, got, c.err, o.Tools)
		}
		for _, told := range o.Tools {
			if told.Name == "checkov" && !strings.Contains(told.NotAsked, "it is not installed: pipx install checkov") {
				t.Errorf("%+v", told)
			}
		}
	}
	if _, err := m.Ask(t.Context(), []string{"shellcheck"}, facts.Open(planted()), nil); !errors.Is(err, ErrNoTool) {
		t.Errorf("%v", err)
	}
	bad := planted()
	bad[File] = &fstest.MapFile{Data: []byte("explained: [{tool: checkov}]\n")}
	if _, err := m.Ask(t.Context(), []string{Any}, facts.Open(bad), nil); err == nil || !strings.Contains(err.Error(), "names no rule") {
		t.Errorf("%v", err)
	}
}
