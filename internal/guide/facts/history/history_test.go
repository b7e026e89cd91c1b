package history

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// repo is a repository that commits are made in.
type repo struct {
	t    *testing.T
	dir  string
	git  *git.Repository
	work *git.Worktree
	n    int
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir()}
	var err error
	if r.git, err = git.PlainInit(r.dir, false); err != nil {
		t.Fatal(err)
	}
	if r.work, err = r.git.Worktree(); err != nil {
		t.Fatal(err)
	}
	return r.commit("README.md")
}

// commit commits files; a name with a minus before it is removed.
func (r *repo) commit(names ...string) *repo {
	r.t.Helper()
	for _, name := range names {
		path, gone := strings.CutPrefix(name, "-")
		if gone {
			if _, err := r.work.Remove(path); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(r.dir, path)), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.dir, path), []byte(path), 0o644); err != nil {
			r.t.Fatal(err)
		}
		if _, err := r.work.Add(path); err != nil {
			r.t.Fatal(err)
		}
	}
	r.n++
	who := &object.Signature{Name: "a committer", When: time.Unix(int64(r.n), 0)}
	if _, err := r.work.Commit("a commit", &git.CommitOptions{Author: who, Committer: who}); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func (r *repo) branch(name string, create bool) *repo {
	r.t.Helper()
	if err := r.work.Checkout(&git.CheckoutOptions{Branch: plumbing.NewBranchReferenceName(name), Create: create}); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func secretFile(name string) bool { return name == ".env" }

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(r *repo)
		want []string // paths; with a star if no commit that can be reached has it
	}{
		{"never", func(r *repo) { r.commit("a/b.go").commit("a/c.env") }, nil},
		{"now", func(r *repo) { r.commit(".env") }, []string{".env"}},
		{"once, and removed", func(r *repo) { r.commit(".env").commit("-.env").commit("later.go") }, []string{".env"}},
		{"in a folder", func(r *repo) { r.commit("a/b/.env").commit("-a/b/.env", "x") }, []string{"a/b/.env"}},
		{"on another branch", func(r *repo) { r.branch("other", true).commit(".env").branch("master", false) }, []string{".env"}},
		{"on a branch that is gone", func(r *repo) {
			r.branch("other", true).commit(".env").branch("master", false)
			if err := r.git.Storer.RemoveReference(plumbing.NewBranchReferenceName("other")); err != nil {
				r.t.Fatal(err)
			}
		}, []string{".env*"}},
		{"a folder of that name", func(r *repo) { r.commit(".env/readme") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepo(t)
			c.make(r)
			for _, packed := range []bool{false, true} {
				if packed {
					if err := r.git.RepackObjects(&git.RepackConfig{}); err != nil {
						t.Fatal(err)
					}
				}
				h, err := Search(os.DirFS(r.dir), secretFile)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, f := range h.Found {
					if f.Commit == "" {
						f.Path += "*"
					}
					got = append(got, f.Path)
				}
				want := c.want
				if packed { // what cannot be reached is not packed
					want = slices.DeleteFunc(slices.Clone(want), func(s string) bool { return strings.HasSuffix(s, "*") && len(got) == 0 })
				}
				if !slices.Equal(got, want) || h.Commits < 1 || h.Trees < 1 {
					t.Errorf("packed %v: %v of %d commits and %d folders, want %v", packed, got, h.Commits, h.Trees, want)
				}
			}
		})
	}
}

func TestWhereThereIsNoHistory(t *testing.T) {
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		want  error
	}{
		{"no repository", fstest.MapFS{"README.md": {}}, ErrNone},
		{"a linked worktree", fstest.MapFS{".git": {Data: []byte("gitdir: /elsewhere\n")}}, ErrNone},
		{"a shallow clone", fstest.MapFS{".git/HEAD": {}, ".git/shallow": {Data: []byte("0123456789012345678901234567890123456789\n")}}, ErrShallow},
		{"objects elsewhere", fstest.MapFS{".git/HEAD": {Data: []byte("ref: refs/heads/main\n")}, ".git/objects/info/alternates": {Data: []byte("/elsewhere\n")}}, ErrNone},
		{"no head", fstest.MapFS{".git/config": {}}, ErrNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			if h, err := Search(c.files, secretFile); !errors.Is(err, c.want) {
				t.Errorf("%+v, %v, want %v", h, err, c.want)
			}
		})
	}
}

// A history of which a part cannot be read is never one in which nothing was found.
func TestADamagedHistory(t *testing.T) {
	r := newRepo(t).commit("a/b.go")
	err := filepath.WalkDir(filepath.Join(r.dir, ".git", "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := os.Chmod(path, 0o644); err != nil {
			return err
		}
		return os.WriteFile(path, []byte("damaged"), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := Search(os.DirFS(r.dir), secretFile); err == nil {
		t.Errorf("got %+v", h)
	}
}

func TestIgnored(t *testing.T) {
	for text, want := range map[string]bool{
		".env\n": true, "*.env\n": true, "/.env": true, ".env*\n!.env.example\n": true, "": false, "# .env\n": false, "env\n": false, ".env\n!.env\n": false, ".env/\n": false,
	} {
		got, err := Ignored(fstest.MapFS{".gitignore": {Data: []byte(text)}}, ".env", ".env.example")
		if err != nil || got[".env"] != want || got[".env.example"] {
			t.Errorf("%q: %v, %v, want .env %v and the example not", text, got, err, want)
		}
	}
	if got, err := Ignored(fstest.MapFS{}, ".env"); err != nil || got[".env"] {
		t.Errorf("without a .gitignore: %v, %v", got, err)
	}
}
