package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// licensed is a list of what a module contains with the licences of each part, kept beside it: a committed module is a distribution
// of all of them.
type licensed struct {
	file   string // the list
	crate  string // the folder of the crate, with its Cargo.lock
	target string
}

// crate is a part of a module.
type crate struct {
	name, version, licence, dir string
}

// checkLicences compares the committed list with one made anew, or writes it.
func (r reproduction) checkLicences(ctx context.Context, a artifact) error {
	text, err := licences(ctx, r.root, *a.licences)
	if err != nil {
		return fmt.Errorf("list the licences: %w", err)
	}
	path := filepath.Join(r.root, a.licences.file)
	if r.record {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("write the licences: %w", err)
		}
		return nil
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the licences: %w", err)
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s does not list what the module contains now: write it with go run ./internal/reproduce --record %s", a.licences.file, a.name)
	}
	fmt.Fprintf(r.out, "  licences are current: %s\n", a.licences.file)
	return nil
}

// licences writes the list for a crate: its own dependencies and those of the standard library that is compiled along.
func licences(ctx context.Context, root string, l licensed) ([]byte, error) {
	own, err := dependencies(ctx, filepath.Join(root, l.crate, "Cargo.toml"), l.target)
	if err != nil {
		return nil, err
	}
	std, err := filepath.Glob(standardSources + "/std/Cargo.toml")
	if err != nil || len(std) == 0 {
		return nil, errors.New("the sources of the standard library are not installed (rust-web-src)")
	}
	standard, err := dependencies(ctx, std[len(std)-1], l.target)
	if err != nil {
		return nil, err
	}
	apache, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("read the text of the Apache licence: %w", err)
	}
	// The standard library's folders have no licence files of their own.
	notice, err := os.ReadFile(filepath.Join(filepath.Dir(std[len(std)-1]), "../../COPYRIGHT"))
	if err != nil {
		return nil, fmt.Errorf("read the notice of the standard library: %w", err)
	}
	lock, err := lockLine(root, l)
	if err != nil {
		return nil, err
	}
	return list(lock, own, standard, string(apache), string(notice))
}

// lockLine says which Cargo.lock a list was made from, so that a test sees without any compiler when it is out of date.
func lockLine(root string, l licensed) (string, error) {
	lock, err := os.ReadFile(filepath.Join(root, l.crate, "Cargo.lock"))
	if err != nil {
		return "", fmt.Errorf("read what the crate is locked to: %w", err)
	}
	return fmt.Sprintf("Made from %s/Cargo.lock with the sha256 %x", l.crate, sha256.Sum256(lock)), nil
}

// dependencies asks cargo for everything that is linked into a crate for target, itself included: what runs only while compiling
// (build scripts, procedural macros) is not.
func dependencies(ctx context.Context, manifest, target string) ([]crate, error) {
	c := exec.CommandContext(ctx, "/usr/bin/cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target, "--manifest-path", manifest)
	c.Env = append(os.Environ(), "PATH=/usr/bin:/bin", "RUSTC_BOOTSTRAP=1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("cargo metadata of %s: %w: %s", manifest, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return parseMetadata(out, manifest)
}

// metadata is the part of cargo's answer that counts here.
type metadata struct {
	Packages []struct {
		ID, Name, Version, License string
		ManifestPath               string `json:"manifest_path"`
		Targets                    []struct{ Kind []string }
	}
	Resolve struct {
		Nodes []struct {
			ID   string
			Deps []struct {
				Pkg      string
				DepKinds []struct{ Kind *string } `json:"dep_kinds"`
			}
		}
	}
}

func parseMetadata(text []byte, manifest string) ([]crate, error) {
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read cargo's metadata: %w", err)
	}
	edges := map[string][]string{}
	for _, n := range m.Resolve.Nodes {
		for _, d := range n.Deps {
			for _, k := range d.DepKinds {
				if k.Kind == nil { // a normal dependency: neither for building nor for tests
					edges[n.ID] = append(edges[n.ID], d.Pkg)
					break
				}
			}
		}
	}
	crates := map[string]crate{}
	var start string
	for _, p := range m.Packages {
		macro := slices.ContainsFunc(p.Targets, func(t struct{ Kind []string }) bool { return slices.Contains(t.Kind, "proc-macro") })
		if !macro {
			crates[p.ID] = crate{p.Name, p.Version, p.License, filepath.Dir(p.ManifestPath)}
		}
		if p.ManifestPath == manifest {
			start = p.ID
		}
	}
	if start == "" {
		return nil, fmt.Errorf("cargo's metadata does not name %s", manifest)
	}
	var found []crate
	seen := map[string]bool{}
	for todo := []string{start}; len(todo) > 0; {
		id := todo[0]
		todo = todo[1:]
		c, linked := crates[id]
		if seen[id] || !linked {
			continue
		}
		seen[id] = true
		found = append(found, c)
		todo = append(todo, edges[id]...)
	}
	slices.SortFunc(found, func(a, b crate) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version)) })
	return found, nil
}

