package facts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime/debug"
	"sync"
)

// Tree is the files of a checkout. Whatever is read of it is read once, and kept with the names of the files that it was made of; so a tree in which a
// few files are changed (With) reads again only what depends on them. It is safe for concurrent use.
type Tree struct {
	*state
	uses *Uses // what is read by this way is noted in it; nil: nowhere
}

// state is what all ways to a tree have in common.
type state struct {
	files fs.FS
	mu    sync.Mutex
	known map[string]*fact
	made  map[any]*derived // by Keep
}

// fact is what came of reading something: a value or an error, and what it depends on.
type fact struct {
	once  sync.Once
	value any
	err   error
	of    map[string]use // every path that was looked for, there or not, folders too
}

// use is what of a path somebody went by.
type use int

const (
	there  use = iota + 1 // whether something stands there, and what it is
	opened                // what it holds: a file its text, a folder its list
)

// Open is the tree below a folder, os.DirFS for one of this machine.
func Open(files fs.FS) *Tree {
	return &Tree{state: &state{files: files, known: map[string]*fact{}, made: map[any]*derived{}}}
}

// With is the tree with some files changed, and nil for one that is gone. What has been read of t and depends on none of them is not read again, and what was made by
// Keep is not made again.
func (t *Tree) With(changed map[string][]byte) *Tree {
	next := Open(Overlay(t.files, changed))
	touched := t.touched(changed)
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, f := range t.known {
		if f.done() && !f.uses(touched) {
			next.known[key] = f
		}
	}
	for key, d := range t.made {
		if d.kept {
			next.made[key] = d
		}
	}
	return next
}

// touched are the paths that are otherwise once some files are changed, each by the least that somebody must have gone by to see it.
func (t *Tree) touched(changed map[string][]byte) map[string]use {
	all := map[string]use{}
	for name, text := range changed {
		all[name] = there // its size, if nothing else
		if was, err := fs.Lstat(t.files, name); err == nil && was.Mode().IsRegular() && text != nil {
			continue // what its folder holds is what it was
		}
		for name != "." { // who has listed a folder may miss a file, or find a new one
			name = path.Dir(name)
			if _, err := fs.Lstat(t.files, name); err == nil {
				if all[name] == 0 {
					all[name] = opened
				}
				break
			}
			all[name] = there
		}
	}
	return all
}

func (f *fact) done() bool { return f.of != nil }

// uses tells whether the fact goes by anything that is touched.
func (f *fact) uses(touched map[string]use) bool {
	for name, by := range touched {
		if f.of[name] >= by {
			return true
		}
	}
	return false
}

// Read makes a fact of the tree, or gives the one that was made before. key names it; collect must depend on nothing but the files.
func Read[T any](t *Tree, key string, collect func(fs.FS) (T, error)) (T, error) {
	t.mu.Lock()
	f := t.known[key]
	if f == nil {
		f = &fact{}
		t.known[key] = f
	}
	t.mu.Unlock()
	t.uses.note(key, f)
	f.once.Do(func() {
		seen := &recorder{files: t.files, of: map[string]use{}}
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

// Keep makes something once for a key, whoever asks, and keeps it for every tree that comes of this one (With). So the key has to say all that make goes by: the
// texts, or what Read gives, which is the same only while nothing that it was read of is changed. An error is told to those who wait, and not kept.
func Keep[K comparable, T any](t *Tree, key K, make func() (T, error)) (T, error) {
	t.mu.Lock()
	d := t.made[key]
	if d == nil {
		d = &derived{}
		t.made[key] = d
	}
	t.mu.Unlock()
	d.once.Do(func() {
		defer func() {
			if broken := recover(); broken != nil {
				d.err = fmt.Errorf("make what is kept: %v\n%s", broken, debug.Stack())
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			if d.kept = d.err == nil; !d.kept {
				delete(t.made, any(key))
			}
		}()
		d.value, d.err = make()
	})
	value, _ := d.value.(T)
	return value, d.err
}

// derived is what was made for a key.
type derived struct {
	once  sync.Once
	value any
	err   error
	kept  bool // it is made, and well
}

// recorder notes what is looked at, and how closely.
type recorder struct {
	files fs.FS
	mu    sync.Mutex
	of    map[string]use
}

func (r *recorder) note(name string, by use) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[name] = max(r.of[name], by)
}

// Open notes the name, whether it is there or not.
func (r *recorder) Open(name string) (fs.File, error) {
	r.note(name, opened)
	return r.files.Open(name)
}

// Stat is fs.Stat without opening, which would wait for somebody to write into a named pipe.
func (r *recorder) Stat(name string) (fs.FileInfo, error) {
	r.note(name, there)
	return fs.Stat(r.files, name)
}

// Lstat is fs.ReadLinkFS's, with which it is told what stands at a path without listing its folder.
func (r *recorder) Lstat(name string) (fs.FileInfo, error) {
	r.note(name, there)
	return fs.Lstat(r.files, name)
}

// ReadLink is fs.ReadLinkFS's.
func (r *recorder) ReadLink(name string) (string, error) {
	r.note(name, opened)
	return fs.ReadLink(r.files, name)
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
