package debian

import (
	_ "embed"
	"strings"
)

//go:embed packages.txt
var list string

// Build returns the packages that rebuild the committed WebAssembly.
func Build() []string { return needed("build") }

// Rust returns those, and what formats and lints Rust.
func Rust() []string { return needed("build", "check") }

// All returns every package of the list.
func All() []string { return needed("build", "check", "serve") }

// Install is the command that installs packages.
func Install(packages []string) string {
	return "apt-get install --no-install-recommends " + strings.Join(packages, " ")
}

// needed returns, in the order of the list, the packages with one of these uses.
func needed(uses ...string) (names []string) {
	for line := range strings.Lines(list) {
		name, use, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || name == "#" {
			continue
		}
		for _, u := range uses {
			if u == use {
				names = append(names, name)
			}
		}
	}
	return names
}