// list writes the file: a table, then each text once with the crates that it belongs to.
func list(lock string, own, standard []crate, apache, notice string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `What the module contains, and under which licences: the crates it is linked from, the standard library's included.
Written by: go run ./internal/reproduce --record host
%s

Where a crate offers a choice that includes Apache-2.0, we take that; its text stands first below, once for all. The texts and notices of
the other licences follow. compiler_builtins comes from the same project as libm and has its MIT text, and LLVM's exception as wasmparser.

`, lock)
	width := 0
	for _, c := range slices.Concat(own, standard) {
		if c.licence == "" {
			return nil, fmt.Errorf("%s %s names no licence", c.name, c.version)
		}
		width = max(width, len(c.name)+1+len(c.version))
	}
	for _, c := range own {
		fmt.Fprintf(&b, "%-*s  %s\n", width, c.name+" "+c.version, c.licence)
	}
	fmt.Fprintf(&b, "\nThe Rust standard library:\n\n")
	for _, c := range standard {
		fmt.Fprintf(&b, "%-*s  %s\n", width, c.name+" "+c.version, c.licence)
	}
	section(&b, "Apache-2.0", apache)
	section(&b, "The Rust standard library", notice)
	texts := map[string][]string{} // text -> crates
	var order []string
	for _, c := range slices.Concat(own, standard) {
		found, err := notices(c)
		if err != nil {
			return nil, err
		}
		for _, text := range found {
			if texts[text] == nil {
				order = append(order, text)
			}
			texts[text] = append(texts[text], c.name+" "+c.version)
		}
	}
	for _, text := range order {
		section(&b, strings.Join(texts[text], ", "), text)
	}
	return b.Bytes(), nil
}

func section(b *bytes.Buffer, title, text string) {
	fmt.Fprintf(b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), title, strings.TrimSpace(text))
}

// notices are the texts that have to go with a crate: its notices, and its licences unless we take it under Apache-2.0.
func notices(c crate) ([]string, error) {
	if strings.Contains(c.dir, "/library/") { // of the standard library: one notice for all
		return nil, nil
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, fmt.Errorf("look for the licence of %s: %w", c.name, err)
	}
	var texts []string
	licence := false
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		isLicence := strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") || strings.HasPrefix(name, "COPYING")
		isNotice := strings.HasPrefix(name, "NOTICE") || strings.HasPrefix(name, "COPYRIGHT")
		if e.IsDir() || !isNotice && (!isLicence || underApache(c.licence)) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(c.dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the licence of %s: %w", c.name, err)
		}
		texts = append(texts, strings.ReplaceAll(string(text), "\r\n", "\n"))
		licence = licence || isLicence
	}
	if !licence && !underApache(c.licence) {
		return nil, fmt.Errorf("%s %s is under %s, and its folder has no text of that", c.name, c.version, c.licence)
	}
	return texts, nil
}

// underApache tells that a licence expression is, or offers the choice of, Apache-2.0 without an exception.
func underApache(expression string) bool {
	for choice := range strings.SplitSeq(strings.ReplaceAll(expression, "/", " OR "), " OR ") {
		if strings.Trim(choice, " ()") == "Apache-2.0" {
			return !strings.Contains(expression, " AND ")
		}
	}
	return false
}
