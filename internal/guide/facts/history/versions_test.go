package history

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestVersions(t *testing.T) {
	r := newRepo(t).commit("a/b.go", "c.go").commit("-a/b.go").branch("other", true).commit("d/b.go").branch("master", false)
	if err := os.WriteFile(filepath.Join(r.dir, "image"), []byte("a\x00b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.work.Add("image"); err != nil {
		t.Fatal(err)
	}
	r.commit("e.go")
	var got []string
	h, err := Versions(os.DirFS(r.dir), func(v Version) error {
		if string(v.Text) != v.Path || len(v.Commit) != 40 {
			t.Errorf("%+v", v)
		}
		got = append(got, v.Path)
		return nil
	})
	slices.Sort(got)
	if want := []string{"README.md", "a/b.go", "c.go", "d/b.go", "e.go"}; err != nil || !slices.Equal(got, want) || h.Commits != 5 {
		t.Errorf("%q of %d commits, %v, want %q", got, h.Commits, err, want)
	}
	stop := errors.New("stop")
	if _, err := Versions(os.DirFS(r.dir), func(Version) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("it went on: %v", err)
	}
}
