package projects

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

func TestFind(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("x")}
	f, err := Find(fstest.MapFS{
		"package.json": file, "web/package.json": file, "web/node_modules/dep/package.json": file, "web/src/a.svelte": file,
		"rust/Cargo.lock": file, "rust/Cargo.toml": file, "rust/src/lib.rs": file, "rust/target/debug/Cargo.lock": file,
		"go.mod": file, "deep/er/go.mod": file, "main.go": file,
		"images/one/Dockerfile": file, "Dockerfile.two": file, "three.Dockerfile": file, "Dockerfiles": file,
		"infra/main.tf": file, "infra/vars.tf": file, "infra/modules/a/main.tf": file,
		".github/workflows/a.yml": file, "other/workflows/a.yml": file,
		".git/go.mod": file, "tool.py": file, "web/dist/b.rb": file, "keep/dist/c.cs": file,
		".gitignore": {Data: []byte("# what is built\nnode_modules/\ntarget/\n")}, "web/.gitignore": {Data: []byte("/dist/\n")},
		"images/two/dockerfile": file, "images/three/four.dockerfile": file, "images/dockerfile.go": file, "Dockerfile.md": file, "lone/package-lock.json": file, "web/package-lock.json": file,
		"rust/member/Cargo.toml": file, "bare/Cargo.toml": file, "infra/more.tf.json": file, "infra/b.tofu": file, "tools/requirements-dev.txt": file, "tools/Gemfile": file,
		"bin/run": {Data: []byte("#!/usr/bin/env -S ruby3.2 -w\nputs 1\n")}, "bin/sh": {Data: []byte("#!/bin/sh\npython x\n")},
		"link/go.mod": {Data: []byte("../go.mod"), Mode: fs.ModeSymlink},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"packages", f.Packages, []string{"package.json", "web/package.json"}},
		{"locks", f.CargoLocks, []string{"rust/Cargo.lock"}},
		{"modules", f.Modules, []string{"deep/er/go.mod", "go.mod"}},
		{"Dockerfiles", f.Dockerfiles, []string{"Dockerfile.two", "images/one/Dockerfile", "images/three/four.dockerfile", "images/two/dockerfile", "three.Dockerfile"}},
		{"locks of npm without a package", f.Unnamed(), []string{"lone/package-lock.json"}},
		{"crates without a lock", f.Unlocked(), []string{"bare/Cargo.toml"}},
		{"plans", f.Plans, []string{"infra/b.tofu", "infra/more.tf.json"}},
		{"others", f.Others, []string{"tools/Gemfile", "tools/requirements-dev.txt"}},
		{"terraform", f.Terraform, []string{"infra", "infra/modules/a"}},
		{"languages", slices.Sorted(maps.Keys(f.Languages)), []string{"actions", "csharp", "go", "javascript-typescript", "python", "ruby", "rust"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestHasPackages(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("x")}
	f, err := Find(fstest.MapFS{"go.mod": file, "a/a.go": file, "tools/go.mod": file, "deep/go.mod": file, "deep/er/b.go": file, "only/go.mod": file, "only/c.go": file})
	if err != nil {
		t.Fatal(err)
	}
	for module, want := range map[string]bool{"go.mod": true, "tools/go.mod": false, "deep/go.mod": true, "only/go.mod": true} {
		if got := f.HasPackages(module); got != want {
			t.Errorf("%s: %t, want %t", module, got, want)
		}
	}
}

// A folder that cannot be read is never one that holds nothing.
func TestAFolderThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/shut", 0o755); err != nil {
		t.Fatal(err)
	}
	if f, err := Find(shut{os.DirFS(dir)}); err == nil {
		t.Errorf("got %+v", f)
	}
}

// shut refuses one folder, as a file system does for who may not read it: a test that runs as root may read all.
type shut struct{ fs.FS }

func (s shut) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "shut" {
		return nil, fs.ErrPermission
	}
	return fs.ReadDir(s.FS, name)
}
