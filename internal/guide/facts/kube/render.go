package kube

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// Render is what the kustomization in a folder of the tree comes to, read strictly. Its errors name the file, and the object where it is one;
// several that are wrong are told of at once. It never gives a part of the set.
func Render(tree fs.FS, dir string) (*Set, error) { return new(Known).Render(tree, dir) }

// Render is what the kustomization in a folder of the tree comes to, as the function of this name has it; its objects are those that k knows, where it knows them.
func (k *Known) Render(tree fs.FS, dir string) (set *Set, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			set, err = nil, fmt.Errorf("render %s: kustomize broke: %v", dir, broken)
		}
	}()
	if !fs.ValidPath(dir) {
		return nil, fmt.Errorf("render %q: it is no path of the tree", dir)
	}
	l := newLoader(tree)
	if _, err := l.kustomization(dir, 0); err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	built, place, err := l.built(dir)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	set = &Set{Folders: slices.Sorted(maps.Keys(l.weights))}
	var errs []error
	for _, r := range built {
		if err := set.add(r, k, place(r)); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	return set, nil
}

// built is what kustomize makes, and where each object of it is from. Kustomize can note that, but takes twice as long then: it is asked to only
// where the names do not tell.
func (l *loader) built(dir string) ([]*resource.Resource, func(*resource.Resource) place, error) {
	if !l.unclear {
		all, err := l.build(dir, "")
		if err != nil || !slices.ContainsFunc(all, func(r *resource.Resource) bool { return l.place(r) == place{} }) {
			return all, l.place, err
		}
	}
	all, err := l.build(dir, types.OriginAnnotations)
	return all, func(r *resource.Resource) place {
		file := origin(r)
		return place{file, l.line(file, r.GetKind(), r.GetName())}
	}, err
}

// hash is what a generator puts behind a name: of what is in it.
var hash = regexp.MustCompile(`-[bcdfghkmt2456789]{10}$`)

// place is where an object stands, by its kind and name alone; the zero place where these do not tell.
func (l *loader) place(r *resource.Resource) place {
	kind, name := r.GetKind(), r.GetName()
	at, ok := l.places[named{kind, name}]
	if generated := hash.ReplaceAllString(name, ""); !ok && (kind == "ConfigMap" || kind == "Secret") {
		at = l.places[named{kind, generated}]
	}
	return at
}

// line is that of an object in its file, whatever has been put before and behind its name there; 0 where none or several could be it.
func (l *loader) line(file, kind, name string) (line int) {
	longest := 0
	for n, at := range l.places {
		switch {
		case at.file != file || n.kind != kind || !strings.Contains(name, n.name) || len(n.name) < longest:
		case len(n.name) == longest:
			line = 0
		default:
			longest, line = len(n.name), at.line
		}
	}
	return line
}

// schemas has kustomize read the schemas of Kubernetes' kinds, which it keeps for the whole process. It does so by itself when it first needs one,
// and reads them without a lock beside that: two renders at once would end the program.
var schemas = sync.OnceFunc(func() { openapi.Schema() })

// around is a kustomization around the one that is asked for: it changes nothing, and can have kustomize note where each object is from.
const around = "/around"

// build lets kustomize work on what is in memory; there is nothing else that it could reach.
func (l *loader) build(dir, note string) ([]*resource.Resource, error) {
	inner := path.Join("..", treeRoot, dir)
	settings := "resources: [\"" + inner + "\"]\nbuildMetadata: [" + note + "]\n"
	if err := l.memory.WriteFile(path.Join(around, "kustomization.yaml"), []byte(settings)); err != nil {
		return nil, err
	}
	schemas()
	o := krusty.MakeDefaultOptions()
	o.LoadRestrictions = types.LoadRestrictionsRootOnly
	o.PluginConfig = types.DisabledPluginConfig()
	built, err := krusty.MakeKustomizer(o).Run(l.memory, around)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), treeRoot+"/", ""))
	}
	return built.Resources(), nil
}

// origin is the file that an object is from, or whose generator made it, as kustomize has noted it.
func origin(r *resource.Resource) (file string) {
	o, err := r.GetOrigin()
	if err != nil || o == nil {
		return ""
	}
	file = o.Path
	if file == "" {
		file = o.ConfiguredIn
	}
	return strings.TrimPrefix(path.Join(around, file), treeRoot+"/")
}
