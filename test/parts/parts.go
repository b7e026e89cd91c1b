package parts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Required tells whether a missing part is a failure.
func Required() bool { return os.Getenv("STELLARESCROW_PARTS") == "required" }

// Program returns the path of the named program. Without it the test is skipped, or fails where parts are required;
// install says how it is had.
func Program(t testing.TB, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name, install)
	}
	return path
}

// Folder is Program for a folder that an installation makes, such as node_modules.
func Folder(t testing.TB, path, install string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatalf("locate %s: %v", path, err)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		Missing(t, path, install)
	}
	return abs
}

// Missing ends the test: the part is not here.
func Missing(t testing.TB, name, install string) {
	t.Helper()
	if Required() {
		t.Fatalf("%s is missing and parts are required: %s", name, install)
	}
	t.Skipf("%s is missing: %s", name, install)
}

// Repository is the root of the tree that the working folder is in: the folder of this module's go.mod, not that of one inside.
func Repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the root of the tree: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if first, _, _ := strings.Cut(string(text), "\n"); err == nil && first == "module "+Module {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find the root of the tree: no go.mod of " + Module + " in this folder or above: run it inside the tree")
		}
		dir = up
	}
}

// Module is that of the tree.
const Module = "github.com/Abdullahi130/StellarEscrow"
