package scanning

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Settings that a scanner reads though nothing names them: whatever they say, it makes the scan see less. Those of cargo audit are read (v3.go), for they may name what is borne.

func trivyFiles(files fs.FS) ([]problem, error) {
	return unasked(files, "Trivy", ".trivyignore", ".trivyignore.yaml", "trivy.yaml")
}

func checkovFiles(files fs.FS) ([]problem, error) {
	return unasked(files, "Checkov", ".checkov.yaml", ".checkov.yml", infra+"/.checkov.yaml", infra+"/.checkov.yml")
}

// cargoFiles are problems of cargo's own settings: an alias can stand for audit, and sources and variables change what is asked.
func cargoFiles(files fs.FS) (all []problem, err error) {
	for _, name := range []string{".cargo/config.toml", ".cargo/config"} {
		text, err := facts.File(files, name)
		if err != nil && !facts.NotThere(err) {
			return nil, err
		}
		if said := othersAudit.Find(text); said != nil {
			all = append(all, problem{leftOut, fmt.Sprintf("take %q out of %s: cargo reads it unasked, and audits otherwise", bytes.TrimSpace(said), name)})
		}
	}
	return all, nil
}

var othersAudit = regexp.MustCompile(`(?m)^\s*\[?\s*"?(alias|source|env|registry|registries|credential-alias|patch)"?\b[^\n]*`)

func goFiles(files fs.FS) ([]problem, error) {
	return unasked(files, "go", "go.work")
}

func unasked(files fs.FS, scanner string, names ...string) (all []problem, err error) {
	for _, name := range names {
		switch _, err := facts.File(files, name); {
		case err == nil:
			all = append(all, problem{leftOut, "take " + name + " away: " + scanner + " reads it unasked, and leaves out what it names"})
		case !facts.NotThere(err):
			return nil, err
		}
	}
	return all, nil
}
