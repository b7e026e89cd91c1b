package history

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// maxText is how many bytes a version of a file may have that is text.
const maxText = 32 << 20

// Version is one version of a file.
type Version struct {
	Path   string
	Commit string // one that has it: the newest that was met first
	Text   []byte
}

// Versions calls do with every version of every file that a commit has which can be reached from a branch, a tag or HEAD, once for each path that it stands at. Files that are not text are
// left out, as git leaves them out of what it shows; symbolic links and other repositories too. It ends with do's error.
func Versions(files fs.FS, do func(Version) error) (History, error) {
	repo, err := open(files)
	if err != nil {
		return History{}, fmt.Errorf("read the history: %w", err)
	}
	commits, err := repo.Log(&git.LogOptions{All: true})
	if err != nil {
		return History{}, fmt.Errorf("read the history: %w", err)
	}
	h, seen := History{}, map[standing]bool{}
	err = commits.ForEach(func(c *object.Commit) error {
		if h.Commits++; h.Commits > maxCommits {
			return fmt.Errorf("it has more than %d commits", maxCommits)
		}
		return versions(repo, c.Hash.String(), standing{c.TreeHash, "."}, seen, &h, do)
	})
	if err != nil {
		return h, fmt.Errorf("read the history: %w", err)
	}
	return h, nil
}

// standing is an object where it stands.
type standing struct {
	hash plumbing.Hash
	path string
}

func versions(repo *git.Repository, commit string, dir standing, seen map[standing]bool, h *History, do func(Version) error) error {
	if seen[dir] {
		return nil
	}
	seen[dir] = true
	if h.Trees++; h.Trees > maxTrees {
		return fmt.Errorf("it has more than %d versions of folders", maxTrees)
	}
	tree, err := repo.TreeObject(dir.hash)
	if err != nil {
		return err
	}
	for _, e := range tree.Entries {
		at := standing{e.Hash, path.Join(dir.path, e.Name)}
		switch e.Mode {
		case filemode.Dir:
			if err := versions(repo, commit, at, seen, h, do); err != nil {
				return err
			}
		case filemode.Regular, filemode.Executable, filemode.Deprecated:
			if seen[at] {
				continue
			}
			seen[at] = true
			text, err := textOf(repo, at)
			if err != nil {
				return err
			}
			if text == nil {
				continue
			}
			if err := do(Version{at.path, commit, text}); err != nil {
				return err
			}
		}
	}
	return nil
}

// sniffed is how many bytes git looks through for a zero, which no text has.
const sniffed = 8000

// textOf is a file's text, nil if it is none.
func textOf(repo *git.Repository, at standing) ([]byte, error) {
	blob, err := repo.BlobObject(at.hash)
	if err != nil {
		return nil, err
	}
	r, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head, err := io.ReadAll(io.LimitReader(r, sniffed))
	if err != nil || bytes.IndexByte(head, 0) >= 0 {
		return nil, err
	}
	if blob.Size > maxText {
		return nil, fmt.Errorf("%s has a version of %d bytes, more than %d", at.path, blob.Size, maxText)
	}
	rest, err := io.ReadAll(r)
	return append(head, rest...), err
}
