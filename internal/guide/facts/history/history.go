package history

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// The bounds of what is read.
const (
	maxTrees   = 2_000_000
	maxCommits = 500_000
	cacheBytes = 64 << 20
)

// ErrNone is wrapped where there is no repository to read: no .git, or one whose objects are elsewhere.
var ErrNone = errors.New("no git repository is here")

// ErrShallow is wrapped where only the newest part of a history is there.
var ErrShallow = errors.New("the clone is shallow: its older commits are not here")

// Found is a file that some version of the tree holds.
type Found struct {
	Path   string // where it stands
	Commit string // one that has it; empty if it is in none that can be reached
}

// History is what was looked at, and what was found.
type History struct {
	Commits int // that can be reached from a branch, a tag or HEAD
	Trees   int // versions of folders, of all commits ever made here
	Found   []Found
}

// Search looks for files by their name, in all versions of all folders of the repository at the root of files. The name is that of the file alone.
func Search(files fs.FS, match func(name string) bool) (History, error) {
	repo, err := open(files)
	if err != nil {
		return History{}, fmt.Errorf("read the history: %w", err)
	}
	h := History{}
	hits := map[plumbing.Hash][]string{} // names in a tree
	trees, err := repo.TreeObjects()
	if err != nil {
		return h, fmt.Errorf("read the history: %w", err)
	}
	err = trees.ForEach(func(t *object.Tree) error {
		if h.Trees++; h.Trees > maxTrees {
			return fmt.Errorf("it has more than %d versions of folders", maxTrees)
		}
		for _, e := range t.Entries {
			if e.Mode != filemode.Dir && e.Mode != filemode.Submodule && match(e.Name) {
				hits[t.Hash] = append(hits[t.Hash], e.Name)
			}
		}
		return nil
	})
	if err != nil {
		return h, fmt.Errorf("read the history: %w", err)
	}
	commits, err := repo.Log(&git.LogOptions{All: true})
	if err != nil {
		return h, fmt.Errorf("read the history: %w", err)
	}
	placed := map[plumbing.Hash]bool{}
	err = commits.ForEach(func(c *object.Commit) error {
		if h.Commits++; h.Commits > maxCommits {
			return fmt.Errorf("it has more than %d commits", maxCommits)
		}
		if len(hits) == len(placed) {
			return nil // all are placed already; the commits are still counted
		}
		return place(repo, c, hits, placed, &h)
	})
	if err != nil {
		return h, fmt.Errorf("read the history: %w", err)
	}
	for tree, names := range hits {
		if !placed[tree] {
			for _, name := range names {
				h.Found = append(h.Found, Found{Path: name})
			}
		}
	}
	slices.SortFunc(h.Found, func(a, b Found) int { return strings.Compare(a.Path+a.Commit, b.Path+b.Commit) })
	return h, nil
}

// place finds the folders of a commit that hold what was searched for.
func place(repo *git.Repository, c *object.Commit, hits map[plumbing.Hash][]string, placed map[plumbing.Hash]bool, h *History) error {
	root, err := c.Tree()
	if err != nil {
		return err
	}
	in := func(tree plumbing.Hash, dir string) {
		if names := hits[tree]; len(names) > 0 && !placed[tree] {
			placed[tree] = true
			for _, name := range names {
				h.Found = append(h.Found, Found{path.Join(dir, name), c.Hash.String()})
			}
		}
	}
	in(root.Hash, "")
	walker := object.NewTreeWalker(root, true, nil)
	defer walker.Close()
	for {
		name, entry, err := walker.Next()
		if err != nil {
			break // io.EOF, or a folder that is not here: what was found in it stays without a place
		}
		if entry.Mode == filemode.Dir {
			in(entry.Hash, name)
		}
	}
	return nil
}

// Head is the commit that is checked out, of a shallow clone too.
func Head(files fs.FS) (string, error) {
	repo, err := repository(files)
	if err != nil {
		return "", fmt.Errorf("read which commit is checked out: %w", err)
	}
	head, err := repo.Head()
	if err != nil {
		return "", fmt.Errorf("read which commit is checked out: %w", err)
	}
	return head.Hash().String(), nil
}

func open(files fs.FS) (*git.Repository, error) {
	if err := there(files); err != nil {
		return nil, err
	}
	if text, err := fs.ReadFile(files, ".git/shallow"); err == nil && len(text) > 0 {
		return nil, ErrShallow
	}
	if _, err := fs.Stat(files, ".git/objects/info/alternates"); err == nil {
		return nil, fmt.Errorf("%w: a part of its objects is in another repository (objects/info/alternates)", ErrNone)
	}
	return repository(files)
}

func there(files fs.FS) error {
	switch at, err := fs.Stat(files, ".git"); {
	case err != nil:
		return fmt.Errorf("%w: there is no folder .git", ErrNone)
	case !at.IsDir():
		return fmt.Errorf("%w: .git is a file, and no repository that it leads to has this checkout among its worktrees (git worktree list)", ErrNone)
	}
	return nil
}

func repository(files fs.FS) (*git.Repository, error) {
	if err := there(files); err != nil {
		return nil, err
	}
	below, err := fs.Sub(files, ".git")
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(filesystem.NewStorage(readOnly{below}, cache.NewObjectLRU(cacheBytes)), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return repo, nil
}
