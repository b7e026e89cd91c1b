package kube

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/types"
)

// Applied are the folders in one of the tree, at any depth and in order, whose kustomization somebody may apply by itself: all but the components that others
// there are made with. One that cannot be read is among them, and so is a link to a folder, which is not followed: whoever renders it is told what is wrong.
func Applied(tree fs.FS, below string) (all []string, err error) {
	l, looked := newLoader(tree), 0
	components, parts := map[string]bool{}, map[string]bool{}
	err = fs.WalkDir(tree, below, func(name string, d fs.DirEntry, err error) error {
		switch {
		case name == below && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("look for kustomizations: %w", err)
		case d.Type()&fs.ModeSymlink != 0:
			if at, err := fs.Stat(tree, name); err == nil && at.IsDir() {
				all = append(all, name)
			}
			return nil
		case !d.IsDir():
			return nil
		}
		if looked++; looked > maxFolders {
			return fmt.Errorf("look for kustomizations: %s has more than %d folders: %w", below, maxFolders, ErrBounds)
		}
		_, k, err := l.settings(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		all = append(all, name)
		components[name] = err == nil && k.Kind == types.ComponentKind
		for _, part := range k.Components {
			parts[path.Join(name, part)] = true
		}
		return nil
	})
	return slices.DeleteFunc(all, func(name string) bool { return components[name] && parts[name] }), err
}
