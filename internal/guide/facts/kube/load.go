package kube

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// The bounds of what is read. They are far above what a platform has, and below what a machine notices.
const (
	maxFileBytes  = 1 << 20 // a ConfigMap holds no more
	maxTotalBytes = 16 << 20
	maxFiles      = 2_000
	maxFolders    = 1_000 // kustomizations, one counted each time that it is built in
	maxNesting    = 32    // of kustomizations
	// Kustomize compares each object with each other one and with each of its settings, in each kustomization that it goes through: 2,000 objects
	// in one take it 8 s.
	maxComparisons = 4_000_000
)

// treeRoot is where the tree stands in memory. What it is called by stands beside it.
const treeRoot = "/tree"

// loader copies what a kustomization is made of into memory, file by file, and looks at each before kustomize does.
type loader struct {
	tree     fs.FS
	memory   filesys.FileSystem
	types    map[string]*fs.FileMode // of what stands at a path; nil: nothing
	files    map[string]bool
	bytes    int
	settled  int               // values in the settings that were read, and in what they name: patches, replacements
	places   map[named]place   // of the objects that files hold and generators make, by what they are called there
	unclear  bool              // names alone do not tell where an object is from: two files have one of that name, or names are changed
	weights  map[string]weight // of kustomizations that are loaded
	building map[string]bool   // of those that are being loaded: one that comes up again is in itself
}

// named is an object as its file calls it.
type named struct{ kind, name string }

// place is where an object stands; line is 0 for one that is generated, or that cannot be told from another in its file.
type place struct {
	file string
	line int
}

// put notes where an object stands.
func (l *loader) put(kind, name string, at place) {
	switch before, ok := l.places[named{kind, name}]; {
	case ok && before.file != at.file:
		l.unclear = true
	case ok && before.line != at.line:
		at.line = 0
	}
	l.places[named{kind, name}] = at
}

// weight is how much a kustomization builds, what it is made of included: each part as often as it is built in.
type weight struct {
	folders, documents, comparisons int
	settings                        int // values of its own settings, and of its components': these work on what it builds
}

func newLoader(tree fs.FS) *loader {
	return &loader{
		tree: tree, memory: filesys.MakeFsInMemory(), types: map[string]*fs.FileMode{}, files: map[string]bool{},
		places: map[named]place{}, weights: map[string]weight{}, building: map[string]bool{},
	}
}

// kustomization loads the kustomization in a folder and whatever it is made of.
func (l *loader) kustomization(dir string, nesting int) (w weight, err error) {
	if w, ok := l.weights[dir]; ok {
		return w, nil
	}
	if l.building[dir] {
		return w, fmt.Errorf("the kustomization of %s is made of itself", dir)
	}
	if nesting > maxNesting {
		return w, fmt.Errorf("kustomizations stand in each other more than %d deep, down to %s: %w", maxNesting, dir, ErrBounds)
	}
	l.building[dir] = true
	defer delete(l.building, dir)
	before := l.settled
	name, k, err := l.settings(dir)
	if err != nil {
		return w, err
	}
	if err := l.rest(dir, k); err != nil {
		return w, fmt.Errorf("%s: %w", name, err)
	}
	w = weight{folders: 1, documents: len(k.ConfigMapGenerator) + len(k.SecretGenerator), settings: l.settled - before}
	for i, text := range append(append([]string(nil), k.Resources...), k.Components...) {
		part, err := l.part(dir, text, nesting)
		if err != nil {
			return w, fmt.Errorf("%s: %w", name, err)
		}
		w.folders, w.documents, w.comparisons = w.folders+part.folders, w.documents+part.documents, w.comparisons+part.comparisons
		if i >= len(k.Resources) {
			w.settings += part.settings
		}
		if w.folders > maxFolders || w.comparisons+w.documents*(w.documents+w.settings) > maxComparisons {
			return w, fmt.Errorf("%s builds more than %d kustomizations, or so many objects that it takes more than %d comparisons: %w", name, maxFolders, maxComparisons, ErrBounds)
		}
	}
	w.comparisons += w.documents * (w.documents + w.settings)
	for _, c := range k.ConfigMapGenerator {
		l.put("ConfigMap", c.Name, place{name, 0})
	}
	for _, s := range k.SecretGenerator {
		l.put("Secret", s.Name, place{name, 0})
	}
	l.weights[dir] = w
	return w, nil
}

