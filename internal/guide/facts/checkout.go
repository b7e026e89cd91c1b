package facts

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxPointer is how many bytes a file of git's may have that names a folder.
const maxPointer = 4 << 10

// Checkout is the files of a checkout. Links that lead out of it are not followed.
//
// In a linked worktree .git is a file that names a folder elsewhere (gitrepository-layout(5)). Then .git is here what git reads: the worktree's own files, and beside them those
// of the repository. Only a repository that names this checkout as a worktree of its own counts: a tree of somebody else's could name any on this machine.
type Checkout struct {
	fs.FS
	roots []*os.Root
}

// Stat is fs.Stat without opening, which would wait for somebody to write into a named pipe. So are the others that the folder itself can do: an
// interface within a struct has none but its own methods.
func (c *Checkout) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

// Lstat is fs.ReadLinkFS's.
func (c *Checkout) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(c.FS, name) }

// ReadLink is fs.ReadLinkFS's.
func (c *Checkout) ReadLink(name string) (string, error) { return fs.ReadLink(c.FS, name) }

// Root is the checkout's own folder, for who writes into it.
func (c *Checkout) Root() *os.Root { return c.roots[0] }

// Close lets go of the folders.
func (c *Checkout) Close() error {
	var errs []error
	for _, r := range c.roots {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

// OpenCheckout opens the checkout in a folder. A .git that leads nowhere is left as it is: who wants the repository is told that there is none.
func OpenCheckout(dir string) (*Checkout, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	c := &Checkout{root.FS(), []*os.Root{root}}
	own, common := linked(dir)
	if own == "" {
		return c, nil
	}
	for _, at := range []string{own, common} {
		r, err := os.OpenRoot(at)
		if err != nil {
			return c, nil
		}
		c.roots = append(c.roots, r)
	}
	c.FS = worktree{root.FS(), c.roots[1].FS(), c.roots[2].FS()}
	return c, nil
}

// linked are the folder of a linked worktree's own files and that of its repository; empty where dir is none, or nothing says that it is this repository's.
func linked(dir string) (own, common string) {
	file := filepath.Join(dir, ".git")
	text, err := pointer(file)
	if err != nil {
		return "", ""
	}
	text, is := strings.CutPrefix(text, "gitdir: ")
	if !is {
		return "", ""
	}
	own = from(dir, text)
	back, err := pointer(filepath.Join(own, "gitdir"))
	if err != nil {
		return "", ""
	}
	here, err := os.Stat(file)
	there, wrong := os.Stat(from(own, back))
	if err != nil || wrong != nil || !os.SameFile(here, there) {
		return "", ""
	}
	if text, err = pointer(filepath.Join(own, "commondir")); err != nil {
		return "", ""
	}
	return own, from(own, text)
}

// from is a path of this machine that a file in dir has.
func from(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// pointer is the one line of a file that names a folder.
func pointer(file string) (string, error) {
	text, err := FileOf(os.DirFS(filepath.Dir(file)), filepath.Base(file), maxPointer)
	return strings.TrimSpace(string(text)), err
}

// worktree is the files of a linked worktree, with its repository as the folder .git.
type worktree struct{ files, own, common fs.FS }

// at is where a path is read, and as what.
func (w worktree) at(name string) (fs.FS, string) {
	below, is := strings.CutPrefix(name, ".git/")
	switch {
	case name == ".git":
		return w.common, "."
	case !is:
		return w.files, name
	case ofWorktree(below):
		return w.own, below
	}
	return w.common, below
}

// ofWorktree tells what of a repository each worktree has for itself (gitrepository-layout(5)).
func ofWorktree(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	for _, dir := range []string{"refs/bisect", "refs/worktree", "refs/rewritten"} {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return name == first && first == strings.ToUpper(first) || first == "index" || name == "logs/HEAD" // HEAD, ORIG_HEAD, FETCH_HEAD …
}

// Open is fs.FS's.
func (w worktree) Open(name string) (fs.File, error) {
	files, at := w.at(name)
	f, err := files.Open(at)
	return f, w.named(name, err)
}

// Stat is fs.StatFS's.
func (w worktree) Stat(name string) (fs.FileInfo, error) { return w.stat(name, fs.Stat) }

// Lstat is fs.ReadLinkFS's.
func (w worktree) Lstat(name string) (fs.FileInfo, error) { return w.stat(name, fs.Lstat) }

func (w worktree) stat(name string, of func(fs.FS, string) (fs.FileInfo, error)) (fs.FileInfo, error) {
	files, at := w.at(name)
	is, err := of(files, at)
	if err == nil && at == "." {
		return info{path.Base(name), is.Size(), is.Mode()}, nil
	}
	return is, w.named(name, err)
}

// ReadLink is fs.ReadLinkFS's.
func (w worktree) ReadLink(name string) (string, error) {
	files, at := w.at(name)
	to, err := fs.ReadLink(files, at)
	return to, w.named(name, err)
}

// named has an error name the path that was asked for.
func (w worktree) named(name string, err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: of.Op, Path: name, Err: of.Err}
	}
	return err
}
