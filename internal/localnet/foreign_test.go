package localnet_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What is not ours in testdata is what its README says it is.
func TestForeignFiles(t *testing.T) {
	line := regexp.MustCompile(`(?m)^\s*([0-9a-f]{64})  (\S+)$`)
	for _, folder := range []string{"testdata/contracts", "testdata/openrpc", "localnettest/testdata/ledgers"} {
		readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, m := range line.FindAllStringSubmatch(string(readme), -1) {
			told[m[2]] = m[1]
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name() == "README.md" {
				continue
			}
			content, err := os.ReadFile(filepath.Join(folder, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != told[f.Name()] {
				t.Errorf("%s/%s has the sha256 %s, its README says %q", folder, f.Name(), got, told[f.Name()])
			}
			delete(told, f.Name())
		}
		for name := range told {
			t.Errorf("%s/%s is in the README and not in the folder", folder, name)
		}
	}
}
