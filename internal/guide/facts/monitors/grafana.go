package monitors

import (
	"strings"

	"gopkg.in/ini.v1"
)

// Grafana is its settings file.
type Grafana struct{ file *ini.File }

// ReadGrafana reads it by the library that Grafana reads it with.
func ReadGrafana(text []byte) (*Grafana, error) {
	f, err := ini.Load(text)
	if err != nil {
		return nil, err
	}
	return &Grafana{f}, nil
}

// Setting is a setting's text as it stands there, empty if there is none: what it would take from other settings, %(name)s, could be made to have no end.
func (g *Grafana) Setting(section, name string) string {
	s, err := g.file.GetSection(section)
	if err != nil {
		return ""
	}
	return s.Key(name).Value()
}

// FromFile is the path of the file that a setting's value stands in, written $__file{PATH}; ok is false for any other value.
func FromFile(value string) (path string, ok bool) {
	path, ok = strings.CutPrefix(value, "$__file{")
	if !ok {
		return "", false
	}
	path, ok = strings.CutSuffix(path, "}")
	return path, ok && strings.HasPrefix(path, "/")
}
