package opinions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// File is where a tree explains why it stands as it is though a tool would have it otherwise.
const File = "docs/second-opinions.yaml"

// Explanations are why tools disagree.
type Explanations struct {
	Explained []Explanation `yaml:"explained"`
}

// Explanation is of one rule of one tool.
type Explanation struct {
	Tool    string `yaml:"tool"`
	Version string `yaml:"version"` // what the tool's version begins with, where others say otherwise; empty: of all
	Rule    string `yaml:"rule"`
	// Subjects are those of which it is known: "Deployment stellar-escrow/api", or a path. Each must be there, and none more.
	Subjects []string `yaml:"subjects"`
	Reason   string   `yaml:"reason"`
}

// shortestReason is how many words a reason has at least: one word is none.
const shortestReason = 4

// Read reads explanations. Everything that is wrong with them is told at once.
func Read(text []byte) (Explanations, error) {
	var e Explanations
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&e); err != nil && !errors.Is(err, io.EOF) {
		return e, fmt.Errorf("%s: %w", File, err)
	}
	if dec.Decode(&yaml.Node{}) != io.EOF {
		return e, fmt.Errorf("%s: there is a second document (---), which nothing would read: put all under one explained", File)
	}
	var errs []error
	seen := map[string]bool{}
	for i, x := range e.Explained {
		wrong := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: entry %d (%s %s): %w", File, i+1, x.Tool, x.Rule, fmt.Errorf(format, args...)))
		}
		if !slices.Contains(Names(), x.Tool) {
			wrong("there is no such tool: it is one of %s", strings.Join(Names(), ", "))
		}
		if x.Rule == "" || len(x.Subjects) == 0 {
			wrong("it names no rule, or no subject")
		}
		for _, s := range x.Subjects {
			key := strings.Join([]string{x.Tool, x.Version, x.Rule, s}, "\x00")
			if s == "" || seen[key] {
				wrong("subject %q is empty, or is explained twice", s)
			}
			seen[key] = true
		}
		if len(strings.Fields(x.Reason)) < shortestReason {
			wrong("it has no reason, or one that explains nothing")
		}
	}
	return e, errors.Join(errs...)
}
