package scanning

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// locked is an image of others as images/lock.json has it.
type locked struct {
	Name      string `json:"name"`
	Reference string `json:"reference"`
	Digest    string `json:"digest"` // empty while nobody has resolved it
}

// readLock are those of the lock file, by name; none where there is no such file.
func readLock(files fs.FS) (map[string]locked, error) {
	text, err := facts.File(files, lock)
	if facts.NotThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Images []locked `json:"images"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", lock, err)
	}
	all := map[string]locked{}
	for _, i := range file.Images {
		i.Reference = fullName(i.Reference)
		all[i.Name] = i
	}
	return all, nil
}

// scannedImages are the images that are deployed, and the scans that there are.
func scannedImages(ctx context.Context, t *facts.Tree) (required []subject, scanned []attempt, err error) {
	s, err := look(t)
	if err != nil {
		return nil, nil, err
	}
	if scanned, err = s.deployed(t); err != nil {
		return nil, nil, err
	}
	required, err = deployedImages(ctx, t, scanned)
	return required, scanned, err
}

// deployedImages are the images of every overlay and of every stack of one machine: ours by the last part of their names, for a release gives them a registry and a tag, those of others by their references.
func deployedImages(ctx context.Context, t *facts.Tree, scanned []attempt) ([]subject, error) {
	locks, err := facts.Read(t, lock, readLock)
	if err != nil {
		return nil, err
	}
	overlays, err := deployment.Overlays(t)
	if err != nil {
		return nil, err
	}
	stacks, err := stackfile.Stacks(ctx, t)
	if err != nil {
		return nil, err
	}
	at := map[string]guide.Place{}
	add := func(image string, where guide.Place, built bool) {
		name := subjectOf(image, built, locks, scanned)
		if _, known := at[name]; !known {
			at[name] = where
		}
	}
	for _, o := range overlays {
		if o.Err != nil {
			return nil, o.Err
		}
		for _, w := range o.Set.Workloads() {
			for _, c := range w.Containers() {
				add(c.Image, deployment.At(w.Object), false)
			}
		}
	}
	for _, stack := range stacks {
		for _, name := range stack.Model.ServiceNames() {
			s := stack.Model.Services[name]
			add(cmp.Or(s.Image, name), stackfile.At(stack.Project, "services", name, "image"), s.Build != nil)
		}
	}
	var all []subject
	for _, name := range slices.Sorted(maps.Keys(at)) {
		all = append(all, subject{name, at[name], "add it to the images job, or to the one of deployed images and to " + lock})
	}
	return all, nil
}

// subjectOf is what an image is called here. One with a digest is the one that is scanned only if that is its digest too.
func subjectOf(image string, built bool, locks map[string]locked, scanned []attempt) string {
	if built || slices.ContainsFunc(scanned, func(a attempt) bool { return a.of != (build{}) && a.subject == short(image) }) {
		return short(image)
	}
	reference, digest, pinned := strings.Cut(fullName(image), "@")
	for _, l := range locks {
		if pinned && l.Reference == reference && l.Digest == digest {
			return reference
		}
	}
	return fullName(image)
}

// fullName is a reference with its registry, which is Docker's where none is named.
func fullName(reference string) string {
	first, _, more := strings.Cut(reference, "/")
	switch {
	case !more:
		return "docker.io/library/" + reference
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		return "docker.io/" + reference
	}
	return reference
}

// short is the last part of an image's name, without tag and digest.
func short(reference string) string {
	name, _, _ := strings.Cut(path.Base(reference), "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// builtOtherwise are images that a stack builds in another way than they are built for the scan: of the same folder, and the same Dockerfile as it stands.
func builtOtherwise(ctx context.Context, t *facts.Tree, scanned []attempt) (findings []guide.Finding, err error) {
	stacks, err := stackfile.Stacks(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, stack := range stacks {
		for _, name := range stack.Model.ServiceNames() {
			s := stack.Model.Services[name]
			if s.Build == nil {
				continue
			}
			image := short(cmp.Or(s.Image, name))
			i := slices.IndexFunc(scanned, func(a attempt) bool { return a.subject == image && a.of != (build{}) })
			if i < 0 {
				continue // it is scanned by nothing
			}
			plain := types.BuildConfig{Context: s.Build.Context, Dockerfile: s.Build.Dockerfile}
			if !reflect.DeepEqual(*s.Build, plain) || (build{path.Join(s.Build.Context, s.Build.Dockerfile), path.Clean(s.Build.Context)}) != scanned[i].of {
				findings = append(findings, guide.Finding{Mode: "no-gate", Subject: stack.String() + ", service " + name, Detail: fmt.Sprintf("let it be built as what is scanned, of the folder %s and the file %s as they stand", scanned[i].of.context, scanned[i].of.dockerfile),
					At: stackfile.At(stack.Project, "services", name, "build")})
			}
		}
	}
	return findings, nil
}
