package lockstep

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plantedActions is within how many actions each planted break has to be found, from the first seed on.
const plantedActions = 6000

// foundIn is how a run says where the two differ.
var foundIn = regexp.MustCompile(`seed (\d+): (step \d+: .*)`)

// TestFindsPlantedBreaks breaks the model's source in one place, where a mistake shows rarely, builds these tests with it, and wants them to find the break.
func TestFindsPlantedBreaks(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]struct{ file, old, new string }{
		"the margin of an appeal is above 50,000, not from it on": {"costs.go", "if moved >= appealMargin {", "if moved > appealMargin {"},
		"the mean of the middle two votes is rounded up":          {"phase.go", "return (sorted[mid-1] + sorted[mid]) / 2", "return (sorted[mid-1] + sorted[mid] + 1) / 2"},
		"a seat votes twice": {
			"dispute.go", "if slices.ContainsFunc(d.Votes, func(v Vote) bool { return v.Role == by }) {",
			"if slices.ContainsFunc(d.Votes, func(v Vote) bool { return v.Role == by }) && len(d.Votes) < 0 {",
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := filepath.Join(root, "internal/escrow", b.file)
			text, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), b.old); n != 1 {
				t.Fatalf("%s has %q %d times, want once: plant the break anew", b.file, b.old, n)
			}
			dir := t.TempDir()
			broken, overlay, program := filepath.Join(dir, b.file), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "lockstep.test")
			table, err := json.Marshal(map[string]map[string]string{"Replace": {source: broken}})
			if err != nil {
				t.Fatal(err)
			}
			for file, content := range map[string][]byte{broken: []byte(strings.Replace(string(text), b.old, b.new, 1)), overlay: table} {
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay="+overlay, "-o", program, "./test/lockstep")
			build.Dir = root
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("build with the break: %v\n%s", err, out)
			}
			run := exec.CommandContext(t.Context(), program, "-test.run=^TestLockstep$", "-test.v", "-brief", "-actions="+strconv.Itoa(plantedActions))
			run.Dir = filepath.Join(root, "test/lockstep")
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatalf("%d actions, and nothing differed:\n%s", plantedActions, out)
			}
			found := foundIn.FindSubmatch(out)
			if found == nil {
				t.Fatalf("it failed, but not by a difference: %v\n%s", err, out)
			}
			t.Logf("seed %s, %s", found[1], found[2])
		})
	}
}
