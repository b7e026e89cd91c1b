package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// builder runs recipes in the tree at root.
type builder struct {
	root  string
	cache string    // folder for cargo's output, kept between runs
	log   io.Writer // what the recipes print
}

// build runs the recipe and returns the module. Two runs at a time in one cache wait for each other.
func (b builder) build(ctx context.Context, a artifact) ([]byte, error) {
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for what is built: %w", err)
	}
	target := filepath.Join(b.cache, a.cache)
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return nil, fmt.Errorf("wait for other builds in %s: %w", target, err)
	}
	defer unlock()
	built := filepath.Join(target, a.built)
	// What an earlier run left must not pass for what this one builds.
	if err := os.RemoveAll(built); err != nil {
		return nil, fmt.Errorf("remove an earlier build: %w", err)
	}
	script := procgroup.Command(ctx, filepath.Join(b.root, a.recipe[0]), append(a.recipe[1:len(a.recipe):len(a.recipe)], target)...)
	script.Dir = b.root
	script.Stdout, script.Stderr = b.log, b.log
	if err := procgroup.Run(script); err != nil {
		return nil, fmt.Errorf("build %s with %s: %w", a.name, a.recipe[0], err)
	}
	wasm, err := os.ReadFile(built)
	if err != nil {
		return nil, fmt.Errorf("read what %s built: %w", a.recipe[0], err)
	}
	return wasm, nil
}

// lock takes the lock file at path. The wait for it ends with the context; a lock that comes later is given back.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	type taken struct {
		unlock func()
		err    error
	}
	got := make(chan taken, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		got <- taken{unlock, err}
	}()
	select {
	case l := <-got:
		return l.unlock, l.err
	case <-ctx.Done():
		go func() {
			if l := <-got; l.err == nil {
				l.unlock()
			}
		}()
		return nil, ctx.Err()
	}
}

// findRoot looks for go.mod from dir upwards.
func findRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the root of the tree: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod in this folder or above: run it inside the tree")
		}
		dir = up
	}
}
