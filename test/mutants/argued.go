package mutants

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// argued is a row of the table of survivors in docs/proof.md: the mutant's name, and why nobody can tell it from the contract.
var argued = regexp.MustCompile("(?m)^\\| `([^`]+\\.rs: [^`]+)` \\| (.+) \\|$")

// Argued are the mutants of which docs/proof.md says why no test can tell them from the contract.
func Argued(tree string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(tree, "docs", "proof.md"))
	if err != nil {
		return nil, fmt.Errorf("read which mutants are argued: %w", err)
	}
	all := map[string]string{}
	for _, row := range argued.FindAllStringSubmatch(string(text), -1) {
		name := strings.ReplaceAll(row[1], `\|`, "|") // in a table it would end the cell
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("docs/proof.md argues %s twice", name)
		}
		all[name] = row[2]
	}
	if len(all) == 0 {
		return nil, errors.New("docs/proof.md has no table of mutants that are argued")
	}
	return all, nil
}
