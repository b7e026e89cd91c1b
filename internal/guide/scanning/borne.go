package scanning

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// borneModules names Go modules of tests in which holes are borne, each with its reason. govulncheck knows no such list: what it finds in them is uploaded, and stops nothing.
const borneModules = ".govulncheck.toml"

const badlyBorne = "borne-without-reason"

// bearing is a module that the file names.
type bearing struct {
	module string // its go.mod
	reason string
	line   int
}

var borneLine = regexp.MustCompile(`^"([a-z0-9/._-]+)" = "(.*)"$`)

// bearings are what the file says, and the lines of it that say something else.
func bearings(files fs.FS) (all []bearing, err error) {
	text, err := facts.File(files, borneModules)
	if facts.NotThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for n, l := range strings.Split(string(text), "\n") {
		if l = strings.TrimSpace(l); l == "" || strings.HasPrefix(l, "#") || l == "[borne]" {
			continue
		}
		named := borneLine.FindStringSubmatch(l)
		if named == nil {
			named = []string{"", l, ""}
		}
		all = append(all, bearing{path.Join(named[1], "go.mod"), named[2], n + 1})
	}
	return all, nil
}

// wrong is why a bearing counts for nothing; empty if it counts.
func (b bearing) wrong(modules []string) string {
	switch {
	case !slices.Contains(modules, b.module):
		return fmt.Sprintf("there is no %s in the tree: a line is \"FOLDER\" = \"REASON\"", b.module)
	case !strings.HasPrefix(b.module, ofTests):
		return "only what stands below " + ofTests + " is deployed nowhere: mend it instead"
	case len(b.reason) < 20: // a word is no reason
		return "write why it is borne"
	}
	return ""
}

// borne is the reason why holes in a module are borne; empty where they are not.
func (s scans) borne(module string) string {
	for _, b := range s.bearings {
		if b.module == module && b.wrong(s.tree.Modules) == "" {
			return b.reason
		}
	}
	return ""
}

// judgeBearings adds what is wrong with the file, and to each module that it names the reason.
func (s scans) judgeBearings(r guide.Result) guide.Result {
	findings, subjects := slices.Clone(r.Findings()), slices.Clone(r.Subjects())
	for _, b := range s.bearings {
		if why := b.wrong(s.tree.Modules); why != "" {
			findings = append(findings, guide.Finding{Mode: badlyBorne, Subject: b.module, Detail: why, At: guide.Place{File: borneModules, Line: b.line}})
		}
	}
	for i, seen := range subjects {
		if reason := s.borne(seen.Name); reason != "" {
			subjects[i].Evidence += "; what is found is uploaded, and borne: " + reason
		}
	}
	return guide.Judge(subjects, findings)
}
