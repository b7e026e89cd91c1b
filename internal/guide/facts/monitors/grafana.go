package monitors

import (
	"slices"
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

// Set is one setting that is written down.
type Set struct{ Section, Name, Value string }

// Settings are all of them, in order, those before any section among them, whose section is DEFAULT.
func (g *Grafana) Settings() (all []Set) {
	for _, s := range g.file.Sections() {
		for _, k := range s.Keys() {
			all = append(all, Set{s.Name(), k.Name(), k.Value()})
		}
	}
	return all
}

// Variable is the variable of the environment that says more than the setting does.
func Variable(section, name string) string {
	return "GF_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(section+"_"+name))
}

// Arguments are what a program's arguments say of settings, cfg:section.name=value, which says more than the environment; of several the last one counts.
func Arguments(args []string) (all []Set) {
	for _, word := range strings.Fields(strings.Join(args, " ")) {
		_, setting, ok := strings.Cut(word, "cfg:")
		given, text, _ := strings.Cut(setting, "=")
		given = strings.TrimPrefix(given, "default.")
		if i := strings.LastIndexByte(given, '.'); ok && i >= 0 {
			all = append(all, Set{given[:i], given[i+1:], text})
		} else if ok {
			all = append(all, Set{"DEFAULT", given, text})
		}
	}
	return all
}

// Argument is what they say of one setting.
func Argument(args []string, section, name string) (value string, there bool) {
	for _, s := range Arguments(args) {
		if s.Section == section && s.Name == name {
			value, there = s.Value, true
		}
	}
	return value, there
}

// Off tells whether the value of a switch leaves it off, as the library reads it; nothing does.
func Off(value string) bool {
	return slices.Contains([]string{"", "0", "f", "false", "no", "n", "off"}, strings.ToLower(value))
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
