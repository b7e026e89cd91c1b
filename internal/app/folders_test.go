package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A data folder in which something is gone, or that has something of another, is one line that says what to do; nothing in it is changed.
func TestFoldersThatAreNotWhole(t *testing.T) {
	t.Parallel() // it waits most of the time
	var dirs [2]string
	for i := range dirs {
		dirs[i] = filepath.Join(t.TempDir(), "data")
		start(t, "dev", "--listen", "127.0.0.1:0", "--data", dirs[i], "--json").stop()
	}
	refused := func(want string) {
		t.Helper()
		var complaints bytes.Buffer
		err := Run(t.Context(), []string{"dev", "--listen", "127.0.0.1:0", "--data", dirs[1]}, &bytes.Buffer{}, &complaints)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
		if strings.Contains(complaints.String(), "ERROR") {
			t.Errorf("it also says\n%s", complaints.String())
		}
	}
	state, store := filepath.Join(dirs[1], devStateFile), filepath.Join(dirs[1], storeFile)
	kept := must(os.ReadFile(state))
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	refused(devStateFile + " with its accounts is gone")
	if _, err := os.Stat(state); err == nil {
		t.Error("other accounts were made")
	}
	if err := os.WriteFile(state, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store, must(os.ReadFile(filepath.Join(dirs[0], storeFile))), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("remove " + storeFile)
	if err := os.Remove(store); err != nil {
		t.Fatal(err)
	}
	start(t, "dev", "--listen", "127.0.0.1:0", "--data", dirs[1], "--json").stop() // as it said
}
