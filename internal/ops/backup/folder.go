package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is a place on this machine, or mounted on it.
type Folder struct {
	dir string
	now func() time.Time
}

// NewFolder is a folder that exists.
func NewFolder(dir string, now func() time.Time) (*Folder, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; make the folder, or name another", ErrPlace, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%w: %s is no folder; name one", ErrPlace, dir)
	}
	return &Folder{dir, now}, nil
}

// String is the folder's path.
func (f *Folder) String() string { return f.dir }

// What a writer has not finished stands under a name that nobody takes for a backup. It is removed by the next one once it is so old that its writer cannot
// be at work any more.
const (
	unfinishedPrefix = "."
	unfinishedSuffix = ".unfinished"
	unfinishedAge    = 7 * 24 * time.Hour
)

// Put writes beside the name, to the disk, and only then gives it the name, which the folder keeps over a power cut, too.
func (f *Folder) Put(_ context.Context, name string, content io.Reader) (err error) {
	f.removeOld()
	final, unfinished := filepath.Join(f.dir, name), filepath.Join(f.dir, unfinishedPrefix+name+unfinishedSuffix)
	if _, err := os.Lstat(final); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is there already, or cannot be looked for", ErrPlace, final)
	}
	out, err := os.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(unfinished))
		}
	}()
	from := &recorded{Reader: content}
	if _, err := io.Copy(out, from); err != nil {
		_ = out.Close() // it is removed
		if from.err != nil {
			return from.err
		}
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := os.Rename(unfinished, final); err != nil {
		return fmt.Errorf("%w: %w", ErrPlace, err)
	}
	if err := syncFolder(f.dir); err != nil {
		return fmt.Errorf("%w: %s is written, but may be gone after a power cut: %w", ErrPlace, final, err)
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeOld makes room. What cannot be removed is in nobody's way.
func (f *Folder) removeOld() {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, dotted := strings.CutPrefix(e.Name(), unfinishedPrefix)
		name, ours := strings.CutSuffix(name, unfinishedSuffix)
		if info, err := e.Info(); err == nil && dotted && ours && fileName.MatchString(name) && info.Mode().IsRegular() && f.now().Sub(info.ModTime()) > unfinishedAge {
			_ = os.Remove(filepath.Join(f.dir, e.Name()))
		}
	}
}

// Get opens a file.
func (f *Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	in, err := os.Open(filepath.Join(f.dir, filepath.Base(name)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return in, nil
}
