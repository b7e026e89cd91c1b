package opinions

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/projects"
)

// The bounds of what is copied.
const (
	maxFiles = 2000
	maxBytes = 64 << 20
)

// ofTests is where images are built for tests alone (scanning, V5): nobody deploys them, and nobody is asked about them.
const ofTests = "test/"

// rendered is the name under which tools see what the production overlay comes to.
const rendered = deployment.Production + "/rendered.yaml"

// The files of the monitoring that the guide names.
const (
	prometheusFile   = "monitoring/prometheus.yml"
	alertmanagerFile = "monitoring/alertmanager.yml"
	rulesFiles       = "monitoring/alert_rules*.yml"
)

// The kinds of files that tools judge.
const (
	terraform    = "Terraform"
	dockerfiles  = "Dockerfiles"
	workflows    = "workflows"
	manifests    = "manifests"
	prometheus   = "Prometheus' settings"
	rules        = "rules files"
	alertmanager = "Alertmanager's settings"
)

// material is what tools are shown: copies, by kind and path.
type material struct {
	files   map[string]map[string][]byte
	objects map[string]guide.Place // where an object of the overlay stands, by "Deployment stellar-escrow/api"
	skips   map[string]int         // annotations taken out of the manifests, by who would have overlooked something for them
	missing map[string]string      // why there is nothing of a kind, where there should be
	size    int
	count   int
}

// gather copies what tools are shown. What cannot be read is told of each kind; the error is of a tree of which nothing can be.
func gather(t *facts.Tree) (*material, error) {
	found, err := facts.Read(t, "projects", projects.Find)
	if err != nil {
		return nil, err
	}
	m, err := facts.Read(t, "second opinions", func(files fs.FS) (*material, error) {
		m := &material{files: map[string]map[string][]byte{}, missing: map[string]string{}}
		for _, dir := range found.Terraform {
			m.take(files, terraform, path.Join(dir, "*.tf"), path.Join(dir, "*.tf.json"), path.Join(dir, "*.tfvars"))
		}
		for _, name := range found.Dockerfiles {
			if !strings.HasPrefix(name, ofTests) {
				m.one(files, dockerfiles, name)
			}
		}
		m.take(files, workflows, ".github/workflows/*.yml", ".github/workflows/*.yaml")
		m.take(files, prometheus, prometheusFile)
		m.take(files, rules, rulesFiles)
		m.take(files, alertmanager, alertmanagerFile)
		return m, nil
	})
	if err != nil {
		return nil, err
	}
	whole := &material{files: maps.Clone(m.files), missing: maps.Clone(m.missing), objects: map[string]guide.Place{}, skips: map[string]int{}}
	set, err := deployment.Rendered(t)
	if err == nil {
		err = whole.manifests(set)
	}
	if err != nil && !facts.NotThere(err) {
		whole.missing[manifests] = err.Error()
	}
	return whole, nil
}

// take copies the files of these patterns.
func (m *material) take(files fs.FS, kind string, patterns ...string) {
	for _, p := range patterns {
		names, err := fs.Glob(files, p)
		if err != nil { // a folder's name may be no pattern
			m.missing[kind] = fmt.Sprintf("%s: %v", p, err)
		}
		slices.Sort(names)
		for _, name := range names {
			m.one(files, kind, name)
		}
	}
}

func (m *material) one(files fs.FS, kind, name string) {
	text, err := facts.File(files, name)
	m.count, m.size = m.count+1, m.size+len(text)
	switch {
	case facts.NotThere(err):
	case err != nil:
		m.missing[kind] = err.Error()
	case m.count > maxFiles || m.size > maxBytes:
		m.missing[kind] = fmt.Sprintf("%s: there are more than %d files or %d bytes to be judged", name, maxFiles, maxBytes)
	default:
		if m.files[kind] == nil {
			m.files[kind] = map[string][]byte{}
		}
		m.files[kind][name] = text
	}
}

// of are the files of some kinds, and what is missing of them.
func (m *material) of(kinds []string) (files map[string][]byte, missing []string) {
	files = map[string][]byte{}
	for _, kind := range kinds {
		for name, text := range m.files[kind] {
			files[name] = text
		}
		if why := m.missing[kind]; why != "" {
			missing = append(missing, kind+": "+why)
		}
	}
	return files, missing
}
