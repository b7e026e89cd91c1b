package scanning

import (
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

const unknown = workflow.Unknown

// arguments are a program's, by name without dashes, and the rest in their order.
type arguments struct {
	options map[string][]string // an option without a value has ""
	rest    []string
}

// parse reads arguments after the program's name. valued are the options that take a value in the next argument; what is not listed takes one only behind "=".
func parse(args []string, valued ...string) arguments {
	a := arguments{options: map[string][]string{}}
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			a.rest = append(a.rest, args[i+1:]...)
			break
		}
		bare := strings.TrimLeft(args[i], "-")
		if bare == args[i] || bare == "" {
			a.rest = append(a.rest, args[i])
			continue
		}
		name, value, set := strings.Cut(bare, "=")
		if !set && slices.Contains(valued, name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		a.options[name] = append(a.options[name], value)
	}
	return a
}

// last is the value that counts of an option that has several names, or otherwise.
func (a arguments) last(otherwise string, names ...string) string {
	for _, n := range names {
		if v := a.options[n]; len(v) > 0 {
			return v[len(v)-1]
		}
	}
	return otherwise
}

// has is the first of the options that is there, or empty.
func (a arguments) has(names ...string) string {
	for _, n := range names {
		if _, ok := a.options[n]; ok {
			return n
		}
	}
	return ""
}

// bare is an expression without the braces that a condition may have.
func bare(expression string) string {
	e := strings.TrimSpace(expression)
	if inner, ok := strings.CutPrefix(e, "${{"); ok {
		if inner, ok := strings.CutSuffix(inner, "}}"); ok && !strings.Contains(inner, "${{") {
			e = strings.TrimSpace(inner)
		}
	}
	return e
}

// line is a command as one writes it.
func line(c workflow.Command) string { return strings.Join(c.Args, " ") }
