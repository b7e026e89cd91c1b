package facts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// What has been read is read again only where what it depends on is changed: a file, one that was not there, or the list of a folder.
func TestReadAgain(t *testing.T) {
	files := fstest.MapFS{"a/one": {Data: []byte("1")}, "a/two": {Data: []byte("2")}, "b/three": {Data: []byte("3")}}
	reads := 0
	count := func(collect func(fs.FS) (string, error)) func(*Tree) int {
		return func(tree *Tree) int {
			before := reads
			for range 2 {
				if _, err := Read(tree, "it", func(f fs.FS) (string, error) { reads++; return collect(f) }); err != nil {
					t.Fatal(err)
				}
			}
			return reads - before
		}
	}
	text := func(name string) func(fs.FS) (string, error) {
		return func(f fs.FS) (string, error) {
			b, err := fs.ReadFile(f, name)
			if errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return string(b), err
		}
	}
	list := func(f fs.FS) (string, error) {
		l, err := fs.Glob(f, "a/*")
		return strings.Join(l, " "), err
	}
	root := func(f fs.FS) (string, error) {
		l, err := fs.ReadDir(f, ".")
		return fmt.Sprint(l), err
	}
	is := func(name string) func(fs.FS) (string, error) {
		return func(f fs.FS) (string, error) {
			at, err := fs.Lstat(f, name)
			if errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return fs.FormatFileInfo(at), err
		}
	}
	for _, c := range []struct {
		name    string
		collect func(fs.FS) (string, error)
		changed string
		gone    bool
		want    int
	}{
		{"the file itself", text("a/one"), "a/one", false, 1},
		{"the file is gone", text("a/one"), "a/one", true, 1},
		{"another file", text("a/one"), "b/three", false, 0},
		{"another file of its folder", text("a/one"), "a/two", false, 0},
		{"a file that was not there", text("a/none"), "a/none", false, 1},
		{"a list gets one more", list, "a/four", false, 1},
		{"a list of another folder", list, "b/four", false, 0},
		{"a list whose file is changed", list, "a/two", false, 0},
		{"a list whose file is gone", list, "a/two", true, 1},
		{"a list below whose folder a file is new", list, "a/b/five", false, 1},
		{"a list beside a new folder", list, "c/d/six", false, 0},
		{"a list of what has a new folder far below", root, "c/d/six", false, 1},
		{"a list of what has a new file far below", root, "a/four", false, 0},
		{"what a folder is, and it has a file more", is("a"), "a/four", false, 0},
		{"what a folder is, and it has a file less", is("a"), "a/one", true, 0},
		{"whether there is a folder, and there is one now", is("c"), "c/d/six", false, 1},
		{"how large a file is", is("a/one"), "a/one", false, 1},
		{"whether there is a file, and it is gone", is("a/one"), "a/one", true, 1},
		{"whether there is a file, and there is one now", is("a/none"), "a/none", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := Open(files)
			asked := count(c.collect)
			if n := asked(tree); n != 1 {
				t.Fatalf("read %d times", n)
			}
			text := []byte("changed")
			if c.gone {
				text = nil
			}
			if n := asked(tree.With(map[string][]byte{c.changed: text})); n != c.want {
				t.Errorf("read %d times again, want %d", n, c.want)
			}
		})
	}
}

func TestAFactThatBreaks(t *testing.T) {
	tree := Open(fstest.MapFS{})
	for range 2 {
		if _, err := Read(tree, "it", func(fs.FS) (string, error) { panic("broken") }); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got %v", err)
		}
	}
}