// settings reads the kustomization file of a folder, and refuses one that makes kustomize run or fetch something.
func (l *loader) settings(dir string) (name string, k types.Kustomization, err error) {
	var text []byte
	for _, candidate := range konfig.RecognizedKustomizationFileNames() {
		at := path.Join(dir, candidate)
		if mode, there, err := l.kind(at); err != nil {
			return "", k, err
		} else if !there || !mode.IsRegular() {
			continue
		}
		if name != "" {
			return "", k, fmt.Errorf("%s and %s stand beside each other: keep one", name, at)
		}
		name = at
	}
	if name == "" {
		return "", k, fmt.Errorf("%s holds no kustomization: %w", dir, fs.ErrNotExist)
	}
	if text, err = l.manifest(name); err != nil {
		return "", k, err
	}
	if err := k.Unmarshal(text); err != nil {
		return "", k, fmt.Errorf("%s: %w", name, err)
	}
	for field, used := range map[string]bool{
		"generators": len(k.Generators) > 0, "transformers": len(k.Transformers) > 0, "validators": len(k.Validators) > 0,
		"helmCharts": len(k.HelmCharts) > 0, "helmGlobals": k.HelmGlobals != nil, "helmChartInflationGenerator": len(k.HelmChartInflationGenerator) > 0,
	} {
		if used {
			return "", k, fmt.Errorf("%s: %s: nothing is executed here: %w", name, field, ErrOutside)
		}
	}
	if len(k.OpenAPI) > 0 {
		return "", k, fmt.Errorf("%s: openapi: objects are read by the schemas of Kubernetes, and by no other", name)
	}
	if k.NamePrefix != "" || k.NameSuffix != "" {
		l.unclear = true
	}
	k.FixKustomization()
	return name, k, nil
}

// part loads what a kustomization builds in: a file of objects, or the kustomization of a folder.
func (l *loader) part(dir, text string, nesting int) (weight, error) {
	at, err := within(dir, text)
	if err != nil {
		return weight{}, err
	}
	mode, there, err := l.kind(at)
	switch {
	case err != nil:
		return weight{}, err
	case !there:
		return weight{}, fmt.Errorf("%s: %w", at, fs.ErrNotExist)
	case mode.IsDir():
		return l.kustomization(at, nesting+1)
	}
	content, err := l.read(at)
	if err != nil {
		return weight{}, err
	}
	found, err := documents(content)
	if err != nil {
		return weight{}, fmt.Errorf("%s: %w", at, err)
	}
	for _, d := range found {
		l.put(d.kind, d.name, place{at, d.line})
	}
	return weight{documents: len(found)}, nil
}

// rest loads the other files that a kustomization names.
func (l *loader) rest(dir string, k types.Kustomization) error {
	var manifests, texts []string // of the first it is known that they are YAML
	//lint:ignore SA1019 trees of others still have it
	for _, p := range append(append([]types.Patch(nil), k.Patches...), k.PatchesJson6902...) {
		manifests = append(manifests, p.Path)
		if err := l.settle([]byte(p.Patch)); err != nil {
			return fmt.Errorf("a patch: %w", err)
		}
	}
	//lint:ignore SA1019 the same
	for _, p := range k.PatchesStrategicMerge {
		if !strings.ContainsAny(string(p), ":\n") {
			manifests = append(manifests, string(p))
		} else if err := l.settle([]byte(p)); err != nil { // it stands there itself
			return fmt.Errorf("a patch: %w", err)
		}
	}
	for _, r := range k.Replacements {
		manifests = append(manifests, r.Path)
	}
	manifests = append(append(manifests, k.Configurations...), k.Crds...)
	for _, c := range k.ConfigMapGenerator {
		texts = append(texts, sources(c.KvPairSources)...)
	}
	for _, s := range k.SecretGenerator {
		texts = append(texts, sources(s.KvPairSources)...)
	}
	for _, text := range manifests {
		if err := l.load(dir, text, l.manifest); err != nil {
			return err
		}
	}
	for _, text := range texts {
		if err := l.load(dir, text, l.read); err != nil {
			return err
		}
	}
	return nil
}

// sources are the files of a generator; before the path of one its key may stand.
func sources(s types.KvPairSources) []string {
	all := append(append([]string(nil), s.EnvSources...), s.EnvSource)
	for _, text := range s.FileSources {
		if _, at, ok := strings.Cut(text, "="); ok {
			text = at
		}
		all = append(all, text)
	}
	return all
}

func (l *loader) load(dir, text string, read func(string) ([]byte, error)) error {
	if text == "" {
		return nil
	}
	at, err := within(dir, text)
	if err != nil {
		return err
	}
	_, err = read(at)
	return err
}

// manifest reads a file of settings, and looks at it.
func (l *loader) manifest(name string) ([]byte, error) {
	text, err := l.read(name)
	if err != nil {
		return nil, err
	}
	if err := l.settle(text); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// settle looks at settings, and counts them.
func (l *loader) settle(text []byte) error {
	found, err := documents(text)
	for _, d := range found {
		l.settled += d.values
	}
	return err
}
