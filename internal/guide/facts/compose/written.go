package compose

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Varies is the first text at a path, or below it, that has a variable in it, as it is written in any of the files; empty if none has one. Whatever the model has there is
// then only what comes of the values that it was read with.
func (p *Project) Varies(path ...string) (text string, at Place) {
	for _, d := range p.documents {
		n, _, depth := walk(d.root, path)
		if depth < len(path) {
			continue
		}
		if n = variable(n, 0); n != nil {
			return n.Value, Place{d.file, n.Line}
		}
	}
	return "", Place{}
}

// variable is the first scalar below a node that has one.
func variable(n *yaml.Node, depth int) *yaml.Node {
	switch n = behind(n); {
	case depth > maxDepth:
	case n.Kind == yaml.ScalarNode:
		if strings.Contains(strings.ReplaceAll(n.Value, "$$", ""), "$") { // $$ is a dollar
			return n
		}
	case n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if found := variable(c, depth+1); found != nil {
				return found
			}
		}
	case n.Kind == yaml.MappingNode:
		var found *yaml.Node
		pairs(n, func(_, value *yaml.Node) {
			if found == nil {
				found = variable(value, depth+1)
			}
		})
		return found
	}
	return nil
}
