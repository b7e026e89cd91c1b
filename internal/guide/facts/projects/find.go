package projects

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// The bounds of what is looked at.
const (
	maxEntries = 500_000
	maxIgnore  = 1 << 20 // bytes of a .gitignore
	maxFirst   = 256     // bytes of a script's first line
)

// Found is what there is, each as a path from the root, in order.
type Found struct {
	Packages    []string          // package.json
	NodeLocks   []string          // package-lock.json, npm-shrinkwrap.json
	CargoLocks  []string          // Cargo.lock
	Crates      []string          // Cargo.toml
	Modules     []string          // go.mod
	Others      []string          // files that name dependencies for another language's installer
	Dockerfiles []string          // whatever the case of their names
	Terraform   []string          // folders that hold *.tf
	Plans       []string          // files of Terraform's that are written otherwise: *.tf.json, *.tofu, *.tofu.json
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

// Unlocked are the crates that no Cargo.lock is of: cargo keeps one beside a crate, or beside the workspace that it is in, above it.
func (f Found) Unlocked() (all []string) {
	for _, crate := range f.Crates {
		locked := false
		for dir := path.Dir(crate); ; dir = path.Dir(dir) {
			locked = locked || slices.Contains(f.CargoLocks, path.Join(dir, "Cargo.lock"))
			if dir == "." {
				break
			}
		}
		if !locked {
			all = append(all, crate)
		}
	}
	return all
}

// Unnamed are the lock files of npm with no package.json beside them.
func (f Found) Unnamed() (all []string) {
	for _, lock := range f.NodeLocks {
		if !slices.Contains(f.Packages, path.Join(path.Dir(lock), "package.json")) {
			all = append(all, lock)
		}
	}
	return all
}

// others are names of files by which installers of other languages know what to bring.
var others = regexp.MustCompile(`^(requirements[A-Za-z0-9_.-]*\.(txt|in)|Pipfile(\.lock)?|poetry\.lock|pdm\.lock|uv\.lock|pyproject\.toml|setup\.py|Gemfile(\.lock)?|composer\.(json|lock)|pom\.xml|build\.gradle(\.kts)?|gradle\.lockfile|` +
	`packages\.lock\.json|packages\.config|.*\.(cs|fs|vb)proj|mix\.lock|pubspec\.(yaml|lock)|Package\.(swift|resolved)|Podfile(\.lock)?|conanfile\.(txt|py)|vcpkg\.json)$`)

// dockerfile tells of a name in lower case whether it is one of a Dockerfile: docker finds one that is called so by itself, and people call theirs by what stands beside it.
func dockerfile(base string) bool {
	for _, name := range []string{"dockerfile", "containerfile"} {
		if base == name || strings.HasSuffix(base, "."+name) || strings.HasPrefix(base, name+".") && language(base) == "" && path.Ext(base) != ".md" {
			return true
		}
	}
	return false
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
	case ".py", ".pyw":
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
		if !e.Type().IsRegular() {
			continue
		}
		f.file(name)
		if ext := path.Ext(name); ext == "" || ext == ".sh" {
			if l := interpreted(files, name); l != "" && f.Languages[l] == "" {
				f.Languages[l] = name
			}
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
	case base == "package-lock.json" || base == "npm-shrinkwrap.json":
		f.NodeLocks = append(f.NodeLocks, name)
	case base == "Cargo.toml":
		f.Crates = append(f.Crates, name)
	case others.MatchString(base):
		f.Others = append(f.Others, name)
	case strings.HasSuffix(base, ".tf.json") || strings.HasSuffix(base, ".tofu") || strings.HasSuffix(base, ".tofu.json"):
		f.Plans = append(f.Plans, name)
	case base == "go.mod":
		f.Modules = append(f.Modules, name)
	case dockerfile(strings.ToLower(base)):
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

// interpreter is the first line of a script that says what runs it.
var interpreter = regexp.MustCompile(`^#!\s*\S*/(?:env\s+(?:-\S+\s+)*)?(python|ruby|node|deno|bun)[0-9.]*(?:\s|$)`)

// interpreted is CodeQL's name of what a script without a name of its own is written in; empty for what it does not know.
func interpreted(files fs.FS, name string) string {
	f, err := files.Open(name)
	if err != nil {
		return "" // what cannot be read, whoever has to read it says
	}
	defer f.Close()
	first, err := io.ReadAll(io.LimitReader(f, maxFirst))
	if said := interpreter.FindSubmatch(first); err == nil && said != nil {
		switch string(said[1]) {
		case "python", "ruby":
			return string(said[1])
		}
		return "javascript-typescript"
	}
	return ""
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
