package clauses

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page that says the guide in our words says nothing that no control stands behind, and leaves no clause out.
func TestSecurityPage(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	anchors, err := os.ReadFile(root + "/docs/clauses.md")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range whole(t).Controls() {
		ids = append(ids, c.ID)
	}
	for _, wrong := range unproved(string(text), string(anchors), ids) {
		t.Error(wrong)
	}
}

var (
	clauseLink  = regexp.MustCompile(`\[([A-Z][0-9]+[a-z]?)\]\(clauses\.md#([a-z0-9]+)\)`)
	sentenceEnd = regexp.MustCompile(`[.!?:](\s|$)`)
)

// unproved is what is wrong with the page: sentences and rows of tables without a link to a control, links that lead nowhere, clauses that nothing is said of.
func unproved(page, anchors string, ids []string) (wrong []string) {
	linked := map[string]bool{}
	for _, s := range sentences(page) {
		links := clauseLink.FindAllStringSubmatch(s, -1)
		if len(links) == 0 {
			wrong = append(wrong, "no control stands behind: "+s)
		}
		for _, l := range links {
			linked[l[1]] = true
			switch {
			case !slices.Contains(ids, l[1]):
				wrong = append(wrong, "the guide has no clause "+l[1])
			case l[2] != strings.ToLower(l[1]):
				wrong = append(wrong, l[1]+" leads to "+l[2])
			case !strings.Contains(anchors, `<a id="`+l[2]+`"></a>`):
				wrong = append(wrong, "docs/clauses.md has no place called "+l[2]+": go test ./internal/guide/clauses -update")
			}
		}
	}
	for _, id := range ids {
		if !linked[id] {
			wrong = append(wrong, "nothing is said of "+id)
		}
	}
	return wrong
}

// sentences are those of paragraphs and lists, and the rows of tables, of which each is one. Headings are none.
func sentences(page string) (all []string) {
	inline := regexp.MustCompile("`[^`]*`")
	var paragraph strings.Builder
	flush := func() {
		text := strings.TrimSpace(paragraph.String())
		paragraph.Reset()
		// What stands in code or in a link's address ends no sentence.
		masked := inline.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("x", len(s)) })
		from := 0
		for _, end := range sentenceEnd.FindAllStringIndex(masked, -1) {
			if masked[end[0]] == ':' {
				continue // what follows is of the same sentence
			}
			all, from = append(all, strings.TrimSpace(text[from:end[0]+1])), end[1]
		}
		if rest := strings.TrimSpace(text[min(from, len(text)):]); rest != "" {
			all = append(all, rest)
		}
	}
	rows := 0
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "|") {
			if rows++; rows > 2 { // the first two are its head
				all = append(all, line)
			}
			continue
		}
		rows = 0
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			flush()
		case strings.HasPrefix(line, "- "):
			flush()
			paragraph.WriteString(strings.TrimPrefix(line, "- ") + " ")
		default:
			paragraph.WriteString(line + " ")
		}
	}
	flush()
	return all
}

// Each way in which a page could say more or less than the controls is seen.
func TestSecurityPageIsRead(t *testing.T) {
	const fine = "# A page\n\nOne holds ([N1](clauses.md#n1)). Two\nholds, by `a.b. C` ([N2](clauses.md#n2)).\n\n| what | clause |\n| --- | --- |\n| one | [N1](clauses.md#n1) |\n\n- Three: it holds ([N1](clauses.md#n1)).\n"
	const anchors = `| <a id="n1"></a>N1 | x | | <a id="n2"></a>N2 |`
	for name, c := range map[string]struct{ page, anchors, want string }{
		"as it must be":             {fine, anchors, ""},
		"a sentence without":        {fine + "\nFour holds.\n", anchors, "no control stands behind: Four holds."},
		"a sentence before one":     {strings.Replace(fine, "One holds", "Nothing else matters. One holds", 1), anchors, "no control stands behind: Nothing else matters."},
		"one that does not end":     {fine + "\nFour holds\n", anchors, "no control stands behind: Four holds"},
		"a row without":             {strings.Replace(fine, "| one | [N1](clauses.md#n1) |", "| one | N1 |", 1), anchors, "no control stands behind: | one | N1 |"},
		"an item without":           {fine + "- Four.\n", anchors, "no control stands behind: Four."},
		"a clause that is none":     {strings.ReplaceAll(fine, "[N2](clauses.md#n2)", "[N3](clauses.md#n3)"), anchors, "the guide has no clause N3"},
		"a link to another":         {strings.ReplaceAll(fine, "[N2](clauses.md#n2)", "[N2](clauses.md#n1)"), anchors, "N2 leads to n1"},
		"a link that leads nowhere": {fine, `<a id="n1"></a>`, "no place called n2"},
		"a clause is left out":      {strings.ReplaceAll(fine, "[N2](clauses.md#n2)", "[N1](clauses.md#n1)"), anchors, "nothing is said of N2"},
	} {
		got := strings.Join(unproved(c.page, c.anchors, []string{"N1", "N2"}), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
