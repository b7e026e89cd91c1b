package facts

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// overlay is files of which some are changed, new or gone (nil). Folders have what they had, and the new files.
type overlay struct {
	files   fs.FS
	changed map[string][]byte
}

// Overlay is the files with some changed, and nil for one that is gone.
func Overlay(files fs.FS, changed map[string][]byte) fs.FS { return &overlay{files, changed} }

// Open is fs.FS's.
func (o *overlay) Open(name string) (fs.File, error) {
	if text, ok := o.changed[name]; ok {
		if text == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return &file{info{path.Base(name), int64(len(text)), 0o644}, bytes.NewReader(text)}, nil
	}
	f, err := o.files.Open(name)
	below := o.below(name)
	if err != nil && len(below) == 0 {
		return nil, err
	}
	if err != nil { // a folder of new files alone
		return &folder{info{path.Base(name), 0, fs.ModeDir | 0o755}, below}, nil
	}
	stat, err := f.Stat()
	if err != nil || !stat.IsDir() {
		return f, err
	}
	list, err := fs.ReadDir(o.files, name)
	f.Close()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e fs.DirEntry) bool { _, ok := o.changed[path.Join(name, e.Name())]; return ok })
	for _, e := range below {
		if !slices.ContainsFunc(list, func(d fs.DirEntry) bool { return d.Name() == e.Name() }) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return &folder{stat, list}, nil
}

// Stat is fs.StatFS's: of a folder it lists nothing.
func (o *overlay) Stat(name string) (fs.FileInfo, error) { return o.stat(name, fs.Stat) }

// Lstat is fs.ReadLinkFS's.
func (o *overlay) Lstat(name string) (fs.FileInfo, error) { return o.stat(name, fs.Lstat) }

func (o *overlay) stat(name string, of func(fs.FS, string) (fs.FileInfo, error)) (fs.FileInfo, error) {
	if text, ok := o.changed[name]; ok {
		if text == nil {
			return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
		}
		return info{path.Base(name), int64(len(text)), 0o644}, nil
	}
	at, err := of(o.files, name)
	if err != nil && len(o.below(name)) > 0 { // a folder of new files alone
		return info{path.Base(name), 0, fs.ModeDir | 0o755}, nil
	}
	return at, err
}

// ReadLink is fs.ReadLinkFS's. What is changed is no link.
func (o *overlay) ReadLink(name string) (string, error) {
	if _, ok := o.changed[name]; ok {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return fs.ReadLink(o.files, name)
}

// below are the new and changed files of a folder, and the folders on the way to others.
func (o *overlay) below(dir string) (list []fs.DirEntry) {
	seen := map[string]bool{}
	for name, text := range o.changed {
		rest := name
		if dir != "." {
			var ok bool
			if rest, ok = strings.CutPrefix(name, dir+"/"); !ok {
				continue
			}
		}
		first, _, deeper := strings.Cut(rest, "/")
		if text == nil || seen[first] {
			continue
		}
		seen[first] = true
		entry := info{first, int64(len(text)), 0o644}
		if deeper {
			entry = info{first, 0, fs.ModeDir | 0o755}
		}
		list = append(list, fs.FileInfoToDirEntry(entry))
	}
	return list
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

type file struct {
	info fs.FileInfo
	*bytes.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }

type folder struct {
	info fs.FileInfo
	rest []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.Name(), Err: fs.ErrInvalid}
}

// ReadDir is fs.ReadDirFile's.
func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		all := f.rest
		f.rest = nil
		return all, nil
	}
	if len(f.rest) == 0 {
		return nil, io.EOF
	}
	some := f.rest[:min(n, len(f.rest))]
	f.rest = f.rest[len(some):]
	return some, nil
}
