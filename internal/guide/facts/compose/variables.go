package compose

import (
	"cmp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v3"
)

// Variable is a variable that a file names, there where it does so first.
type Variable struct {
	Name     string
	Required bool   // ${NAME:?…}, ${NAME?…}: somewhere
	NotEmpty bool   // ${NAME:?…}: somewhere; with ${NAME?…} alone an empty value will do
	Default  string // ${NAME:-…}, ${NAME-…}; empty for none
	At       Place

	conditional bool // what it is without a value is said in the file
}

// variablesOf lists them by name.
func variablesOf(documents []document) []Variable {
	found := map[string]*Variable{}
	for _, d := range documents {
		seen := map[*yaml.Node]bool{}
		collect(d.file, d.root, seen, found)
	}
	all := make([]Variable, 0, len(found))
	for _, v := range found {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func collect(file string, n *yaml.Node, seen map[*yaml.Node]bool, found map[string]*Variable) {
	if n == nil || seen[n] {
		return
	}
	seen[n] = true
	if n.Kind == yaml.AliasNode {
		collect(file, n.Alias, seen, found)
		return
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue // keys are taken as they are
		}
		collect(file, c, seen, found)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "$") {
		return
	}
	for _, v := range template.ExtractVariables(map[string]any{"": n.Value}, nil) {
		at := found[v.Name]
		if at == nil {
			at = &Variable{Name: v.Name, At: Place{file, n.Line}, conditional: true}
			found[v.Name] = at
		}
		at.Required = at.Required || v.Required
		at.NotEmpty = at.NotEmpty || v.Required && strings.Contains(n.Value, "${"+v.Name+":?")
		at.Default = cmp.Or(at.Default, v.DefaultValue)
		at.conditional = at.conditional && (v.Required || v.DefaultValue != "" || v.PresenceValue != "" || hasOperator(n.Value, v.Name))
	}
}

// hasOperator tells whether a variable stands in a text with an operator behind it that has nothing behind itself: ${NAME:-}.
func hasOperator(text, name string) bool {
	for _, op := range []string{":-", "-", ":+", "+", ":?", "?"} {
		if strings.Contains(text, "${"+name+op) {
			return true
		}
	}
	return false
}

// plain tells whether a variable is named without saying what it is without a value: it is empty then.
func plain(all []Variable, name string) bool {
	i, ok := slices.BinarySearchFunc(all, name, func(v Variable, name string) int { return cmp.Compare(v.Name, name) })
	return ok && !all[i].conditional
}

// missingOf are required variables without a value.
func missingOf(all []Variable, values map[string]string) (missing []Variable) {
	for _, v := range all {
		if value, set := values[v.Name]; v.Required && (!set || v.NotEmpty && value == "") {
			missing = append(missing, v)
		}
	}
	return missing
}

// StandIns gives each required variable a value that nobody uses: what a project is like can be asked of files that nobody has filled in.
func StandIns(all []Variable) map[string]string {
	values := map[string]string{}
	for _, v := range all {
		if v.Required {
			values[v.Name] = "stand-in-for-" + v.Name
		}
	}
	return values
}
