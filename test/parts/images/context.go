//go:build unix

package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// walkContext calls f for each file of the repository that .dockerignore leaves in, in the order of their names.
func walkContext(root string, f func(name, file string, info fs.FileInfo) error) error {
	list, err := os.Open(filepath.Join(root, ".dockerignore"))
	if err != nil {
		return err
	}
	defer list.Close()
	patterns, err := ignorefile.ReadAll(list)
	if err != nil {
		return fmt.Errorf("read .dockerignore: %w", err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return fmt.Errorf("read .dockerignore: %w", err)
	}
	kept := topFolders(patterns)
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == root {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		if d.IsDir() {
			first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
			if !kept[first] || d.Name() == "node_modules" || d.Name() == "target" {
				return filepath.SkipDir // nothing below is kept, and there may be very much of it
			}
			return nil
		}
		out, err := matcher.MatchesOrParentMatches(name)
		if err != nil || out {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is in the images' context and no file", name)
		}
		return f(filepath.ToSlash(name), file, info)
	})
}

// topFolders are the folders right below the root that .dockerignore keeps anything of. It leaves everything out at first, so they are all named.
func topFolders(patterns []string) map[string]bool {
	kept := map[string]bool{}
	for _, p := range patterns {
		if name, ok := strings.CutPrefix(p, "!"); ok {
			first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
			kept[first] = true
		}
	}
	return kept
}

// hashContext is the hash of names and contents of what one program is built of: go.mod, go.sum, and what stands in the folders of the packages that it imports,
// directly or not, down to the next package. Modes are the machine's own (umask), and the Dockerfiles set theirs.
func hashContext(root, program string) (string, error) {
	imported, err := packagesOf(root, program)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	err = walkContext(root, func(name, file string, info fs.FileInfo) error {
		if strings.Contains(name, "/") && !imported[packageOf(root, path.Dir(name), imported)] {
			return nil
		}
		fmt.Fprintf(h, "%q %d\n", name, info.Size())
		return hashFile(h, file)
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// packagesOf are the folders of the packages of ours that a program is made of, itself included.
func packagesOf(root, program string) (map[string]bool, error) {
	found := map[string]bool{program: true}
	for queue := []string{program}; len(queue) > 0; queue = queue[1:] {
		files, err := filepath.Glob(filepath.Join(root, queue[0], "*.go"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("read package %s: no Go file: %w", queue[0], err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return nil, fmt.Errorf("read imports: %w", err)
			}
			for _, spec := range parsed.Imports {
				name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/")
				if ours && !found[name] {
					found[name] = true
					queue = append(queue, name)
				}
			}
		}
	}
	return found, nil
}

const module = "github.com/Abdullahi130/StellarEscrow"

// packageOf is the folder of the package that a folder's files belong to: the nearest one up that has Go files. It notes in known what it has found of others.
func packageOf(root, dir string, known map[string]bool) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, ok := known[dir]; ok {
			return dir
		}
		files, _ := filepath.Glob(filepath.Join(root, dir, "*.go")) // its only error is about the pattern
		if len(files) > 0 {
			known[dir] = false
			return dir
		}
	}
	return dir
}

func hashFile(h io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}

// copyContext copies it, so that what is built is what was hashed, whoever works on the tree meanwhile.
func copyContext(root, to string) error {
	if err := copyFile(filepath.Join(root, ".dockerignore"), filepath.Join(to, ".dockerignore"), 0o644); err != nil {
		return err
	}
	return walkContext(root, func(name, file string, info fs.FileInfo) error {
		return copyFile(file, filepath.Join(to, filepath.FromSlash(name)), info.Mode().Perm())
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, mode)
}
