package nginxconf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Bounds of what is read. Real configurations are far below them.
const (
	maxFile       = 1 << 20 // bytes of a file
	maxFiles      = 200     // read, however often each is included
	maxDirectives = 50_000  // includes written out
	maxDepth      = 32      // of blocks, and of files that include each other
	maxWords      = 200_000 // of a file
	maxWord       = 16 << 10
)

// Place is where something stands.
type Place struct {
	File string
	Line int
}

func (p Place) String() string { return p.File + ":" + strconv.Itoa(p.Line) }

// Directive is one of nginx's, as it is written.
type Directive struct {
	Name string
	Args []string
	At   Place
}

// Include is a file that is named and not in the tree.
type Include struct {
	Pattern string
	At      Place
}

// Options say how paths of the running nginx are those of the tree.
type Options struct {
	// Mounts are files and folders of the running nginx and where the tree has them: "/etc/nginx/stellar-escrow" is "nginx"; empty for what the tree does not have.
	Mounts map[string]string
}

// Config is a configuration as nginx reads it.
type Config struct {
	// Main is the outermost scope; http, server and location are below it.
	Main *Scope
	// Missing are the files that are included and that the tree does not have, such as those that nginx brings itself. A pattern that matches nothing is
	// none of them: nginx takes it as empty.
	Missing []Include
}

// Load reads the file and what it includes. Relative names are of the folder of the first file, as nginx's are. A file that begins with / is one of the running nginx, as its Mounts say; the error wraps
// fs.ErrNotExist if the tree does not have it.
//
// It fails for what nginx could not read either (braces, quotes, a file that includes itself) and for what exceeds the bounds above. Errors name file and line.
// Whether a directive may stand where it does, and with what values, it does not ask: that says nginx -t.
func Load(tree fs.FS, file string, o Options) (*Config, error) {
	l := &loader{tree: tree, mounts: o.Mounts, dir: path.Dir(file), files: map[string][]statement{}, config: &Config{}}
	first := file
	if path.IsAbs(file) {
		var ok bool
		if first, ok = l.inTree(file); !ok {
			return nil, fmt.Errorf("read %s: the tree does not have it: %w", file, fs.ErrNotExist)
		}
	}
	main := &Scope{Kind: "main", At: Place{first, 1}}
	if err := l.file(first, main, nil); err != nil {
		return nil, err
	}
	l.config.Main = main
	return l.config, nil
}

type loader struct {
	tree   fs.FS
	mounts map[string]string
	dir    string
	files  map[string][]statement // parsed
	total  int                    // directives so far
	config *Config
}

// file puts what a file says into a scope. within are the files that include it.
func (l *loader) file(name string, into *Scope, within []string) error {
	if slices.Contains(within, name) {
		return fmt.Errorf("%s: it includes itself, by %s", name, strings.Join(within, ", "))
	}
	if len(within) > maxDepth {
		return fmt.Errorf("%s: included through more than %d files", name, maxDepth)
	}
	parsed, ok := l.files[name]
	if !ok {
		if len(l.files) >= maxFiles {
			return fmt.Errorf("%s: more than %d files", name, maxFiles)
		}
		text, err := facts.FileOf(l.tree, name, maxFile)
		if err != nil {
			return err
		}
		if parsed, err = parse(name, text); err != nil {
			return err
		}
		l.files[name] = parsed
	}
	return l.block(parsed, name, into, append(slices.Clip(within), name))
}

func (l *loader) block(parsed []statement, name string, into *Scope, within []string) error {
	for _, d := range parsed {
		at := Place{name, d.line}
		if l.total++; l.total > maxDirectives {
			return fmt.Errorf("%s: more than %d directives, includes written out", at, maxDirectives)
		}
		if d.words[0] == "include" && !d.opens && !into.Table() {
			if err := l.include(d, at, into, within); err != nil {
				return err
			}
			continue
		}
		if !d.opens {
			into.Directives = append(into.Directives, Directive{d.words[0], d.words[1:], at})
			continue
		}
		below := &Scope{Kind: d.words[0], Args: d.words[1:], At: at, parent: into}
		into.Below = append(into.Below, below)
		if err := l.block(d.block, name, below, within); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) include(d statement, at Place, into *Scope, within []string) error {
	if len(d.words) != 2 {
		return fmt.Errorf("%s: include takes one name", at)
	}
	wanted := d.words[1]
	pattern, ok := l.inTree(wanted)
	if !ok {
		l.config.Missing = append(l.config.Missing, Include{wanted, at})
		return nil
	}
	names := []string{pattern}
	if glob := strings.ContainsAny(pattern, "*?["); glob {
		if err := l.covered(wanted); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		var err error
		if names, err = fs.Glob(l.tree, pattern); err != nil {
			return fmt.Errorf("%s: include %s: %w", at, wanted, err)
		}
		slices.Sort(names)
	} else if _, err := fs.Stat(l.tree, pattern); errors.Is(err, fs.ErrNotExist) {
		l.config.Missing = append(l.config.Missing, Include{wanted, at})
		return nil
	}
	for _, name := range names {
		if err := l.file(name, into, within); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	return nil
}

// covered is an error where something is mounted within the folder of a pattern: the files that it matches are not those of the folder in the tree.
func (l *loader) covered(pattern string) error {
	if !path.IsAbs(pattern) {
		pattern = path.Join(l.dir, pattern)
	}
	dir, _, _ := strings.Cut(pattern, "*")
	for at := range l.mounts {
		if strings.HasPrefix(at, path.Dir(dir+"x")+"/") {
			return fmt.Errorf("include %s: something is mounted at %s, within what it matches", pattern, at)
		}
	}
	return nil
}

// inTree is the tree's name of a file that the configuration names; false for one that is outside.
func (l *loader) inTree(name string) (string, bool) {
	if !path.IsAbs(name) {
		name = path.Join(l.dir, name)
	}
	if !path.IsAbs(name) {
		return name, fs.ValidPath(name)
	}
	name = path.Clean(name)
	best := ""
	for from := range l.mounts {
		if (name == from || strings.HasPrefix(name, strings.TrimSuffix(from, "/")+"/")) && len(from) > len(best) {
			best = from
		}
	}
	if l.mounts[best] == "" {
		return "", false
	}
	name = path.Join(l.mounts[best], strings.TrimPrefix(name, strings.TrimSuffix(best, "/")))
	return name, fs.ValidPath(name)
}
