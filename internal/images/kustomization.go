package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kustomization is a kustomization file whose `images:` say what is deployed. Only the lines of tags and digests are ever written; all others stay to the letter.
type Kustomization struct {
	lines   []string
	entries []entry
}

// entry is one of its images.
type entry struct {
	name, newName, newTag, digest string
	lines                         map[string]int // of its fields, from 0
	last                          int            // line of its last field
	indent                        string
}

const maxKustomizationBytes = 1 << 20

// ParseKustomization reads one. Each of its images must be written as `- name: …`, a field a line, with newName and newTag in full; aliases are refused.
func ParseKustomization(text []byte) (Kustomization, error) {
	if len(text) > maxKustomizationBytes {
		return Kustomization{}, fmt.Errorf("kustomization: %d bytes are more than %d", len(text), maxKustomizationBytes)
	}
	var doc struct {
		Images []yaml.Node `yaml:"images"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return Kustomization{}, fmt.Errorf("kustomization: %w", err)
	}
	if len(doc.Images) == 0 || len(doc.Images) > maxImages {
		return Kustomization{}, fmt.Errorf("kustomization: %d entries in images, and there must be 1 to %d", len(doc.Images), maxImages)
	}
	k := Kustomization{lines: strings.SplitAfter(string(text), "\n")}
	for _, node := range doc.Images {
		e, err := k.read(node)
		if err != nil {
			return Kustomization{}, fmt.Errorf("kustomization, line %d: %w", node.Line, err)
		}
		k.entries = append(k.entries, e)
	}
	return k, nil
}

func (k Kustomization) read(node yaml.Node) (entry, error) {
	if node.Kind != yaml.MappingNode || node.Style&yaml.FlowStyle != 0 {
		return entry{}, errors.New("write an image as `- name: …` with a field a line")
	}
	e := entry{lines: map[string]int{}, indent: strings.Repeat(" ", node.Column-1)}
	fields := map[string]*string{"name": &e.name, "newName": &e.newName, "newTag": &e.newTag, "digest": &e.digest}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		into, known := fields[key.Value]
		if !known || value.Kind != yaml.ScalarNode || value.Line != key.Line {
			return entry{}, fmt.Errorf("%s: an image has name, newName, newTag and digest, each on one line", key.Value)
		}
		if taken := slices.ContainsFunc(k.entries, func(o entry) bool { return o.last == key.Line-1 }) || e.lines[key.Value] != 0; taken {
			return entry{}, fmt.Errorf("%s: it shares its line", key.Value)
		}
		*into, e.lines[key.Value], e.last = value.Value, key.Line-1, key.Line-1
	}
	if _, err := tagged(e.newName + ":" + e.newTag); err != nil {
		return entry{}, fmt.Errorf("image %s: %w", e.name, err)
	}
	return e, nil
}

// Pin returns the file with a tag and a digest in each entry. An entry of an image in the lock, by its repository, gets the lock's tag and digest; the others are
// ours: they get the tag of the release, if one is given, and the digest that it has now. As Resolve it is all or nothing.
func (k Kustomization) Pin(ctx context.Context, locked Lock, release string, resolve Resolver) ([]byte, error) {
	known := map[string]Locked{}
	for _, image := range locked.Images {
		tag, err := tagged(image.Reference)
		if err != nil {
			return nil, err
		}
		known[tag.Context().Name()] = image
	}
	var own Lock
	pinned := make([]Locked, len(k.entries))
	for i, e := range k.entries {
		tag, err := tagged(e.newName + ":" + e.newTag)
		if err != nil {
			return nil, err
		}
		image, ok := known[tag.Context().Name()]
		if ok {
			if image.Digest == "" {
				return nil, fmt.Errorf("image %s (%s) is %w: it has no digest in the lock", image.Name, image.Reference, ErrUnresolved)
			}
			pinned[i] = image
			continue
		}
		if release != "" {
			e.newTag = release
		}
		own.Images = append(own.Images, Locked{Name: e.name, Reference: e.newName + ":" + e.newTag})
	}
	now, err := own.Resolve(ctx, resolve)
	if err != nil {
		return nil, err
	}
	for i := range pinned {
		if pinned[i].Name == "" {
			pinned[i], now.Images = now.Images[0], now.Images[1:]
		}
	}
	return k.text(pinned)
}

// text writes the entries' lines.
func (k Kustomization) text(pinned []Locked) ([]byte, error) {
	lines := slices.Clone(k.lines)
	for i, e := range k.entries {
		tag, err := tagged(pinned[i].Reference)
		if err != nil {
			return nil, err
		}
		set(lines, e, "newTag", tag.TagStr())
		if _, there := e.lines["digest"]; there {
			set(lines, e, "digest", pinned[i].Digest)
			continue
		}
		line := lines[e.last]
		if !strings.HasSuffix(line, "\n") {
			line += "\n"
		}
		lines[e.last] = line + e.indent + "digest: " + pinned[i].Digest + "\n"
	}
	text := []byte(strings.Join(lines, ""))
	again, err := ParseKustomization(text)
	if err != nil {
		return nil, fmt.Errorf("what would be written cannot be read: %w", err)
	}
	for i, e := range again.entries {
		if e.name != k.entries[i].name || e.newName != k.entries[i].newName || e.digest != pinned[i].Digest || e.newName+":"+e.newTag != reference(e, pinned[i]) {
			return nil, fmt.Errorf("image %s: what would be written reads %s:%s@%s", e.name, e.newName, e.newTag, e.digest)
		}
	}
	return bytes.Clone(text), nil
}

// reference is what an entry must say: its own repository, and the tag that was pinned.
func reference(e entry, image Locked) string {
	return e.newName + image.Reference[strings.LastIndexByte(image.Reference, ':'):]
}

// set replaces a field's value and keeps what stands before it and after.
func set(lines []string, e entry, field, value string) {
	old := map[string]string{"newTag": e.newTag, "digest": e.digest}[field]
	line := lines[e.lines[field]]
	at := strings.Index(line, field+":") + len(field) + 1
	if old == "" { // digest: ""
		lines[e.lines[field]] = line[:at] + " " + value + "\n"
		return
	}
	from := at + strings.Index(line[at:], old)
	to := from + len(old)
	if line[from-1] == '"' || line[from-1] == '\'' { // a tag that looked like a number
		from, to = from-1, to+1
	}
	if field == "newTag" && looksOtherwise(value) {
		value = `"` + value + `"`
	}
	lines[e.lines[field]] = line[:from] + value + line[to:]
}

// looksOtherwise tells whether YAML would read a tag as something else than text.
func looksOtherwise(value string) bool {
	var node yaml.Node
	return yaml.Unmarshal([]byte(value), &node) != nil || len(node.Content) != 1 || node.Content[0].Tag != "!!str"
}
