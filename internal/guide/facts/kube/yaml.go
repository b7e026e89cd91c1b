package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// The bounds of one YAML text.
const (
	maxNodes = 200_000 // aliases expanded: a bomb is small as it stands
	maxDepth = 100
)

// document is one of the texts that a YAML file holds, separated by ---.
type document struct {
	line       int    // of its first key
	values     int    // aliases expanded
	kind, name string // of the object that it is, if it is one
}

// documents looks at a YAML text without expanding anything: that it can be read, that it is within the bounds, and that no key stands twice. Empty
// documents are left out. Its errors name the line.
func documents(text []byte) (all []document, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	measured := &sizes{of: map[*yaml.Node]size{}}
	total := 0
	for {
		var root yaml.Node
		if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read YAML: %w", err)
		}
		if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
			continue
		}
		is, err := measured.measure(&root, 0)
		if err != nil {
			return nil, err
		}
		if total += is.values; total > maxNodes {
			return nil, fmt.Errorf("line %d: more than %d values, aliases expanded: %w", root.Content[0].Line, maxNodes, ErrBounds)
		}
		d := described(root.Content[0])
		d.values = is.values
		all = append(all, d)
	}
}

func described(n *yaml.Node) document {
	d := document{line: n.Line}
	if kind := value(n, "kind"); kind != nil {
		d.kind = kind.Value
	}
	if meta := value(n, "metadata"); meta != nil {
		if name := value(meta, "name"); name != nil {
			d.name = name.Value
		}
	}
	return d
}

// value is what stands behind a key of a mapping; nil if n is none or has no such key.
func value(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// sizes measures values as if each alias were what it stands for.
type sizes struct {
	of map[*yaml.Node]size // of what is measured; the zero size of what is being measured
}

type size struct{ values, depth int }

func (s *sizes) measure(n *yaml.Node, nesting int) (size, error) {
	if known, ok := s.of[n]; ok {
		if known == (size{}) {
			return known, fmt.Errorf("line %d: the value holds itself, by its own alias", n.Line)
		}
		return known, nil
	}
	s.of[n] = size{}
	if n.Kind == yaml.MappingNode {
		if err := keys(n); err != nil {
			return size{}, err
		}
	}
	is := size{values: 1}
	inside := n.Content
	if n.Kind == yaml.AliasNode {
		inside = []*yaml.Node{n.Alias}
	}
	for _, c := range inside {
		if nesting == maxDepth {
			return is, fmt.Errorf("line %d: values stand in each other more than %d deep: %w", n.Line, maxDepth, ErrBounds)
		}
		of, err := s.measure(c, nesting+1)
		if err != nil {
			return is, err
		}
		is.values, is.depth = is.values+of.values, max(is.depth, of.depth+1)
		// The depth again: what an alias stands for may have been measured where it stood less deep.
		if is.values > maxNodes || nesting+is.depth > maxDepth {
			return is, fmt.Errorf("line %d: more than %d values or %d of them in each other, aliases expanded: %w", n.Line, maxNodes, maxDepth, ErrBounds)
		}
	}
	s.of[n] = is
	return is, nil
}

// keys refuses a mapping in which a key stands twice, or one that is no text: whoever reads it next takes one or the other.
func keys(n *yaml.Node) error {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a key is no text", key.Line)
		}
		if first, ok := seen[key.Value]; ok {
			return fmt.Errorf("line %d: the key %.100q stands twice, on line %d too: keep one", key.Line, key.Value, first)
		}
		seen[key.Value] = key.Line
	}
	return nil
}
