package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Bounds of what is read. Real projects are far below them.
const (
	maxFile   = 1 << 20  // bytes of a file
	maxFiles  = 16       // of a project
	maxNodes  = 50_000   // of a document, each alias counted as what it stands for
	maxKeys   = 2_000    // of a mapping: two of the same are looked for by comparing each with each
	maxDepth  = 64       // of a document
	maxScalar = 64 << 10 // bytes of one text
	maxDollar = 256      // variables in one text: one inside the other is read once for each it stands in
)

// ErrNotFollowed is wrapped by the errors about a file that names others (include, extends, label_file): what it would be with them is not known.
var ErrNotFollowed = errors.New("it names another file, which is not read")

// MissingError says which variables have no value and must have one (${NAME:?…}).
type MissingError struct {
	Variables []Variable
}

func (e *MissingError) Error() string {
	names := make([]string, len(e.Variables))
	for i, v := range e.Variables {
		names[i] = v.Name
	}
	return "no value for " + strings.Join(names, ", ")
}

// Service is one of the model's services.
type Service = types.ServiceConfig

// Project is what Compose makes of its files.
type Project struct {
	// Model is the whole of it, with the services of every profile. Relative paths are as they stand in the files.
	Model *types.Project
	// Files it was made of, in order; a later one overrides.
	Files []string
	// Variables that the files name.
	Variables []Variable

	documents []document
}

// Load reads the files, the later ones over the earlier, as `docker compose -f` does. values are the variables: nothing else is, and none of the machine's.
//
// It fails with a *MissingError that names every required variable without a value; with ErrNotFollowed; and for what is no Compose project, or exceeds
// the bounds above. Errors name the file.
func Load(ctx context.Context, tree fs.FS, values map[string]string, files ...string) (_ *Project, err error) {
	defer func() {
		// The file is somebody else's. compose-go looks into values by their type without asking in some places.
		if broken := recover(); broken != nil {
			err = fmt.Errorf("read %s: it cannot be understood: %v", strings.Join(files, ", "), broken)
		}
	}()
	documents, err := readAll(tree, files)
	if err != nil {
		return nil, err
	}
	p := &Project{Files: slices.Clone(files), Variables: variablesOf(documents), documents: documents}
	if missing := missingOf(p.Variables, values); len(missing) > 0 {
		return nil, fmt.Errorf("read %s: %w", strings.Join(files, ", "), &MissingError{missing})
	}
	details := types.ConfigDetails{WorkingDir: "/", Environment: types.Mapping{}}
	for name, value := range values {
		details.Environment[name] = value
	}
	for _, d := range documents {
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: d.file, Content: d.text})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.Model, err = load(ctx, details, p.Variables); err != nil {
		return nil, fmt.Errorf("read %s: %w", strings.Join(files, ", "), err)
	}
	return p, nil
}

// Variables are those that the files name, required or not, without loading them.
func Variables(tree fs.FS, files ...string) ([]Variable, error) {
	documents, err := readAll(tree, files)
	if err != nil {
		return nil, err
	}
	return variablesOf(documents), nil
}

// load is compose-go's loader, with everything left out that would look outside of the texts.
func load(ctx context.Context, details types.ConfigDetails, named []Variable) (*types.Project, error) {
	lookup := func(name string) (string, bool) {
		value, ok := details.Environment[name]
		return value, ok || plain(named, name) // one that is not there would be told on standard error
	}
	return loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName("project", false) // of files that have no name of their own
		o.Profiles = []string{"*"}
		o.ResolvePaths = false          // they would be this machine's
		o.SkipResolveEnvironment = true // env_file
		o.SkipInclude = true            // readAll refuses it
		o.ResourceLoaders = []loader.ResourceLoader{nothing{}}
		o.Interpolate = &interpolation.Options{
			LookupValue: lookup, TypeCastMapping: o.Interpolate.TypeCastMapping,
			Substitute: func(text string, mapping template.Mapping) (string, error) {
				return template.SubstituteWithOptions(text, mapping, template.WithoutLogging)
			},
		}
	})
}

// nothing is a loader of files that has none.
type nothing struct{}

func (nothing) Accept(string) bool     { return true }
func (nothing) Dir(path string) string { return path }
func (nothing) Load(_ context.Context, path string) (string, error) {
	return "", fmt.Errorf("%.200q: %w", path, ErrNotFollowed)
}

// document is a file of the tree.
type document struct {
	file string
	text []byte
	tree
}

func readAll(files fs.FS, names []string) (all []document, err error) {
	if len(names) == 0 || len(names) > maxFiles {
		return nil, fmt.Errorf("%d Compose files: between 1 and %d can be read", len(names), maxFiles)
	}
	for _, name := range names {
		d := document{file: name}
		if d.text, err = read(files, name); err != nil {
			return nil, err
		}
		if d.tree, err = parse(d.text); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if d.text, err = withoutVersion(d.text, d.root); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// read reads a file of the tree, which must say something.
func read(files fs.FS, name string) ([]byte, error) {
	text, err := facts.FileOf(files, name, maxFile)
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("read %s: it is empty", name)
	}
	return text, err
}
