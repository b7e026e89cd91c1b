package backup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/postgres"
)

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestAWriterThatIsKilledLeavesNoBackup kills a process in the middle of a file.
func TestAWriterThatIsKilledLeavesNoBackup(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), writeInto+"="+dir)
	stdin, err := cmd.StdinPipe() // stays open as long as this process lives
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var size int64
	for end := time.Now().Add(30 * time.Second); size < 1<<20 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, name := range names(t, dir) {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				size = info.Size()
			}
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	left := names(t, dir)
	if size < 1<<20 || len(left) != 1 {
		t.Fatalf("%d bytes were written, %v is left: this test has seen nothing", size, left)
	}
	if fileName.MatchString(left[0]) || !strings.HasPrefix(left[0], ".") || !strings.HasSuffix(left[0], ".unfinished") {
		t.Errorf("what is left looks whole: %s", left[0])
	}

	// The next one goes its way, and removes it when nobody can be at work on it any more.
	for _, c := range []struct {
		later time.Duration
		left  int
	}{{0, 2}, {unfinishedAge + time.Hour, 2}} {
		f, err := NewFolder(dir, func() time.Time { return time.Now().Add(c.later) })
		if err != nil {
			t.Fatal(err)
		}
		r, err := Take(t.Context(), small(), f, options(newKey(t)))
		if err != nil {
			t.Fatal(err)
		}
		if is := names(t, dir); len(is) != c.left {
			t.Errorf("%s later: %v, want %d", c.later, is, c.left)
		}
		if info, err := os.Stat(filepath.Join(dir, r.Name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v: others could read it", info.Mode(), err)
		}
	}
}

func TestNothingOfOthersIsRemoved(t *testing.T) {
	dir := t.TempDir()
	good := "stellarescrow-20200101T000000Z-0123456789abcdef.tar.zst.age"
	for _, name := range []string{good, ".hidden", ".notes.unfinished", good + ".unfinished"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "."+good+".unfinished"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := NewFolder(dir, func() time.Time { return time.Now().Add(10 * unfinishedAge) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(t.Context(), small(), f, options(newKey(t))); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) != 6 {
		t.Errorf("%v is left", left)
	}
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "none"), file} {
		if _, err := NewFolder(path, time.Now); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	f, err := NewFolder(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	// A file that is there is left as it is.
	if err := f.Put(t.Context(), "file", strings.NewReader("y")); !errors.Is(err, ErrPlace) {
		t.Errorf("over another: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "x" || len(names(t, dir)) != 1 {
		t.Errorf("it holds %q, %v; beside it %v", text, err, names(t, dir))
	}
	if _, err := f.Get(t.Context(), "none"); !errors.Is(err, ErrPlace) {
		t.Errorf("what is not there: %v", err)
	}
}

// TestADiskThatIsFull has room for less than the backup.
func TestADiskThatIsFull(t *testing.T) {
	disk := postgres.SmallDisk(t, 2)
	f, err := NewFolder(disk.Path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(t.Context(), endless(), f, options(newKey(t))); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), disk.Path) {
		t.Errorf("%v, want ErrPlace: no space left", err)
	}
	if left := names(t, disk.Path); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if _, err := Take(t.Context(), small(), f, options(newKey(t))); err != nil {
		t.Errorf("one that has room: %v", err)
	}
}
