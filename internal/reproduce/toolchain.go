package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
)

// missingTool says that nothing could be looked at.
type missingTool struct{ what []string }

func (m *missingTool) Error() string {
	return fmt.Sprintf("%s is missing: install Debian's compiler, which builds the same bytes everywhere (%s)",
		strings.Join(m.what, " and "), debian.Install(debian.Build()))
}

// tools are used by their paths, whatever else is installed.
var tools = []string{"/usr/bin/rustc", "/usr/bin/cargo", "/usr/bin/wasm-ld-19", "/usr/bin/wasm-opt"}

// standardSources is where rust-web-src puts the standard library.
const standardSources = "/usr/src/rustc-*/library"

// toolchain describes the installed tools in lines that are equal exactly if the same bytes are to be expected. It returns a
// *missingTool if there are none.
func toolchain(ctx context.Context) (string, error) {
	if err := present(tools, standardSources); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, tool := range tools {
		out, err := exec.CommandContext(ctx, tool, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("ask %s for its version: %w", tool, err)
		}
		b.Write(out)
	}
	// A revision of the package may patch the compiler without changing its version.
	for _, name := range debian.Build() {
		out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f=${Package} ${Version}\n", name).Output()
		if err != nil {
			fmt.Fprintf(&b, "%s not by dpkg\n", name)
			continue
		}
		b.Write(out)
	}
	return b.String(), nil
}

// present returns a *missingTool that names everything that is not there.
func present(tools []string, sources string) error {
	var missing []string
	for _, tool := range tools {
		if _, err := os.Stat(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if found, err := filepath.Glob(sources); err != nil || len(found) == 0 {
		missing = append(missing, sources)
	}
	if len(missing) > 0 {
		return &missingTool{missing}
	}
	return nil
}
