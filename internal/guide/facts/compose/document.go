package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Place is where something stands.
type Place struct {
	File string
	Line int
}

func (p Place) String() string { return p.File + ":" + strconv.Itoa(p.Line) }

// tree is a YAML document that is small enough to be read.
type tree struct {
	root *yaml.Node
}

// parse reads one document. Compose takes several in a file, as if each were a file of its own; nobody writes them so, and what is said of a line would then
// be said of another.
func parse(text []byte) (tree, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return tree{}, err
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return tree{}, err
		}
		return tree{}, fmt.Errorf("line %d: a second document; one is read", second.Line)
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return tree{}, errors.New("it is no mapping, as a Compose file is")
	}
	root := document.Content[0]
	m := &measure{of: map[*yaml.Node]extent{}}
	if _, err := m.measure(root, 0); err != nil {
		return tree{}, err
	}
	if err := follows(root); err != nil {
		return tree{}, err
	}
	return tree{root}, nil
}

// measure counts a document as it would be with each alias written out.
type measure struct {
	of map[*yaml.Node]extent
}

// extent is how many values a node has, itself included, and how many levels. Of one that is being counted it is zero.
type extent struct{ size, height int }

func (m *measure) measure(n *yaml.Node, depth int) (extent, error) {
	known, ok := m.of[n]
	switch {
	case ok && known.size == 0:
		return known, fmt.Errorf("line %d: an alias that stands in what it stands for", n.Line)
	case ok:
		return known, nil
	case depth > maxDepth:
		return known, fmt.Errorf("line %d: more than %d levels", n.Line, maxDepth)
	case len(n.Value) > maxScalar:
		return known, fmt.Errorf("line %d: a text of more than %d bytes", n.Line, maxScalar)
	case strings.Count(n.Value, "$") > maxDollar:
		return known, fmt.Errorf("line %d: a text with more than %d variables", n.Line, maxDollar)
	case n.Kind == yaml.MappingNode && len(n.Content) > 2*maxKeys:
		return known, fmt.Errorf("line %d: a mapping of more than %d keys", n.Line, maxKeys)
	}
	m.of[n] = extent{}
	total := extent{1, 1}
	below := n.Content
	if n.Kind == yaml.AliasNode {
		below = []*yaml.Node{n.Alias}
	}
	for _, c := range below {
		e, err := m.measure(c, depth+1)
		if err != nil {
			return e, err
		}
		total = extent{total.size + e.size, max(total.height, e.height+1)}
		switch {
		case total.size > maxNodes:
			return total, fmt.Errorf("line %d: more than %d values, aliases written out", n.Line, maxNodes)
		case total.height > maxDepth:
			return total, fmt.Errorf("line %d: more than %d levels, aliases written out", n.Line, maxDepth)
		}
	}
	m.of[n] = total
	return total, nil
}

// behind is what an alias stands for.
func behind(n *yaml.Node) *yaml.Node {
	for range maxDepth {
		if n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	return n
}

// pairs are a mapping's keys and values, in order, those that it merges (<<) before its own.
func pairs(n *yaml.Node, yield func(key, value *yaml.Node)) { pairsOf(n, yield, 0) }

func pairsOf(n *yaml.Node, yield func(key, value *yaml.Node), depth int) {
	n = behind(n)
	if n.Kind != yaml.MappingNode || depth > maxDepth {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "<<" {
			continue
		}
		merged := behind(n.Content[i+1])
		if merged.Kind == yaml.SequenceNode {
			for _, c := range slices.Backward(merged.Content) { // of several the first one counts
				pairsOf(c, yield, depth+1)
			}
			continue
		}
		pairsOf(merged, yield, depth+1)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "<<" {
			yield(n.Content[i], n.Content[i+1])
		}
	}
}

// follows refuses a document that is not whole without other files. Environments (env_file) are left: the model says that they are named.
func follows(root *yaml.Node) (err error) {
	refuse := func(n *yaml.Node, what string) {
		if err == nil {
			err = fmt.Errorf("line %d: %s: %w", n.Line, what, ErrNotFollowed)
		}
	}
	pairs(root, func(key, value *yaml.Node) {
		if key.Value == "include" {
			refuse(key, "include")
		}
		if key.Value != "services" {
			return
		}
		pairs(value, func(_, service *yaml.Node) {
			pairs(service, func(key, value *yaml.Node) {
				if key.Value == "label_file" {
					refuse(key, "label_file")
				}
				if key.Value == "extends" {
					pairs(value, func(key, _ *yaml.Node) {
						if key.Value == "file" {
							refuse(key, "extends")
						}
					})
				}
			})
		})
	})
	return err
}

// At is where something stands, in the last of the files that has it: At("services", "redis", "ports", "0"). Of what is in no file, such as a default, it is
// where what it belongs to stands.
func (p *Project) At(path ...string) Place {
	at, deepest := Place{p.Files[0], 1}, 0
	for _, d := range p.documents {
		if line, depth := find(d.root, path); depth > 0 && depth >= deepest {
			at, deepest = Place{d.file, line}, depth
		}
	}
	return at
}

// Written is the text that stands at a path, in the last of the files that has it, before any variable in it is replaced. It is empty, and there is true, where a
// list or a mapping stands.
func (p *Project) Written(path ...string) (text string, there bool) {
	for _, d := range p.documents {
		if n, _, depth := walk(d.root, path); depth == len(path) {
			n = behind(n)
			text, there = "", true
			if n.Kind == yaml.ScalarNode {
				text = n.Value
			}
		}
	}
	return text, there
}

// find goes down a path as far as it is there, and says where that is and how far it came.
func find(n *yaml.Node, path []string) (line, depth int) {
	_, line, depth = walk(n, path)
	return line, depth
}

// walk is find, with what stands there.
func walk(n *yaml.Node, path []string) (at *yaml.Node, line, depth int) {
	for ; depth < len(path); depth++ {
		n = behind(n)
		var next *yaml.Node
		at := 0
		switch n.Kind {
		case yaml.MappingNode:
			pairs(n, func(key, value *yaml.Node) {
				if key.Value == path[depth] {
					next, at = value, key.Line
				}
			})
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(path[depth]); err == nil && i >= 0 && i < len(n.Content) {
				next, at = n.Content[i], n.Content[i].Line
			}
		}
		if next == nil {
			break
		}
		n, line = next, at
	}
	return n, line, depth
}

// withoutVersion takes the obsolete attribute `version` out, which means nothing any more: compose-go would say so on standard error, and remember in a
// variable of its own that it has.
func withoutVersion(text []byte, root *yaml.Node) ([]byte, error) {
	i := 0
	for ; i < len(root.Content); i += 2 {
		if root.Content[i].Value == "version" {
			break
		}
	}
	if i >= len(root.Content) {
		return text, nil
	}
	rest := *root
	rest.Content = slices.Delete(slices.Clone(root.Content), i, i+2)
	return yaml.Marshal(&rest)
}
