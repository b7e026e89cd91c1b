package workflow

import (
	"maps"
	"regexp"
	"slices"

	"github.com/rhysd/actionlint"
)

// combinations of a matrix, as GitHub makes them: the product of its rows, without what exclude names; then each entry of include is added to those whose own values it does not
// contradict, and is a combination of its own if there are none. Without a matrix there is one, of nothing. dynamic says why they are not known before a run.
func combinations(m *actionlint.Matrix) (rows []map[string]string, dynamic string) {
	rows = []map[string]string{{}}
	if m == nil {
		return rows, ""
	}
	if m.Expression != nil {
		return rows, "its matrix is " + m.Expression.Value
	}
	for _, c := range []*actionlint.MatrixCombinations{m.Include, m.Exclude} {
		if c != nil && c.ContainsExpression() {
			return rows, "include or exclude of its matrix is an expression"
		}
	}
	own := slices.Sorted(maps.Keys(m.Rows))
	for _, key := range own {
		row := m.Rows[key]
		if row.Expression != nil {
			return []map[string]string{{}}, "row " + key + " of its matrix is " + row.Expression.Value
		}
		var next []map[string]string
		for _, r := range rows {
			for _, v := range row.Values {
				if next = append(next, maps.Clone(r)); len(next) > maxRuns {
					return next, ""
				}
				next[len(next)-1][key] = scalar(v)
			}
		}
		rows = next
	}
	if m.Exclude != nil {
		rows = slices.DeleteFunc(rows, func(r map[string]string) bool {
			return slices.ContainsFunc(m.Exclude.Combinations, func(c *actionlint.MatrixCombination) bool { return agrees(r, c, own, true) })
		})
	}
	if m.Include == nil {
		return rows, ""
	}
	made := len(rows)
	for _, c := range m.Include.Combinations {
		added := false
		for i := range rows[:made] {
			if len(own) > 0 && agrees(rows[i], c, own, false) {
				for key, a := range c.Assigns {
					rows[i][key] = scalar(a.Value)
				}
				added = true
			}
		}
		if !added {
			alone := map[string]string{}
			for key, a := range c.Assigns {
				alone[key] = scalar(a.Value)
			}
			rows = append(rows, alone)
		}
	}
	if len(own) == 0 { // nothing but what include names
		rows = rows[1:]
	}
	return rows, ""
}

// agrees tells whether a combination has nothing that the row says otherwise: of the matrix' own keys alone, or of each that the combination has.
func agrees(row map[string]string, c *actionlint.MatrixCombination, own []string, each bool) bool {
	for key, a := range c.Assigns {
		if (each || slices.Contains(own, key)) && row[key] != scalar(a.Value) {
			return false
		}
	}
	return true
}

// scalar is a value of a matrix. One that has parts is Unknown: nothing of ours is scanned by such.
func scalar(v actionlint.RawYAMLValue) string {
	if s, ok := v.(*actionlint.RawYAMLString); ok {
		return s.Value
	}
	return Unknown
}

// scope is what an expression of a step can refer to without a run.
type scope struct {
	matrix map[string]string
	env    map[string]string
}

// with is the scope with the variables of a further env. One that is an expression as a whole makes all Unknown that it could set; so does none of ours.
func (s scope) with(e *actionlint.Env) scope {
	if e == nil {
		return s
	}
	next := scope{s.matrix, maps.Clone(s.env)}
	if next.env == nil || e.Expression != nil {
		next.env = map[string]string{}
	}
	for _, v := range e.Vars {
		next.env[value(v.Name)] = s.expand(value(v.Value))
	}
	return next
}

var expression = regexp.MustCompile(`(?s)\$\{\{\s*(.*?)\s*\}\}`)
var reference = regexp.MustCompile(`^(matrix|env)\.([A-Za-z_][A-Za-z0-9_-]*)$`)

// expand puts in the values of the matrix and of the environment. Every other expression is Unknown.
func (s scope) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(whole string) string {
		if ref := reference.FindStringSubmatch(expression.FindStringSubmatch(whole)[1]); ref != nil {
			from := s.matrix
			if ref[1] == "env" {
				from = s.env
			}
			if v, ok := from[ref[2]]; ok {
				return v
			}
		}
		return Unknown
	})
}
