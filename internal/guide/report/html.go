package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

//go:embed report.html
var pageText string

// HTML writes the report as one page: nothing is loaded, it can be printed and kept.
func HTML(w io.Writer, r guide.Report) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"class":   func(v guide.Verdict) string { return strings.ReplaceAll(strings.ToLower(string(v)), " ", "-") },
		"columns": columns,
		"name":    func(c column) string { return c.name },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		guide.Report
		Counts []count
	}{r, counts(r)})
}

type count struct {
	Verdict guide.Verdict
	N       int
}

// counts are how many clauses have which verdict, the worst first; none that nothing has.
func counts(r guide.Report) (all []count) {
	of := map[guide.Verdict]int{}
	for _, c := range r.Clauses {
		of[c.Verdict]++
	}
	for _, v := range []guide.Verdict{guide.Failed, guide.NotEvidenced, guide.GuideDefect, guide.Passed, guide.NotApplicable} {
		if of[v] > 0 {
			all = append(all, count{v, of[v]})
		}
	}
	return all
}
