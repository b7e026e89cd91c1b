package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

//go:embed report.html
var pageText string

//go:embed report.css
var pageStyle string

// HTML writes the report as one page: nothing is loaded, nothing in it runs, it can be printed and kept. Its own policy lets its one style sheet in, by its hash,
// and nothing else: what a hostile tree says of itself is text, and would stay so if it were not.
func HTML(w io.Writer, r guide.Report) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"class":    func(v guide.Verdict) string { return strings.ReplaceAll(strings.ToLower(string(v)), " ", "-") },
		"columns":  columns,
		"name":     func(c column) string { return c.name },
		"accepted": r.Accepts,
		"said":     func(o *guide.Opinions) []guide.Opinion { return slices.Concat(o.Said, o.Beside) },
		"stands": func(s guide.Stand) string {
			return map[guide.Stand]string{guide.Objects: "fail", guide.Concurs: "pass", guide.Explained: "guide-defect"}[s]
		},
		"pictures": pictures,
		"link":     linkClass,
		"brief":    brief,
		"remark": func(l guide.Link) bool {
			return l.State.Wrong() || l.State == guide.Added || l.State == guide.OneSided
		},
	}).Parse(pageText)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(pageStyle))
	return page.Execute(w, struct {
		guide.Report
		Counts []count
		Policy string
		Style  template.CSS
	}{r, counts(r), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'", template.CSS(pageStyle)})
}

// picture is a matrix and what it is of.
type picture struct {
	*guide.Matrix
	Of string
}

func pictures(r guide.Report) (all []picture) {
	if r.Matrix != nil {
		all = append(all, picture{r.Matrix, "files"})
	}
	if r.RunningMatrix != nil {
		all = append(all, picture{r.RunningMatrix, "cluster"})
	}
	return all
}

// linkClass is what a cell of the matrix looks like.
func linkClass(l guide.Link) string {
	switch {
	case l.State.Wrong():
		return "wrong"
	case l.State == guide.Wanted:
		return "wanted"
	case l.State == guide.Added:
		return "added"
	case l.State == guide.OneSided:
		return "half"
	case l.State == guide.Self:
		return "self"
	}
	return "closed"
}

// brief is what stands in a cell: the ports without their protocols, and a sign for what is wrong, since not everybody sees red.
func brief(l guide.Link) string {
	const most = 14 // characters that a cell has room for
	var ports []string
	for _, p := range strings.Split(l.Open, ", ") {
		port, _, _ := strings.Cut(p, "/")
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	text := strings.Join(ports, " ")
	if runes := []rune(text); len(runes) > most {
		text = "many"
	}
	sign := map[guide.LinkState]string{guide.Surplus: "+", guide.Shut: "−", guide.HalfOpen: "~"}[l.State]
	return sign + text
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
