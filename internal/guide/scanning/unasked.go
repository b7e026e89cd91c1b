package scanning

import (
	"io/fs"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Settings that a scanner reads though nothing names them: whatever they say, it makes the scan see less. Those of cargo audit are read (v3.go), for they may name what is borne.

func trivyFiles(files fs.FS) ([]problem, error) {
	return unasked(files, "Trivy", ".trivyignore", ".trivyignore.yaml", "trivy.yaml")
}

func checkovFiles(files fs.FS) ([]problem, error) {
	return unasked(files, "Checkov", ".checkov.yaml", ".checkov.yml", infra+"/.checkov.yaml", infra+"/.checkov.yml")
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
