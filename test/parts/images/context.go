//go:build unix

package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
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

// hashContext is the hash of what one program is built of: the modules that it has packages of, with their sums, and names and contents of what stands in the folders of
// the packages of ours that it imports, directly or not, down to the next package. go.mod itself is not in it: what other programs and tests require changes often,
// and changes nothing here. Modes are the machine's own (umask), and the Dockerfiles set theirs.
func hashContext(ctx context.Context, root, program string) (string, error) {
	of, err := madeOf(ctx, root, program)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", of.others)
	err = walkContext(root, func(name, file string, info fs.FileInfo) error {
		if !strings.Contains(name, "/") || !of.ours[packageOf(root, path.Dir(name), of.ours)] {
			return nil
		}
		fmt.Fprintf(h, "%q %d\n", name, info.Size())
		return hashFile(h, file)
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// made is what a program is made of.
type made struct {
	ours   map[string]bool // folders of packages
	others []string        // modules with their sums, and what the main module's go.mod says of the language
}

// madeOf asks go, as it is asked for the build.
func madeOf(ctx context.Context, root, program string) (made, error) {
	out, err := run(ctx, root, []string{"CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS=linux"}, "go", "list", "-deps", "-json=ImportPath,Module,DefaultGODEBUG", "./"+program)
	if err != nil {
		return made{}, fmt.Errorf("ask what %s is made of: %w", program, err)
	}
	type module struct {
		Path, Version, Sum, GoVersion string
		Main                          bool
		Replace                       *module
	}
	of := made{ours: map[string]bool{}}
	for all := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, DefaultGODEBUG string
			Module                     *module
		}
		if err := all.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return made{}, fmt.Errorf("read what %s is made of: %w", program, err)
		}
		if p.Module == nil { // the standard library's
			continue
		}
		if p.Module.Main {
			of.ours[strings.TrimPrefix(p.ImportPath, parts.Module+"/")] = true
		}
		m := *p.Module
		if m.Replace != nil {
			m = *m.Replace
		}
		of.others = append(of.others, strings.Join([]string{p.Module.Path, m.Path, m.Version, m.Sum, m.GoVersion, p.DefaultGODEBUG}, " "))
	}
	slices.Sort(of.others)
	of.others = slices.Compact(of.others)
	if !of.ours[program] {
		return made{}, fmt.Errorf("%s is not made of itself: go list says %q", program, slices.Sorted(maps.Keys(of.ours)))
	}
	return of, nil
}

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
