package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
)

// programs makes a folder of programs that are small shell scripts, and puts it before everything else on the path.
func programs(t *testing.T, scripts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return dir
}

// TestCIInstallsWhatIsMissing runs the script as on a machine that has one of the packages.
func TestCIInstallsWhatIsMissing(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("LOG", log)
	programs(t, map[string]string{
		"dpkg-query": `[ "$3" != cargo-web ] || echo install ok installed`,
		"apt-get":    `echo "apt-get $@" >>"$LOG"`, "npm": "", "make": `echo "make $@" >>"$LOG"`,
	})
	if out, err := exec.CommandContext(t.Context(), "../../.ci/run").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	missing := slices.DeleteFunc(debian.All(), func(p string) bool { return p == "cargo-web" })
	want := []string{
		"apt-get update -qq",
		"apt-get install -y -qq --no-install-recommends " + strings.Join(missing, " "),
		"make test PARTS=required PART=prepare",
		"make test PARTS=required",
		"make test PARTS=required PART=rebuild",
		"make stack-compose PARTS=required",
		"make stack-kube PARTS=required",
	}
	if got := strings.Split(strings.TrimSpace(string(text)), "\n"); !slices.Equal(got, want) {
		t.Errorf("it ran\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
