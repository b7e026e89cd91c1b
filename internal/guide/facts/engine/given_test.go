package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFilesOfSecrets(t *testing.T) {
	bad := errors.New("bad")
	judge := func(_, text string) error {
		if text == "x" {
			return bad
		}
		return nil
	}
	all, err := read(fstest.MapFS{
		"run/secrets/A": {Data: []byte("x")}, "run/secrets/part/B": {Data: []byte("y")}, "run/other/C": {Data: []byte("x")}, "etc/D": {Data: []byte("x")},
	}, Given{Container: "c-1", Service: "c"}, judge)
	if err != nil || len(all) != 2 || all[0] != (Given{"c-1", "c", "A", "/run/secrets/A", bad}) || all[1] != (Given{"c-1", "c", "B", "/run/secrets/part/B", nil}) {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := read(fstest.MapFS{"run/x": {}}, Given{}, judge); err != nil || len(all) != 0 {
		t.Errorf("a container without secrets: %+v, %v", all, err)
	}
	many := fstest.MapFS{}
	for i := range maxGiven + 1 {
		many[fmt.Sprintf("run/secrets/%d", i)] = &fstest.MapFile{}
	}
	large := fstest.MapFS{"run/secrets/A": {Data: make([]byte, maxGivenBytes+1)}}
	for name, files := range map[string]fstest.MapFS{"more than 200 files": many, "more than 65536 bytes": large} {
		if _, err := read(files, Given{}, judge); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A link is followed inside of the container, and nowhere else.
func TestLinksOutOfAContainer(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "of-the-machine")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for to, reads := range map[string]bool{"..data/A": true, outside: false, "../../../../of-the-machine": false} {
		dir := t.TempDir()
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "run/secrets/..data"), 0o700), os.WriteFile(filepath.Join(dir, "run/secrets/..data/A"), []byte("y"), 0o600),
			os.Symlink(to, filepath.Join(dir, "run/secrets/A"))); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		all, err := read(root.FS(), Given{}, func(_, text string) error {
			if text == "x" {
				t.Errorf("%s was followed", to)
			}
			return nil
		})
		if reads != (err == nil) {
			t.Errorf("%s: %+v, %v", to, all, err)
		}
	}
}

// A process that is not the container's is not looked into, whatever its number says.
func TestSecretsOfAnotherProcess(t *testing.T) {
	f := Facts{Name: "engine", peer: os.Getpid(), Containers: []Container{{ID: strings.Repeat("0a", 32), Name: "c-1", pid: os.Getpid()}}}
	if all, err := f.Given(func(string, string) error { return nil }); err == nil || len(all) > 0 || !strings.Contains(err.Error(), "container c-1") {
		t.Errorf("%+v, %v", all, err)
	}
	f.peer = 0
	if _, err := f.Given(func(string, string) error { return nil }); !errors.Is(err, errNoPeer) {
		t.Errorf("an engine on another machine: %v", err)
	}
}
