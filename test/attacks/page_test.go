package attacks

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// attack is a row of the page.
type attack struct {
	id   string
	said bool     // something of it is accepted
	by   []string // the tests and the stories that show it; a story's name has a slash
}

var (
	attackRow = regexp.MustCompile(`(?m)^\| ([DEIK]\d+) \| (.+) \| (.+) \| (.+) \|$`)
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// fewest rows that the page has: fewer are read where it is written in another way.
const fewest = 40

// page is docs/contract-attacks.md, and the root of the tree.
func page(t *testing.T) (all []attack, root string) {
	t.Helper()
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/contract-attacks.md"))
	if err != nil {
		t.Fatal(err)
	}
	all = rows(string(text))
	if len(all) < fewest {
		t.Fatalf("read %d rows, there are more than %d", len(all), fewest)
	}
	return all, root
}

func rows(page string) (all []attack) {
	for _, row := range attackRow.FindAllStringSubmatch(page, -1) {
		a := attack{id: row[1], said: strings.Contains(row[3], "*Said*")}
		for _, name := range quoted.FindAllStringSubmatch(row[4], -1) {
			a.by = append(a.by, name[1])
		}
		all = append(all, a)
	}
	return all
}

// isStory tells a story's name from a test's.
func isStory(name string) bool { return strings.Contains(name, "/") }
