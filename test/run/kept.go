package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// madeOf is one name for what tests are made of, as it is now (pathsOf).
func madeOf(ctx context.Context, packages, besides []string) (string, error) {
	paths, err := pathsOf(ctx, packages, besides)
	if err != nil {
		return "", err
	}
	return treeID(ctx, paths)
}

// pathsOf are what tests are made of: the folders of their packages and of all of the module that these are built from, the pinned libraries, and the paths
// that the tests read besides.
func pathsOf(ctx context.Context, packages, besides []string) ([]string, error) {
	args := []string{"list", "-deps", "-test", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}"}
	for _, dir := range packages {
		args = append(args, "./"+dir)
	}
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if err != nil {
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	folders := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' }) // one a line, empty for a package of others; a folder may have spaces
	return slices.Concat([]string{"go.mod", "go.sum"}, folders, besides), nil
}

// treeID is one name for the files below the paths, as they are now; without paths for all that git would commit.
func treeID(ctx context.Context, paths []string) (string, error) {
	args := append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, paths...)
	out, err := exec.CommandContext(ctx, "git", args...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: a proof is of one tree, so it needs the repository", strings.Join(args, " "), err)
	}
	names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	slices.Sort(names)
	h := sha256.New()
	for _, name := range slices.Compact(names) {
		text, err := os.ReadFile(name)
		if info, statErr := os.Lstat(name); statErr == nil && !info.Mode().IsRegular() {
			text, err = []byte(info.Mode().Type().String()), nil // a link: what it names is elsewhere in the list
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return "", fmt.Errorf("read what a proof is of: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(text))
		h.Write(text)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), nil
}

// readKept reads what an earlier run has kept in a file (writeWhole) into v, and leaves v as it is where there is no such file.
func readKept(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("read what an earlier run has kept: %w; remove %s to begin anew", err, path)
	}
	return nil
}

// writeWhole replaces a file by what v is in JSON, as a whole: a run that is killed leaves the one before.
func writeWhole(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return err
}
