package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// What `make bench` measures: every benchmark of these packages.
var benchPackages = []string{"test/bench", "internal/store/postgres", "internal/store/sqlite", "internal/guide/clauses", "internal/guide/reach", "internal/guide/probe/tlsprobe"}

// benchmark is one of a package's, by its function.
type benchmark struct{ dir, name string }

// part is how people name it: by its function, or by its package where it is called Benchmark alone.
func (b benchmark) part() string {
	if name := strings.TrimPrefix(b.name, "Benchmark"); name != "" {
		return name
	}
	return filepath.Base(b.dir)
}

// measured is what each benchmark of an unfinished run printed, by its package and name.
type measured map[string][]string

// benchAll runs every benchmark, or those whose name a PART is found in, one after the other, and goes on after one that fails. A run of all of them that is
// stopped goes on where it was, on the same tree; one that has come to its end begins anew, since figures are of the machine as much as of the tree.
func (s suite) benchAll(ctx context.Context, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("PART=%s is no expression: %w", only, err)
	}
	var chosen []benchmark
	var parts []string
	for _, dir := range benchPackages {
		of, err := benchmarksOf(dir)
		if err != nil {
			return err
		}
		for _, b := range of {
			parts = append(parts, b.part())
			if wanted.MatchString(b.part()) {
				chosen = append(chosen, b)
			}
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("PART=%s is no benchmark: there are %s", only, strings.Join(parts, " "))
	}
	path, done := "", measured{}
	if only == "" {
		if path, done, err = s.measuredBefore(ctx); err != nil {
			return err
		}
	}
	var lines, failed []string
	for _, b := range chosen {
		key := b.dir + " " + b.name
		said, before := done[key]
		if !before {
			if ctx.Err() != nil {
				return fmt.Errorf("stopped before %s; what has been measured is kept: run it again to go on: %w", key, context.Cause(ctx))
			}
			began := time.Now()
			if said, err = s.benchOne(ctx, b); err != nil {
				fmt.Fprintf(s.out, "%s: %v\n", key, err)
				failed = append(failed, b.part())
				lines = append(lines, said...)
				lines = append(lines, fmt.Sprintf("%s FAILED: %v", key, err))
				continue
			}
			fmt.Fprintf(s.out, "%s took %s\n", key, time.Since(began).Round(time.Second))
			done[key] = said
			if path != "" {
				if err := writeWhole(path, done); err != nil {
					return fmt.Errorf("keep what %s has measured: %w", key, err)
				}
			}
		}
		lines = append(lines, said...)
	}
	fmt.Fprintf(s.out, "\nmeasured:\n%s\n", strings.Join(lines, "\n"))
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d benchmarks failed: %s", len(failed), len(chosen), strings.Join(failed, ", "))
	}
	if path != "" {
		return os.Remove(path)
	}
	return nil
}

// What a benchmark prints of itself: its figures, and why it has none or fails.
var benchFigure = regexp.MustCompile(`(?m)^(Benchmark\S+[ \t]+\d+[ \t].*|(?: {4}.*\n)*--- (?:SKIP|FAIL): Benchmark.*)$`)

// benchOne runs one benchmark once and answers the lines with its figures, of one that failed too. It passes -v,
// without which go does not name a benchmark that was skipped.
func (s suite) benchOne(ctx context.Context, b benchmark) ([]string, error) {
	fmt.Fprintf(s.out, "--- %s %s\n", b.dir, b.name)
	var out bytes.Buffer
	tee := s
	tee.out = io.MultiWriter(s.out, &out)
	err := tee.command(ctx, ".", nil, "go", "test", "-v", "-run=^$", "-bench=^"+b.name+"$", "-benchtime=1x", "-timeout=1h", "./"+b.dir)
	var said []string
	for _, m := range benchFigure.FindAllStringSubmatch(out.String(), -1) {
		said = append(said, m[1])
	}
	if err == nil && len(said) == 0 {
		err = errors.New("it passed and printed no figure: it measured nothing")
	}
	return said, err
}

// measuredBefore is what an unfinished run has measured of the tree as it is, and the file that keeps it.
func (s suite) measuredBefore(ctx context.Context) (path string, done measured, err error) {
	key, err := treeID(ctx, nil)
	if err != nil {
		return "", nil, err
	}
	path, done = filepath.Join(s.cache, "bench-"+key+".json"), measured{}
	err = readKept(path, &done)
	return path, done, err
}

var benchFunction = regexp.MustCompile(`(?m)^func (Benchmark\w*)\(\w+ \*testing\.B\)`)

// benchmarksOf are a package's.
func benchmarksOf(dir string) (all []benchmark, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range benchFunction.FindAllStringSubmatch(string(text), -1) {
			all = append(all, benchmark{dir, m[1]})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no benchmark is in %s: run it from the root of the repository", dir)
	}
	return all, nil
}
