package projects

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// The bounds of what is looked at.
const (
	maxEntries = 500_000
	maxIgnore  = 1 << 20 // bytes of a .gitignore
)

// Found is what there is, each as a path from the root, in order.
type Found struct {
	Packages    []string // package.json
	CargoLocks  []string // Cargo.lock
	Modules     []string // go.mod
	Dockerfiles []string
	Terraform   []string          // folders that hold *.tf
	Languages   map[string]string // those that CodeQL knows, by its names, and a file of each
	GoFolders   []string          // that hold *.go
	Entries     int               // files and folders looked at
}

// HasPackages tells whether a module, by its go.mod, has packages of its own: one may only name programs for others to use.
func (f Found) HasPackages(module string) bool {
	return slices.ContainsFunc(f.GoFolders, func(dir string) bool {
		own := "" // the module of the folder: the one nearest above it
		for _, m := range f.Modules {
			if at := path.Dir(m); (at == "." || dir == at || strings.HasPrefix(dir, at+"/")) && len(m) > len(own) {
				own = m
			}
		}
		return own == module
	})
}

// language is CodeQL's name of what a file is written in.
func language(name string) string {
	if path.Dir(name) == ".github/workflows" && (path.Ext(name) == ".yml" || path.Ext(name) == ".yaml") {
		return "actions"
	}
	switch path.Ext(name) {
	case ".go":
		return "go"
	case ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".svelte", ".vue":
		return "javascript-typescript"
	case ".rs":
		return "rust"
	case ".py":
		return "python"
	case ".rb":
		return "ruby"
	case ".java", ".kt":
		return "java-kotlin"
	case ".cs":
		return "csharp"
	case ".swift":
		return "swift"
	case ".c", ".cc", ".cpp", ".cxx", ".h", ".hpp":
		return "c-cpp"
	}
	return ""
}

// Find looks through a tree, without following links. A folder that cannot be read is an error: what is in it would not be scanned.
func Find(files fs.FS) (Found, error) {
	found := Found{Languages: map[string]string{}}
	err := found.folder(files, ".", nil)
	return found, err
}

func (f *Found) folder(files fs.FS, dir string, patterns []gitignore.Pattern) error {
	list, err := fs.ReadDir(files, dir)
	if err != nil {
		return fmt.Errorf("look for what is to be scanned: %w", err)
	}
	if f.Entries += len(list); f.Entries > maxEntries {
		return fmt.Errorf("look for what is to be scanned: the tree has more than %d files", maxEntries)
	}
	own, err := ignored(files, dir)
	if err != nil {
		return err
	}
	patterns = append(slices.Clip(patterns), own...)
	matcher := gitignore.NewMatcher(patterns)
	for _, e := range list {
		name := path.Join(dir, e.Name())
		if e.Name() == ".git" || matcher.Match(strings.Split(name, "/"), e.IsDir()) {
			continue
		}
		if e.IsDir() {
			if err := f.folder(files, name, patterns); err != nil {
				return err
			}
			continue
		}
		if e.Type().IsRegular() {
			f.file(name)
		}
	}
	return nil
}

func (f *Found) file(name string) {
	switch base := path.Base(name); {
	case base == "package.json":
		f.Packages = append(f.Packages, name)
	case base == "Cargo.lock":
		f.CargoLocks = append(f.CargoLocks, name)
	case base == "go.mod":
		f.Modules = append(f.Modules, name)
	case base == "Dockerfile" || base == "Containerfile" || strings.HasPrefix(base, "Dockerfile.") || strings.HasSuffix(base, ".Dockerfile"):
		f.Dockerfiles = append(f.Dockerfiles, name)
	case path.Ext(base) == ".go" && !slices.Contains(f.GoFolders, path.Dir(name)):
		f.GoFolders = append(f.GoFolders, path.Dir(name))
	case path.Ext(base) == ".tf" && !slices.Contains(f.Terraform, path.Dir(name)):
		f.Terraform = append(f.Terraform, path.Dir(name))
	}
	if l := language(name); l != "" && f.Languages[l] == "" {
		f.Languages[l] = name
	}
}

// ignored are the patterns of a folder's own .gitignore.
func ignored(files fs.FS, dir string) ([]gitignore.Pattern, error) {
	f, err := files.Open(path.Join(dir, ".gitignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for what is to be scanned: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxIgnore))
	if err != nil {
		return nil, fmt.Errorf("look for what is to be scanned: %w", err)
	}
	var domain []string
	if dir != "." {
		domain = strings.Split(dir, "/")
	}
	var patterns []gitignore.Pattern
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if line := strings.TrimRight(lines.Text(), " \r"); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, domain))
		}
	}
	return patterns, nil
}
