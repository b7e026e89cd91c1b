package kube

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"go.yaml.in/yaml/v3"
)

// FuzzDocuments: what has been let through is no larger than was measured, whoever expands it next.
func FuzzDocuments(f *testing.F) {
	for _, text := range []string{
		"", "---\n...\n", "a: 1\n---\nb: 2\n", "a: &a [x]\nb: [*a, *a]\n", "a: &a {b: *a}\n", "<<: {a: 1}\na: 2\n", "? {a: b}\n: c\n", "a: 1\na: 2\n",
		"a: &a [1,2]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "- !!binary aGk=\n- 0440\n- yes\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", "\xff\xfea\x00", "[[[[", "&a *a",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := documents(text)
		if err != nil {
			return
		}
		values := 0
		for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var root yaml.Node
			if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("it was let through, and cannot be read: %v", err)
			}
			values += expanded(t, &root, 0)
		}
		if values > maxNodes+10*(len(found)+1) { // the nodes around a document, and empty ones
			t.Errorf("%d values were let through", values)
		}
	})
}

// expanded counts as whoever expands every alias does, without keeping anything.
func expanded(t *testing.T, n *yaml.Node, depth int) int {
	if depth > 2*maxDepth+10 { // an alias and what it stands for are one level
		t.Fatal("it was let through, and is deeper than is let through")
	}
	if n.Kind == yaml.AliasNode {
		return 1 + expanded(t, n.Alias, depth+1)
	}
	all := 1
	for _, c := range n.Content {
		all += expanded(t, c, depth+1)
	}
	return all
}
