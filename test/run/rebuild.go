package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// otherCompiler is what internal/reproduce says when Debian no longer serves the compiler that the committed files were built with.
const otherCompiler = "built by another compiler, not compared"

// rebuild builds contract and host from their sources and compares. What another compiler built cannot be compared: it then has to pass
// every story in place of the committed one, in a copy of the tree, and the last lines of the summary say how to record it.
func rebuild(ctx context.Context, s suite) error {
	if _, err := os.Stat("/usr/bin/cargo"); err != nil {
		return missing{"/usr/bin/cargo", rustInstall}
	}
	var said bytes.Buffer
	both := s
	both.out = io.MultiWriter(s.out, &said)
	for _, what := range []string{"contract", "host"} {
		if err := both.command(ctx, ".", nil, "go", "run", "./internal/reproduce", what); err != nil {
			return err
		}
	}
	at := strings.Index(said.String(), otherCompiler)
	if at < 0 {
		return nil
	}
	*s.notes = append(*s.notes, strings.TrimSpace(said.String()[at:]))
	return s.tryRebuilt(ctx)
}

// tryRebuilt records what this compiler builds in a copy of the tree and replays the stories there.
func (s suite) tryRebuilt(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "stellarescrow-rebuilt-*")
	if err != nil {
		return fmt.Errorf("make a folder for a copy of the tree: %w", err)
	}
	defer os.RemoveAll(dir) // a copy in a temporary folder: what stays behind harms nobody
	copied := filepath.Join(dir, "tree")
	if err := s.command(ctx, ".", nil, "git", "clone", "--quiet", ".", copied); err != nil {
		return err
	}
	if err := s.command(ctx, copied, nil, "go", "run", "./internal/reproduce", "--record", "contract", "host"); err != nil {
		return err
	}
	return s.command(ctx, copied, nil, "go", "test", "./contract/...", "./internal/localnet/...", "./internal/stellar/...", "./test/e2e")
}
