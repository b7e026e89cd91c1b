package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
)

// rebuild builds contract and host from their sources and compares them with the committed files. What the recorded compiler builds must
// be the same to the byte. What another one builds cannot be compared: it then has to pass every story in place of the committed one,
// and the last lines of the summary say so, and how to record it.
func rebuild(ctx context.Context, s suite) error {
	if _, err := os.Stat(s.cargo); err != nil {
		return missing{s.cargo, debian.Install(debian.Rust())}
	}
	dir, err := os.MkdirTemp("", "stellarescrow-rebuild-*")
	if err != nil {
		return fmt.Errorf("make a folder for a copy of the tree: %w", err)
	}
	defer os.RemoveAll(dir) // what stays behind of a copy harms nobody
	built, note := filepath.Join(dir, "built"), filepath.Join(dir, "not-compared")
	if err := s.command(ctx, ".", nil, "go", "run", "./internal/reproduce", "--note", note, "--out", built, "contract", "host"); err != nil {
		return err
	}
	text, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what could not be compared: %w", err)
	}
	*s.notes = append(*s.notes, strings.TrimSpace(string(text)))
	if err := s.tryRebuilt(ctx, built, filepath.Join(dir, "tree")); err != nil {
		return fmt.Errorf("what another compiler built does not pass in place of the committed files: %w", err)
	}
	return nil
}

// tryRebuilt records what was built in a copy of the tree and replays the stories there, with the tests of all that runs or reads the files.
func (s suite) tryRebuilt(ctx context.Context, built, copied string) error {
	if err := copyTree(ctx, copied); err != nil {
		return err
	}
	if err := s.command(ctx, copied, nil, "go", "run", "./internal/reproduce", "--record", "--from", built, "contract", "host"); err != nil {
		return err
	}
	return s.command(ctx, copied, nil, "go", "test", "./contract/...", "./internal/localnet/...", "./internal/stellar/...", "./test/e2e")
}

// copyTree copies what git would commit of the tree as it is now: what was built came from there, not from the last commit.
func copyTree(ctx context.Context, to string) error {
	out, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("list the files of the tree: git ls-files: %w", err)
	}
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return fmt.Errorf("copy the tree: %w", err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("copy the tree: %w", err)
		}
		target := filepath.Join(to, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("copy the tree: %w", err)
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return fmt.Errorf("copy the tree: %w", err)
		}
	}
	return nil
}
