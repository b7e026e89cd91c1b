package terraform

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Read reads the root in a folder of the tree. What is wrong with it is in Root.Problems; an error is for a folder that is no root at all.
func Read(tree fs.FS, dir string, schema *Schema) (*Root, error) {
	root := &Root{Dir: dir, Settings: Settings{Providers: map[string]Provider{}}}
	r := &reader{tree: tree, schema: schema, functions: functions(), anatomies: map[hclsyntax.Expression]*anatomy{}, sources: map[string]*source{}, open: map[string]bool{}, root: root}
	top, err := r.module(dir, 0)
	if err != nil {
		return nil, fmt.Errorf("read Terraform's root %s: %w", dir, err)
	}
	for _, s := range sorted(r.sources) {
		r.check(s)
	}
	files := r.variableFiles(dir)
	if len(files) == 0 {
		files = map[string]*hclsyntax.Body{"": nil}
	}
	for i, name := range sortedKeys(files) {
		if i == maxVariants {
			r.unchecked(name, 0, name, fmt.Sprintf("the root is worked out with %d files of variables, not more", maxVariants))
			break
		}
		root.Variants = append(root.Variants, r.variant(top, name, files[name]))
	}
	slices.Sort(root.Files)
	slices.SortStableFunc(root.Problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return root, nil
}

// variableFiles are the files of variables in the root's folder and in environments below it.
func (r *reader) variableFiles(dir string) map[string]*hclsyntax.Body {
	files := map[string]*hclsyntax.Body{}
	for _, folder := range []string{dir, path.Join(dir, "environments")} {
		list, err := r.folder(folder)
		if err != nil {
			continue // the root's own was read before; environments need not be there
		}
		for _, e := range list {
			name := path.Join(folder, e.Name())
			if e.IsDir() || !strings.HasSuffix(name, ".tfvars") {
				continue
			}
			body := r.file(name, e)
			if body == nil {
				continue
			}
			for _, b := range body.Blocks {
				file, line := at(b.DefRange())
				r.problem(UnknownBlock, file, line, b.Type, "a file of variables has no blocks")
			}
			files[name] = body
		}
	}
	return files
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
