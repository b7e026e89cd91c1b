package costs

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

var update = flag.Bool("update", false, "write docs/costs.md anew")

const (
	pagePath = "../../docs/costs.md"
	command  = "go test ./test/costs -update"
	// tolerance is by how much a figure may differ from the page, which is to stay true in both directions.
	tolerance = 0.02
)

// headings are the page's sections in their order.
var headings = []string{"The life of one escrow", "Each function", "The largest trade", "Terms travel", "A thousand other assets", "Rent", "Everything archived", "A ledger full of trades"}

// page is docs/costs.md, taken apart.
type page struct {
	head     string
	sections map[string]string // by heading
}

func readPage(t testing.TB) page {
	t.Helper()
	raw, err := os.ReadFile(pagePath)
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	parts := strings.Split(string(raw), "\n## ")
	p := page{head: parts[0], sections: map[string]string{}}
	for _, part := range parts[1:] {
		heading, text, _ := strings.Cut(part, "\n")
		p.sections[heading] = strings.TrimSpace(text)
	}
	return p
}

func (p page) write(t testing.TB) {
	t.Helper()
	text := strings.TrimSpace(p.head) + "\n"
	for _, h := range headings {
		if s, ok := p.sections[h]; ok {
			text += "\n## " + h + "\n" + s + "\n"
		}
	}
	if err := os.WriteFile(pagePath, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const measured = "Measured on "

// head is what the page begins with. Of which day and contract it is says its line that begins with measured; nobody compares that.
func head(t testing.TB, settings string) string {
	t.Helper()
	code, hash := code(t)
	return strings.Join([]string{
		"# What each call costs",
		"",
		"What the main network would charge for the contract as it is committed. Every figure is of a transaction that localnet has applied: what the network's meta says was used, what was declared, what was charged",
		"after the refund. `" + command + "` writes this page; `go test ./test/costs` measures again and fails where a figure is more than 2 % off, in either direction, or a number of entries is another.",
		"Keys, clock and nonces are seeded: the figures are the same on every machine.",
		"",
		measured + time.Now().UTC().Format("2 January 2006") + " with the escrow " + hex.EncodeToString(hash[:]) + ", " + n(len(code)) + " bytes.",
		"",
		"Settings: " + settings + " (`internal/localnet/settings`). Money is stroops where nothing else is said, 1 XLM is 10,000,000; each transaction bids the least, 100 stroops, which is in its fee.",
		"*Declared* and *authorised* are what a simulation asks for, with its reserve; *charged* is after the refund. Entries *read* are those of the footprint.",
	}, "\n")
}

// TestPage holds the page's beginning and its list of sections against what is measured.
func TestPage(t *testing.T) {
	if *wasmFile != "" {
		t.Skip("-wasm names another build than the page's")
	}
	p := readPage(t)
	costs := func() xdr.ContractCostParams { return make(xdr.ContractCostParams, 100) } // only the name is asked
	want := head(t, settings.MainNetwork(costs(), costs()).Name)
	if *update {
		p.head = want
		p.write(t)
		return
	}
	undated := func(text string) string {
		return regexp.MustCompile(`(?m)^`+measured+`.*$`).ReplaceAllString(strings.TrimSpace(text), "")
	}
	if undated(p.head) != undated(want) {
		t.Errorf("docs/costs.md begins with\n%s\nnot with\n%s\nto write it anew: %s", p.head, want, command)
	}
	raw, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(string(raw), -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, headings) {
		t.Errorf("docs/costs.md has the sections %q, measured are %q; to write it anew: %s", got, headings, command)
	}
}

// section is written while it is measured, and then compared with the page's.
type section struct {
	t       *testing.T
	heading string
	lines   []string
}

func newSection(t *testing.T, heading string) *section {
	t.Helper()
	if !slices.Contains(headings, heading) {
		t.Fatalf("the page has no section %q", heading)
	}
	return &section{t: t, heading: heading}
}

func (s *section) para(format string, args ...any) {
	if len(s.lines) > 0 {
		s.lines = append(s.lines, "")
	}
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *section) table(header []string, rows [][]string) {
	s.lines = append(s.lines, "", tableRow(header), "|"+strings.Repeat(" --- |", len(header)))
	for _, r := range rows {
		s.lines = append(s.lines, tableRow(r))
	}
}

func tableRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// check compares the section with the page, or writes it.
func (s *section) check() {
	s.t.Helper()
	text := strings.Join(s.lines, "\n")
	if *wasmFile != "" {
		s.t.Logf("%s, not compared:\n%s", s.heading, text)
		return
	}
	p := readPage(s.t)
	if *update {
		p.sections[s.heading] = text
		p.write(s.t)
		return
	}
	for _, d := range differences(s.heading, p.sections[s.heading], text) {
		s.t.Error(d)
	}
}

var number = regexp.MustCompile(`[0-9][0-9,]*(\.[0-9]+)?`)

// differences says what is no longer as the page has it: a figure that is more than the tolerance off, or words.
func differences(heading, was, is string) (all []string) {
	before, after := strings.Split(was, "\n"), strings.Split(is, "\n")
	if number.ReplaceAllString(was, "#") != number.ReplaceAllString(is, "#") {
		for i := range max(len(before), len(after)) {
			old, now := lineOf(before, i), lineOf(after, i)
			if number.ReplaceAllString(old, "#") != number.ReplaceAllString(now, "#") {
				return []string{fmt.Sprintf("docs/costs.md, %q: the page has other words than the measurement; first\n%s\nis\n%s\nto write it anew: %s", heading, old, now, command)}
			}
		}
	}
	var columns []string
	for i := range after {
		if !strings.HasPrefix(after[i], "| ") {
			columns = nil
			all = append(all, lineDifferences(fmt.Sprintf("%s, %q", heading, clip(after[i])), before[i], after[i], false)...)
			continue
		}
		old, now := cells(before[i]), cells(after[i])
		if columns == nil {
			columns = now
			continue
		}
		for k := range now {
			column := columns[min(k, len(columns)-1)]
			all = append(all, lineDifferences(fmt.Sprintf("%s, %s, %s", heading, now[0], column), old[k], now[k], strings.Contains(column, "entries"))...)
		}
	}
	return all
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

func clip(line string) string {
	if len(line) > 60 {
		return line[:60] + "…"
	}
	return line
}

func cells(line string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
}

func lineDifferences(figure, was, is string, exact bool) (all []string) {
	before, after := number.FindAllString(was, -1), number.FindAllString(is, -1)
	for i := range after {
		a, b := value(before[i]), value(after[i])
		off := math.Abs(b - a)
		if off == 0 || !exact && (off <= tolerance*a || off < 1.5*lastDigit(after[i])) {
			continue
		}
		all = append(all, fmt.Sprintf("docs/costs.md: %s: was %s, is %s (%+.1f %%); if that is meant: %s", figure, before[i], after[i], 100*(b-a)/a, command))
	}
	return all
}

func value(text string) float64 {
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil {
		panic(err) // the pattern lets nothing else through
	}
	return v
}

// lastDigit is what one in the last place of a rounded number is worth; whole numbers are not rounded.
func lastDigit(text string) float64 {
	_, decimals, ok := strings.Cut(text, ".")
	if !ok {
		return 0
	}
	return math.Pow10(-len(decimals))
}

// n is a whole number with a comma for each thousand.
func n[I ~int | ~int64 | ~uint32 | ~uint64 | ~int32](i I) string {
	text := strconv.FormatInt(int64(i), 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func xlm(stroops int64) string { return fmt.Sprintf("%.4f", float64(stroops)/10_000_000) }

func percent(part, whole int64) string { return fmt.Sprintf("%.1f", 100*float64(part)/float64(whole)) }
