package debian

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEveryLineIsUsed(t *testing.T) {
	lines := 0
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	all := All()
	if len(all) != lines || len(Build()) == 0 || len(Build()) == len(all) {
		t.Errorf("%d lines name packages, %d are needed, %d of them to build", lines, len(all), len(Build()))
	}
	for i, name := range all {
		if slices.Contains(all[:i], name) || strings.ContainsAny(name, " #\t") {
			t.Errorf("%q is no package, or stands there twice", name)
		}
	}
}

// Whoever builds by hand reads these pages: they repeat the list in words.
func TestPagesNameTheSame(t *testing.T) {
	for _, page := range []string{"contract/wasm/README.md", "internal/localnet/host/README.md"} {
		text, err := os.ReadFile("../../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		if want := Install(Build()) + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
}
