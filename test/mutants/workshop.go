package mutants

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// Cargo is Debian's: what is built with another would be another contract.
const Cargo = "/usr/bin/cargo"

// A Workshop is a copy of contract/ in which mutants are built, one after the other, and what cargo has built of it. It is in the cache, so what
// does not change is built once.
type Workshop struct {
	Contract string // the copy
	dir      string
	target   string // where cargo builds
	env      []string
	out      io.Writer
	unlock   func()
}

// Open makes the workshop of this number, from 1 on, ready with the contract as it stands in the tree, and keeps others out of it until Close.
// What its programs say goes to out.
//
// It builds in a folder of its own: cargo names what it builds of a package by where that lies in its workspace, and would take a mutant that
// lies in the same place of another folder for the contract.
func Open(ctx context.Context, tree string, number int, out io.Writer) (*Workshop, error) {
	folder, err := cache.Folder("mutants")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(folder, fmt.Sprintf("workshop-%d", number))
	w := &Workshop{Contract: filepath.Join(dir, "contract"), dir: dir, target: filepath.Join(dir, "target"), out: out}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		return nil, fmt.Errorf("make a workshop for mutants: %w", err)
	}
	if w.unlock, err = cache.Lock(ctx, filepath.Join(dir, "lock"), out); err != nil {
		return nil, err
	}
	err = errors.Join(mirror(filepath.Join(tree, "contract"), w.Contract), w.linker())
	if number == 1 && err == nil {
		err = w.Furnish(filepath.Join(filepath.Dir(folder), "contract-target")) // of test/run, which tests the contract
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("make a workshop for mutants: %w", err)
	}
	w.env = append(without(os.Environ(), "CARGO", "RUST", "PATH="), "PATH="+filepath.Join(dir, "bin")+":/usr/bin:/bin", "CARGO_TARGET_DIR="+w.target, "CARGO_TERM_COLOR=never",
		"RUSTC_BOOTSTRAP=0", "STELLARESCROW_MUTANT=1")
	return w, nil
}

// Close lets others in.
func (w *Workshop) Close() { w.unlock() }

// linker puts LLVM's linker in the place of the compiler's own where it is there: the host is large, and is linked for every mutant.
func (w *Workshop) linker() error {
	const lld = "/usr/bin/ld.lld-19"
	if _, err := os.Stat(lld); err != nil {
		return nil
	}
	ld := filepath.Join(w.dir, "bin", "ld")
	if err := os.Symlink(lld, ld); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, "bin", "cc"), []byte("#!/bin/sh\nexec /usr/bin/cc -B'"+filepath.Dir(ld)+"' \"$@\"\n"), 0o755)
}

// mirror makes to hold what from holds, and nothing else. What is the same stays untouched: cargo goes by the times of files.
func mirror(from, to string) error {
	keep := map[string]bool{}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		keep[rel] = true
		target := filepath.Join(to, rel)
		if d.IsDir() {
			if d.Name() == "target" || d.Name() == "corpus" || d.Name() == "artifacts" {
				return filepath.SkipDir
			}
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if old, err := os.ReadFile(target); err == nil && bytes.Equal(old, text) {
			return nil
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(to, path)
		if err != nil || keep[rel] {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what the contract has no more: %w", err)
		}
		if d.IsDir() {
			return filepath.SkipDir
		}
		return nil
	})
}

// sum is a hash of all that is in the copy.
func (w *Workshop) sum() (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(w.Contract, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", path, len(text))
		h.Write(text)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the copy of the contract: %w", err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// ours begin the names of the contract's packages.
var ours = []string{"stellar-escrow", "token-fixture", "board"}

// Furnish gives the workshop what cargo has built in another folder, if it has nothing yet: of that, what is not ours is the same here.
// Where nothing is built, nothing is given.
func (w *Workshop) Furnish(from string) error {
	if _, err := os.Stat(w.target); err == nil {
		return nil
	}
	from = filepath.Join(from, "debug")
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unfinished := w.target + ".new"
	err := errors.Join(os.RemoveAll(unfinished), filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		isOurs := slices.ContainsFunc(ours, func(name string) bool { return strings.HasPrefix(d.Name(), name) })
		switch {
		case d.IsDir() && (isOurs || d.Name() == "incremental" || d.Name() == "examples"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(unfinished, "debug", rel), 0o755)
		case filepath.Dir(rel) == "deps" && filepath.Ext(path) == "", filepath.Dir(rel) == ".":
			return nil // a program
		}
		return copyWithTime(path, filepath.Join(unfinished, "debug", rel))
	}))
	if err == nil {
		err = os.Rename(unfinished, w.target)
	}
	if err != nil {
		return fmt.Errorf("furnish a workshop for mutants: %w", err)
	}
	return nil
}

// copyWithTime copies a file with the time of its last change, by which cargo tells whether it has to build it again.
func copyWithTime(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close(), os.Chtimes(to, time.Time{}, info.ModTime()))
}
