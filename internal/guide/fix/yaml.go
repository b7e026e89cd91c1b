package fix

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is a YAML file of one or more documents whose text is edited in place.
type manifest struct {
	text []byte
	docs []*yaml.Node // their outermost mappings
}

func readYAML(text []byte) (*manifest, error) {
	if bytes.ContainsRune(text, '\r') || bytes.ContainsRune(text, '\t') {
		return nil, errGuess // lines and columns are counted otherwise with these
	}
	m := &manifest{text: text}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		if len(doc.Content) == 1 && doc.Content[0].Kind == yaml.MappingNode {
			m.docs = append(m.docs, doc.Content[0])
		}
	}
}

// at is the document that a line is in.
func (m *manifest) at(line int) (*yaml.Node, error) {
	var found *yaml.Node
	for _, d := range m.docs {
		if d.Line <= line || line == 0 && found == nil {
			found = d
		}
	}
	if found == nil {
		return nil, errGuess
	}
	return found, nil
}

// child is the value of a key that the mapping itself has; nil for none.
func child(mapping *yaml.Node, name string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// descend is child of child; nil where one is missing.
func descend(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		node = child(node, name)
	}
	return node
}

// holder is the mapping that a key comes from: the mapping itself, or one that it merges (<<), or itself if none has it.
func holder(mapping *yaml.Node, name string) *yaml.Node {
	if child(mapping, name) != nil {
		return mapping
	}
	merged := child(mapping, "<<")
	if merged == nil {
		return mapping
	}
	from := []*yaml.Node{merged}
	if merged.Kind == yaml.SequenceNode {
		from = merged.Content
	}
	for _, f := range from {
		if f.Kind == yaml.AliasNode {
			f = f.Alias
		}
		if h := holder(f, name); child(h, name) != nil {
			return h
		}
	}
	return mapping
}

// set is the text with a value at a path below a mapping. What is missing on the way is added; what is there must be a value on one line.
func (m *manifest) set(mapping *yaml.Node, value string, path ...string) ([]byte, error) {
	for len(path) > 1 {
		below := child(mapping, path[0])
		if below == nil {
			for _, name := range slices.Backward(path[1:]) {
				value = "{" + name + ": " + value + "}"
			}
			path = path[:1]
			break
		}
		if below.Kind != yaml.MappingNode {
			return nil, errGuess
		}
		mapping, path = below, path[1:]
	}
	if old := child(mapping, path[0]); old != nil {
		return m.replace(old, value)
	}
	return m.insert(mapping, path[0]+": "+value)
}

// replace puts a value in the place of another that stands on one line.
func (m *manifest) replace(old *yaml.Node, value string) ([]byte, error) {
	from, to, err := m.span(old)
	if err != nil {
		return nil, err
	}
	return m.parsed(slices.Concat(m.text[:from], []byte(value), m.text[to:]))
}

// insert adds an entry to a mapping: after its first, if that is on one line, else before it.
func (m *manifest) insert(mapping *yaml.Node, entry string) ([]byte, error) {
	if mapping.Kind != yaml.MappingNode {
		return nil, errGuess
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		at, err := m.offset(mapping)
		if err != nil || m.text[at] != '{' {
			return nil, errGuess
		}
		if len(mapping.Content) > 0 {
			entry += ", "
		}
		return m.parsed(slices.Concat(m.text[:at+1], []byte(entry), m.text[at+1:]))
	}
	if len(mapping.Content) == 0 {
		return nil, errGuess
	}
	first := mapping.Content[0]
	start, err := m.offset(first)
	if err != nil {
		return nil, err
	}
	line := bytes.LastIndexByte(m.text[:start], '\n') + 1
	indented := []byte(strings.Repeat(" ", first.Column-1) + entry + "\n")
	if _, _, err := m.span(mapping.Content[1]); err == nil && mapping.Content[1].Line == first.Line {
		end := bytes.IndexByte(m.text[start:], '\n')
		if end < 0 {
			return nil, errGuess
		}
		line = start + end + 1
	} else if len(bytes.TrimSpace(m.text[line:start])) > 0 {
		return nil, errGuess // behind the dash of a list
	}
	return m.parsed(slices.Concat(m.text[:line], indented, m.text[line:]))
}

// parsed is the text, if it is YAML still and has the documents that it had.
func (m *manifest) parsed(text []byte) ([]byte, error) {
	again, err := readYAML(text)
	if err != nil {
		return nil, fmt.Errorf("the edit would break the file: %w", err)
	}
	if len(again.docs) != len(m.docs) {
		return nil, errGuess
	}
	return text, nil
}

// offset is where a node begins. Columns count characters.
func (m *manifest) offset(n *yaml.Node) (int, error) {
	at := 0
	for range n.Line - 1 {
		end := bytes.IndexByte(m.text[at:], '\n')
		if end < 0 {
			return 0, errGuess
		}
		at += end + 1
	}
	rest := string(m.text[at:])
	column := 1
	for i, r := range rest {
		if column == n.Column {
			return at + i, nil
		}
		if r == '\n' {
			break
		}
		column++
	}
	return 0, errGuess
}

// span is from where to where a value stands that is on one line and has neither anchor nor tag of its own.
func (m *manifest) span(n *yaml.Node) (from, to int, err error) {
	if n.Anchor != "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) != 0 {
		return 0, 0, errGuess
	}
	if from, err = m.offset(n); err != nil {
		return 0, 0, err
	}
	line := m.text[from:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	switch {
	case n.Kind == yaml.AliasNode:
		return from, from + 1 + len(n.Value), nil
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0, n.Style&yaml.FlowStyle != 0:
		end := closing(line)
		if end < 0 {
			return 0, 0, errGuess
		}
		return from, from + end, nil
	case n.Kind == yaml.ScalarNode && n.Value != "" && bytes.HasPrefix(line, []byte(n.Value)):
		return from, from + len(n.Value), nil
	}
	return 0, 0, errGuess
}

// closing is behind what closes the quote or bracket that the line begins with; -1 if nothing does.
func closing(line []byte) int {
	depth := 0
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\', quote == '\'' && c == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if quote == 0 && depth == 0 {
			return i + 1
		}
	}
	return -1
}
