//go:build unix

package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed standins
var files embed.FS

// standIn is what a stand-in is made of, beside what stands in its folder below standins.
type standIn struct {
	folder   string   // below standins
	packages []string // of Debian; VERSION stands for the version that versioned leads to
	settings []string // files of theirs below /etc that it reads
	program  *program // built from its Go module
	// versioned is a package of Debian's that depends on one with a version in its name: postgresql, on postgresql-15.
	versioned string
}

// shell is what every stand-in has: its folders are made by it, and the scripts that start the real ones are for one.
var shell = []string{"dash", "coreutils"}

var standIns = map[string]standIn{
	"nginx":    {folder: "nginx", packages: []string{"nginx", "openssl", "curl"}, settings: []string{"/etc/nginx/mime.types", "/etc/ssl/openssl.cnf"}},
	"postgres": {folder: "postgres", versioned: "postgresql", packages: []string{"postgresql-VERSION", "postgresql-client-VERSION", "tzdata", "libc-bin", "sed"}},
	"redis":    {folder: "redis", packages: []string{"redis-server", "redis-tools"}},
	// docker-compose.yml's service secrets runs in Redis' image, for its shell.
	"secrets":      {folder: "redis", packages: []string{"redis-server", "redis-tools"}},
	"prometheus":   {folder: "prometheus", packages: []string{"prometheus", "wget"}},
	"alertmanager": {folder: "alertmanager", packages: []string{"wget"}, program: &alertmanager},
	"loki":         {folder: "loki", program: &loki},
}

// standIn is the recipe of a stand-in.
func (w *workshop) standIn(ctx context.Context, name string) (recipe, error) {
	it, ok := standIns[name]
	if !ok {
		return recipe{}, fmt.Errorf("it is none of the stack's: %s", strings.Join(append(slices.Clone(ours), slices.Sorted(maps.Keys(standIns))...), ", "))
	}
	if it.program != nil && it.program.slow {
		if err := it.program.present(w.cache); err != nil {
			return recipe{}, err
		}
	}
	table, err := w.libraries(ctx)
	if err != nil {
		return recipe{}, err
	}
	version := ""
	if it.versioned != "" {
		if version, err = versionOf(ctx, it.versioned); err != nil {
			return recipe{}, err
		}
	}
	packages := slices.Clone(shell)
	for _, p := range it.packages {
		packages = append(packages, strings.ReplaceAll(p, "VERSION", version))
	}
	t := newTree()
	if err := t.packages(ctx, table, packages...); err != nil {
		return recipe{}, err
	}
	for _, file := range it.settings {
		t.add(file)
	}
	authorities, err := roots()
	if err != nil {
		return recipe{}, err
	}
	t.texts["etc/ssl/certs/ca-certificates.crt"] = authorities
	folder, err := fs.Sub(files, path.Join("standins", it.folder))
	if err != nil {
		return recipe{}, err
	}
	key, err := standInKey(it, version, t, folder)
	if err != nil {
		return recipe{}, err
	}
	return recipe{key: key, build: func(ctx context.Context, b *bench, out string) error {
		if it.program != nil {
			file, err := it.program.build(ctx, w.cache)
			if err != nil {
				return err
			}
			t.files[it.program.as] = file
		}
		at := filepath.Join(filepath.Dir(out), "stand-in")
		if err := os.CopyFS(at, folder); err != nil {
			return err
		}
		if err := t.write(filepath.Join(at, "files.tar")); err != nil {
			return err
		}
		tag := reference(name)
		if err := b.store.bud(ctx, tag, filepath.Join(at, "Dockerfile"), at, "--build-arg", "VERSION="+version); err != nil {
			return err
		}
		return b.store.export(ctx, tag, out)
	}}, nil
}

func standInKey(it standIn, version string, t tree, folder fs.FS) (string, error) {
	base, err := t.key()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "stand-in 1\n%s\n%s\n%s\n", builtAt, version, base)
	if it.program != nil {
		fmt.Fprintf(h, "%s %s\n", it.program.name(), it.program.as)
	}
	err = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(text))
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
