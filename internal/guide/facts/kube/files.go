package kube

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// ErrBounds is wrapped by the errors about a tree that is larger than this package reads.
var ErrBounds = errors.New("it is larger than is read here")

// ErrOutside is wrapped by the errors about what a kustomization takes from elsewhere than the tree's own files.
var ErrOutside = errors.New("only files of the tree are read, by plain relative paths")

// kind is what stands at a path: its type, and whether there is anything. A symbolic link is an error: where it leads is not the tree's.
func (l *loader) kind(name string) (fs.FileMode, bool, error) {
	if name == "." {
		return fs.ModeDir, true, nil
	}
	mode, there, err := l.kind(path.Dir(name))
	if err != nil || !there || !mode.IsDir() {
		return 0, false, err
	}
	known, ok := l.types[name]
	if !ok {
		at, err := fs.Lstat(l.tree, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return 0, false, fmt.Errorf("look at %s: %w", name, err)
		default:
			known = new(at.Mode().Type())
		}
		l.types[name] = known
	}
	if known == nil {
		return 0, false, nil
	}
	if *known&fs.ModeSymlink != 0 {
		return 0, false, fmt.Errorf("%s is a symbolic link: %w", name, ErrOutside)
	}
	return *known, true, nil
}

// read takes a file into memory, once.
func (l *loader) read(name string) ([]byte, error) {
	mode, there, err := l.kind(name)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is no file", name)
	}
	if l.files[name] {
		return l.memory.ReadFile(treeRoot + "/" + name)
	}
	if len(l.files) == maxFiles {
		return nil, fmt.Errorf("%s is one file more than %d: %w", name, maxFiles, ErrBounds)
	}
	file, err := l.tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("%s has more than %d bytes: %w", name, maxFileBytes, ErrBounds)
	}
	if l.bytes += len(text); l.bytes > maxTotalBytes {
		return nil, fmt.Errorf("with %s the files have more than %d bytes: %w", name, maxTotalBytes, ErrBounds)
	}
	l.files[name] = true
	return text, l.memory.WriteFile(treeRoot+"/"+name, text)
}

// within is the path of the tree that a kustomization in dir means by a text.
func within(dir, text string) (string, error) {
	first, _, _ := strings.Cut(text, "/")
	// What kustomize would fetch: a URL, an address as git and ssh write it, and GitHub's name without anything before it.
	if text == "" || path.IsAbs(text) || strings.ContainsAny(text, ":@?\\\x00") || strings.EqualFold(first, "github.com") {
		return "", fmt.Errorf("%.200q: %w", text, ErrOutside)
	}
	name := path.Join(dir, text)
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%.200q leads out of the tree: %w", text, ErrOutside)
	}
	return name, nil
}