// What is kept is made once for its key, in the trees that come of the first too, and what went wrong is tried again.
func TestKeep(t *testing.T) {
	type key string
	type other string
	whole, made := Open(fstest.MapFS{}), 0
	tree := func() *Tree { return whole }
	changed := func() *Tree { return whole.With(map[string][]byte{"x": nil}) }
	ask := func(at *Tree, k any, err error) (got int) {
		count := func() (int, error) { made++; return made, err }
		switch k := k.(type) {
		case key:
			got, _ = Keep(at, k, count)
		case other:
			got, _ = Keep(at, k, count)
		}
		return got
	}
	for _, c := range []struct {
		name string
		tree func() *Tree
		key  any
		err  error
		want int
	}{
		{"at first", tree, key("a"), nil, 1},
		{"again", tree, key("a"), nil, 1},
		{"another key", tree, key("b"), nil, 2},
		{"a key of another type", tree, other("a"), nil, 3},
		{"with something changed", changed, key("a"), nil, 1},
		{"an error", tree, key("c"), errors.New("once"), 4},
		{"after an error", tree, key("c"), nil, 5},
	} {
		if got := ask(c.tree(), c.key, c.err); got != c.want {
			t.Errorf("%s: it is the one made as number %d, want %d", c.name, got, c.want)
		}
	}
	if _, err := Keep(whole, key("broken"), func() (int, error) { panic("broken") }); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

// Whoever goes by facts is told whether they are the same in a tree that comes of the first.
func TestSame(t *testing.T) {
	whole := Open(fstest.MapFS{"a": {Data: []byte("1")}, "b": {Data: []byte("2")}})
	noting, uses := whole.Noting()
	read := func(tree *Tree, name string) {
		if _, err := Read(tree, name, func(f fs.FS) ([]byte, error) { return fs.ReadFile(f, name) }); err != nil {
			t.Fatal(err)
		}
	}
	read(whole, "b") // by another way
	read(noting, "a")
	for name, c := range map[string]struct {
		changed map[string][]byte
		want    bool
	}{
		"nothing":               {map[string][]byte{}, true},
		"what was gone by":      {map[string][]byte{"a": []byte("3")}, false},
		"what others have read": {map[string][]byte{"b": []byte("3")}, true},
	} {
		next := whole.With(c.changed)
		if got := next.Same(uses); got != c.want {
			t.Errorf("with %s changed: %v", name, got)
		}
		read(next, "a") // anew, which is another fact
		if got := next.Same(uses); got != c.want {
			t.Errorf("with %s changed, and read again: %v", name, got)
		}
	}
	if !whole.Same(uses) || Open(fstest.MapFS{}).Same(uses) {
		t.Error("it is not the tree's own, or it is that of a tree that has nothing to do with it")
	}
}

// A tree with changes is the tree that has them: the same files, the same folders, by every way to ask.
func TestOverlay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([]string{"a", "b/c", "b/d", "b/e/f", "g/h", "g/i/j"})
		base, changed, want := fstest.MapFS{}, map[string][]byte{}, fstest.MapFS{}
		for range rapid.IntRange(0, 6).Draw(t, "files") {
			name := names.Draw(t, "file")
			base[name] = &fstest.MapFile{Data: []byte("old " + name), Mode: 0o644}
			want[name] = base[name]
		}
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			name := names.Draw(t, "changed")
			if _, was := base[name]; was && rapid.Bool().Draw(t, "gone") {
				changed[name] = nil
				delete(want, name)
				continue
			}
			changed[name] = []byte("new " + name)
			want[name] = &fstest.MapFile{Data: changed[name], Mode: 0o644}
		}
		got := Open(base).With(changed).files
		var there []string
		for name := range want {
			there = append(there, name)
			text, err := fs.ReadFile(got, name)
			if err != nil || string(text) != string(want[name].Data) {
				t.Errorf("%s: %q, %v, want %q", name, text, err, want[name].Data)
			}
		}
		for name := range base {
			if want[name] == nil {
				if _, err := fs.Stat(got, name); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is gone, and there: %v", name, err)
				}
			}
		}
		if len(there) > 0 { // TestFS takes an empty folder for a file
			if err := fstest.TestFS(got, there...); err != nil {
				t.Error(err)
			}
		}
		seen := 0
		if err := fs.WalkDir(got, ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				seen++
				if want[path.Clean(name)] == nil {
					t.Errorf("%s is found, and should not be there", name)
				}
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if seen != len(want) {
			t.Errorf("%d files are found, want %d", seen, len(want))
		}
	})
}
