package history

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/go-git/go-billy/v5"
)

// readOnly gives files to go-git, which wants more of a file system than io/fs has. Everything that would change one is refused.
type readOnly struct{ files fs.FS }

func name(file string) string {
	if file = strings.TrimPrefix(path.Clean("/"+file), "/"); file == "" {
		return "."
	}
	return file
}

// Open opens for reading.
func (r readOnly) Open(file string) (billy.File, error) {
	f, err := r.files.Open(name(file))
	if err != nil {
		return nil, err
	}
	at, ok := f.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		f.Close()
		return nil, fmt.Errorf("%s cannot be read from the middle", file)
	}
	return opened{f, at, at, file}, nil
}

type reader interface {
	io.Reader
	io.Closer
}

type opened struct {
	reader
	io.ReaderAt
	io.Seeker
	file string
}

func (o opened) Name() string              { return o.file }
func (o opened) Write([]byte) (int, error) { return 0, billy.ErrReadOnly }
func (o opened) Truncate(int64) error      { return billy.ErrReadOnly }
func (o opened) Lock() error               { return nil }
func (o opened) Unlock() error             { return nil }

func (r readOnly) OpenFile(file string, flag int, _ os.FileMode) (billy.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0 {
		return nil, billy.ErrReadOnly
	}
	return r.Open(file)
}

func (r readOnly) Stat(file string) (os.FileInfo, error)  { return fs.Stat(r.files, name(file)) }
func (r readOnly) Lstat(file string) (os.FileInfo, error) { return fs.Stat(r.files, name(file)) }

func (r readOnly) ReadDir(dir string) ([]os.FileInfo, error) {
	list, err := fs.ReadDir(r.files, name(dir))
	if err != nil {
		return nil, err
	}
	infos := make([]os.FileInfo, 0, len(list))
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (r readOnly) Chroot(dir string) (billy.Filesystem, error) {
	below, err := fs.Sub(r.files, name(dir))
	return readOnly{below}, err
}

func (r readOnly) Join(parts ...string) string              { return path.Join(parts...) }
func (r readOnly) Root() string                             { return "/" }
func (r readOnly) Create(string) (billy.File, error)        { return nil, billy.ErrReadOnly }
func (r readOnly) Rename(string, string) error              { return billy.ErrReadOnly }
func (r readOnly) Remove(string) error                      { return billy.ErrReadOnly }
func (r readOnly) TempFile(_, _ string) (billy.File, error) { return nil, billy.ErrReadOnly }
func (r readOnly) MkdirAll(string, os.FileMode) error       { return billy.ErrReadOnly }
func (r readOnly) Symlink(_, _ string) error                { return billy.ErrReadOnly }
func (r readOnly) Readlink(string) (string, error)          { return "", billy.ErrNotSupported }
