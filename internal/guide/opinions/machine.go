package opinions

import (
	"path/filepath"
	"strings"
	"time"
)

// The bounds of asking a tool.
const (
	toolWithin = 3 * time.Minute
	maxOutput  = 64 << 20 // bytes of what it says
	maxNotes   = 1 << 20  // bytes of what it says of itself
)

// settingsHere stands in arguments for the path of a file of settings, of ours, in which there are none.
const (
	settingsHere  = "{settings}"
	emptySettings = "settings.yaml"
)

// Machine is where the tools are.
type Machine struct {
	Find   func(name string) (string, error) // exec.LookPath
	Root   string                            // the audited tree's folder, from which nothing is started; empty: it is in no folder
	Within time.Duration                     // how long one tool may take; 0: toolWithin
}

func (m Machine) within() time.Duration {
	if m.Within > 0 {
		return m.Within
	}
	return toolWithin
}

// inTree tells whether a path is of the audited tree, links followed.
func (m Machine) inTree(path string) bool {
	if m.Root == "" {
		return false
	}
	root, err := filepath.Abs(m.Root)
	if err != nil {
		return true
	}
	for _, p := range []string{path, real(path)} {
		for _, r := range []string{root, real(root)} {
			if rel, err := filepath.Rel(r, p); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
				return true
			}
		}
	}
	return false
}

// real is the path with links followed, itself where that cannot be done.
func real(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}
