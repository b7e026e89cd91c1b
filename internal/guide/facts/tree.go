package facts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
)

// Tree is the files of a checkout. Whatever is read of it is read once, and kept with the names of the files that it was made of; so a tree in which a
// few files are changed (With) reads again only what depends on them. It is safe for concurrent use.
type Tree struct {
	files fs.FS
	mu    sync.Mutex
	known map[string]*fact
	made  map[string]*derived // by Of
}

// fact is what came of reading something: a value or an error, and what it depends on.
type fact struct {
	once  sync.Once
	value any
	err   error
	of    map[string]bool // every path that was looked for, there or not, folders too
}

// Open is the tree below a folder, os.DirFS for one of this machine.
func Open(files fs.FS) *Tree {
	return &Tree{files: files, known: map[string]*fact{}, made: map[string]*derived{}}
}

// With is the tree with some files changed, and nil for one that is gone. What has been read of t and depends on none of them is not read again.
func (t *Tree) With(changed map[string][]byte) *Tree {
	next := Open(Overlay(t.files, changed))
	t.mu.Lock()
	defer t.mu.Unlock()
	touched := map[string]bool{}
	for name := range changed {
		touched[name] = true
		_, err := fs.Stat(t.files, name)
		if there := err == nil; there && changed[name] != nil {
			continue // what its folder holds is what it was
		}
		for name != "." {
			name = path.Dir(name) // who has listed a folder may miss a file, or find a new one
			touched[name] = true
		}
	}
	for key, f := range t.known {
		if f.done() && !slices.ContainsFunc(slices.Collect(maps.Keys(f.of)), func(p string) bool { return touched[p] }) {
			next.known[key] = f
		}
	}
	maps.Copy(next.made, t.made)
	return next
}

func (f *fact) done() bool { return f.of != nil }

// Read makes a fact of the tree, or gives the one that was made before. key names it; collect must depend on nothing but the files.
func Read[T any](t *Tree, key string, collect func(fs.FS) (T, error)) (T, error) {
	t.mu.Lock()
	f := t.known[key]
	if f == nil {
		f = &fact{}
		t.known[key] = f
	}
	t.mu.Unlock()
	f.once.Do(func() {
		seen := &recorder{files: t.files, of: map[string]bool{}}
		defer func() {
			if broken := recover(); broken != nil {
				f.err = fmt.Errorf("read %s: %v", key, broken)
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			f.of = seen.of
		}()
		f.value, f.err = collect(seen)
	})
	value, _ := f.value.(T)
	return value, f.err
}

// Of makes a fact of another one, once, whoever asks. It lasts as long as the other is the same.
func Of[F comparable, T any](t *Tree, key string, from F, make func(F) (T, error)) (T, error) {
	t.mu.Lock()
	d := t.made[key]
	if d == nil || d.from != any(from) {
		d = &derived{from: from}
		t.made[key] = d
	}
	t.mu.Unlock()
	d.once.Do(func() {
		defer func() {
			if broken := recover(); broken != nil {
				d.err = fmt.Errorf("make %s: %v", key, broken)
			}
		}()
		d.value, d.err = make(from)
	})
	value, _ := d.value.(T)
	return value, d.err
}

// derived is what was made of another fact.
type derived struct {
	once  sync.Once
	from  any
	value any
	err   error
}

// recorder notes what is looked at.
type recorder struct {
	files fs.FS
	mu    sync.Mutex
	of    map[string]bool
}

// Open notes the name, whether it is there or not.
func (r *recorder) Open(name string) (fs.File, error) {
	r.mu.Lock()
	r.of[name] = true
	r.mu.Unlock()
	return r.files.Open(name)
}

// Stat is fs.Stat without opening, which would wait for somebody to write into a named pipe.
func (r *recorder) Stat(name string) (fs.FileInfo, error) {
	r.mu.Lock()
	r.of[name] = true
	r.mu.Unlock()
	return fs.Stat(r.files, name)
}

// MaxFile is how many bytes a file of a checkout may have that is read whole.
const MaxFile = 4 << 20

// ErrTooLarge is wrapped by the errors about files that are larger.
var ErrTooLarge = errors.New("the file is too large to be read")

// File reads a file of a checkout whole, of MaxFile bytes at most.
func File(files fs.FS, name string) ([]byte, error) { return FileOf(files, name, MaxFile) }

// FileOf reads a file of a checkout whole. The error wraps fs.ErrNotExist if it is not there (NotThere), and ErrTooLarge if it has more than maxBytes.
func FileOf(files fs.FS, name string, maxBytes int) ([]byte, error) {
	at, err := fs.Stat(files, name) // before it is opened: what is no file may never come to an end
	if err != nil {
		return nil, unread(name, err)
	}
	if !at.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is no file", name)
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, unread(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(maxBytes)+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("read %s: %w: it has more than %d bytes", name, ErrTooLarge, maxBytes)
	}
	return text, nil
}

// unread says of a file what the system says, without the name of the call that said it (os.Root has statat and openat).
func unread(name string, err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// NotThere tells of an error that there is no such file.
func NotThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
