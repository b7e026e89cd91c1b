//go:build unix

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is loaded and run comes from a folder that nobody else has made or can write to; there is none of that kind: no cache.
func TestCacheDirIsTheUsersAlone(t *testing.T) {
	own := fmt.Sprintf("stellarescrow-%d", os.Getuid())
	mkdir := func(t *testing.T, mode os.FileMode, path ...string) {
		t.Helper()
		dir := filepath.Join(path...)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, home, tmp string)
		root    bool   // only root can prepare it
		below   string // of the folder that there is
		want    string // or of the error
	}{
		{name: "nothing yet", prepare: func(*testing.T, string, string) {}, below: "home/stellarescrow/compiled-host"},
		{name: "no home", prepare: func(t *testing.T, _, _ string) { t.Setenv("XDG_CACHE_HOME", ""); t.Setenv("HOME", "") }, below: "tmp/" + own + "/compiled-host"},
		{name: "a home for all", prepare: func(t *testing.T, home, _ string) { mkdir(t, 0o777, home) }, below: "tmp/" + own + "/compiled-host"},
		{name: "a temporary folder as it should be", prepare: func(t *testing.T, home, tmp string) {
			mkdir(t, 0o777, home)
			mkdir(t, 0o777|os.ModeSticky, tmp)
		}, below: "tmp/" + own + "/compiled-host"},
		{name: "all can write to both", prepare: func(t *testing.T, home, tmp string) { mkdir(t, 0o777, home); mkdir(t, 0o777, tmp) },
			want: "can be written to by others than its owner (mode 0777)"},
		{name: "a group can write to it", prepare: func(t *testing.T, home, tmp string) {
			mkdir(t, 0o777, home)
			mkdir(t, 0o770, tmp, own, "compiled-host")
		}, want: "compiled-host can be written to by others than its owner (mode 0770)"},
		{name: "all can write to it", prepare: func(t *testing.T, home, tmp string) { mkdir(t, 0o777, home); mkdir(t, 0o777|os.ModeSticky, tmp, own) },
			want: own + " can be written to by others"},
		{name: "a link in its place", prepare: func(t *testing.T, home, tmp string) {
			mkdir(t, 0o777, home)
			mkdir(t, 0o700, tmp, "elsewhere")
			if err := os.Symlink(filepath.Join(tmp, "elsewhere"), filepath.Join(tmp, own)); err != nil {
				t.Fatal(err)
			}
		}, want: own + " is no folder"},
		{name: "somebody else's", root: true, prepare: func(t *testing.T, home, tmp string) {
			mkdir(t, 0o777, home)
			mkdir(t, 0o700, tmp, own)
			if err := os.Chown(filepath.Join(tmp, own), 4711, -1); err != nil {
				t.Fatal(err)
			}
		}, want: own + " belongs to the user 4711"},
		{name: "somebody else's on the way", root: true, prepare: func(t *testing.T, home, tmp string) {
			mkdir(t, 0o777, home)
			mkdir(t, 0o755|os.ModeSticky, tmp)
			if err := os.Chown(tmp, 4711, -1); err != nil {
				t.Fatal(err)
			}
		}, want: "tmp belongs to the user 4711"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root && os.Getuid() != 0 {
				t.Skip("not root: cannot give a folder to somebody else")
			}
			base, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			home, tmp := filepath.Join(base, "home"), filepath.Join(base, "tmp")
			mkdir(t, 0o700, tmp)
			t.Setenv("XDG_CACHE_HOME", home)
			t.Setenv("TMPDIR", tmp)
			c.prepare(t, home, tmp)
			dir, err := CacheDir()
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || dir != "" {
					t.Errorf("got %q, %v; want an error with %q", dir, err, c.want)
				}
				return
			}
			if err != nil || dir != filepath.Join(base, filepath.FromSlash(c.below)) {
				t.Fatalf("got %q, %v; want %s", dir, err, c.below)
			}
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%v %v, want mode 0700", info, err)
			}
		})
	}
}
