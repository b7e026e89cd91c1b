package fix

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// broken is a folder with a few files of this tree, broken in ways that are mended: one is gone, one has no last line end, one cannot be run any more by accident.
func broken(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"docker-compose.yml", ".gitignore", "nginx"} {
		from, to := filepath.Join(root, name), filepath.Join(dir, name)
		if is, err := os.Stat(from); err != nil || is.IsDir() {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte(`ports: ["127.0.0.1:5432:5432"]`), []byte(`ports: ["5432:5432"]`), 1)
		text = bytes.Replace(text, []byte("  read_only: true\n"), nil, 1)
		if name == ".gitignore" {
			text = []byte("target/")
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if said, err := exec.CommandContext(t.Context(), parts.Program(t, "git", "apt-get install git"), "init", "--quiet", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	tls := filepath.Join(dir, "nginx/include/tls.conf")
	text, err := os.ReadFile(tls)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tls, bytes.Replace(text, []byte("TLSv1.2 TLSv1.3"), []byte("TLSv1.1 TLSv1.2"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// some are the clauses that can be judged of such a folder.
func some(t *testing.T) (*guide.Guide, []guide.Control) {
	t.Helper()
	g, err := guide.New(mustChoose(t, whole(t), "N8", "N10", "N11", "S9", "S10")...)
	if err != nil {
		t.Fatal(err)
	}
	return g, g.Controls()
}

func mustChoose(t *testing.T, g *guide.Guide, names ...string) []guide.Control {
	t.Helper()
	chosen, err := g.Choose(names)
	if err != nil {
		t.Fatal(err)
	}
	return chosen
}

func mendedIn(t *testing.T, dir string) Outcome {
	t.Helper()
	g, chosen := some(t)
	out, err := Mend(t.Context(), g, chosen, os.DirFS(dir), asked)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Changed) != 4 || len(out.Left) > 0 {
		t.Fatalf("%d files are changed, left is %v\n%s", len(out.Changed), out.Left, out.Patch())
	}
	return out
}

// read is every file of a folder.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == ".git" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		all[name] = string(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// The patch is one that the usual tools take, and what they make of it is what Write makes.
func TestPatchAndWriteAreTheSame(t *testing.T) {
	written := broken(t)
	before := read(t, written)
	out := mendedIn(t, written)
	if after := read(t, written); len(after) != len(before) || after["docker-compose.yml"] != before["docker-compose.yml"] {
		t.Fatal("the tree was changed without being asked to")
	}
	tree, err := os.OpenRoot(written)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if err := out.Write(tree); err != nil {
		t.Fatal(err)
	}
	want := read(t, written)
	for name, text := range out.Changed {
		if want[name] != string(text) {
			t.Errorf("%s is\n%s", name, want[name])
		}
	}
	if len(want) != len(before)+1 {
		t.Errorf("%d files are there, want one more than %d", len(want), len(before))
	}
	if is, err := os.Stat(filepath.Join(written, "docker-compose.yml")); err != nil || is.Mode().Perm() != 0o600 {
		t.Errorf("it may be read as %v, %v", is.Mode(), err)
	}
	for program, args := range map[string][]string{"git": {"apply", "-"}, "patch": {"-p1", "--quiet"}} {
		path := parts.Program(t, program, "apt-get install "+program)
		dir := broken(t)
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(out.Patch())
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s\n%s", program, err, said, out.Patch())
		}
		for name, text := range read(t, dir) {
			if text != want[name] {
				t.Errorf("%s makes of %s\n%s\nwant\n%s", program, name, text, want[name])
			}
		}
	}
	if !strings.Contains(string(out.Patch()), "# N8/published-to-the-world, postgres: bind the port to 127.0.0.1\n") {
		t.Errorf("the patch does not say what it is for:\n%s", out.Patch())
	}
}

// What is no longer what was looked at, or is no file of the tree, is not written over, and then nothing is.
func TestWriteRefuses(t *testing.T) {
	for name, change := range map[string]func(dir string) error{
		"a file that was changed meanwhile": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "docker-compose.yml"), []byte("mine"), 0o600)
		},
		"a file that is gone":       func(dir string) error { return os.Remove(filepath.Join(dir, "docker-compose.yml")) },
		"a file that somebody made": func(dir string) error { return os.WriteFile(filepath.Join(dir, example), []byte("mine"), 0o600) },
		"a link": func(dir string) error {
			path := filepath.Join(dir, "docker-compose.yml")
			if err := os.Rename(path, path+".real"); err != nil {
				return err
			}
			return os.Symlink("docker-compose.yml.real", path)
		},
		"a folder that cannot be written": func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, "nginx")); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "nginx"), nil, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := broken(t)
			out := mendedIn(t, dir)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			before := read(t, dir)
			tree, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			if err := out.Write(tree); err == nil {
				t.Error("it was written over")
			}
			after := read(t, dir)
			if len(after) != len(before) {
				t.Errorf("%d files are there, want %d", len(after), len(before))
			}
			for name := range before {
				if before[name] != after[name] {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

// An edit after which something else is worse is taken back, and so is one that does not help.
func TestEditsAreTakenBack(t *testing.T) {
	fine := guide.Subject{Name: "it"}
	says := func(text string) []guide.Finding {
		var all []guide.Finding
		for _, mode := range strings.Fields(text) {
			all = append(all, guide.Finding{Mode: mode, Subject: "it"})
		}
		return all
	}
	report := func(a, b string) guide.Report {
		return guide.Report{Clauses: []guide.Clause{
			{Control: guide.Control{ID: "N1"}, Tree: guide.Judge([]guide.Subject{fine}, says(a))}, {Control: guide.Control{ID: "N2"}, Tree: guide.Judge([]guide.Subject{fine}, says(b))},
		}}
	}
	mended := keyOf("N1", guide.Finding{Mode: "wrong", Subject: "it"})
	for name, c := range map[string]struct {
		before, after guide.Report
		want          string
	}{
		"it helps":                 {report("wrong", "odd"), report("", "odd"), ""},
		"it helps one of two":      {report("wrong wrong", ""), report("wrong", ""), ""},
		"it helps others too":      {report("wrong", "odd"), report("", ""), ""},
		"it does not help":         {report("wrong", ""), report("wrong", ""), "does not do away"},
		"another fails":            {report("wrong", ""), report("", "odd"), "N2 would be FAIL"},
		"it fails otherwise":       {report("wrong", ""), report("odd", ""), "N1 would fail by odd"},
		"another fails once more":  {report("wrong", "odd"), report("", "odd odd"), "N2 would fail by odd"},
		"nobody can look any more": {report("wrong", ""), guide.Report{Clauses: []guide.Clause{{Control: guide.Control{ID: "N1"}, Tree: guide.Pass(fine)}, {Control: guide.Control{ID: "N2"}, Tree: guide.NoEvidence("it is broken")}}}, "N2 would be NOT EVIDENCED"},
	} {
		if got := worse(c.before, c.after, mended); got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
