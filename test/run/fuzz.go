package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// fuzzAll runs each fuzz target of the module for the time given. What it finds lands in the package's testdata, to be committed as a test;
// the corpus grows in the build cache, so the next run goes on where this one stopped. An input is not made smaller for longer than 5 s: a target that
// renders manifests or dumps a database would do nothing else with its time.
func (s suite) fuzzAll(ctx context.Context, length, only string) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "./...").Output()
	if err != nil {
		return fmt.Errorf("list packages: %w", err)
	}
	ran := 0
	for dir := range strings.FieldsSeq(string(out)) {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, m := range fuzzTarget.FindAllStringSubmatch(string(text), -1) {
				if only != "" && only != m[1] {
					continue
				}
				fmt.Fprintf(s.out, "--- %s in %s\n", m[1], dir)
				if err := s.command(ctx, dir, nil, "go", "test", "-run=^$", "-fuzz=^"+m[1]+"$", "-fuzztime="+length, "-fuzzminimizetime=5s", "."); err != nil {
					return err
				}
				ran++
			}
		}
	}
	if ran == 0 {
		return fmt.Errorf("no fuzz target is called %q", only)
	}
	fmt.Fprintf(s.out, "%d fuzz targets ran for %s each\n", ran, length)
	return nil
}
