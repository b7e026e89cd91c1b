package app

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const readmeFile = "../../README.md"

// shownStep is how the README quotes the fifth step of the demo's first story.
var shownStep = regexp.MustCompile("(?s)```\n(  5\\. .*?\n)```\n")

// stepFigures are what is another each time (when, which ledger and transaction) and what a step costs, in this order.
var stepFigures = regexp.MustCompile(`until (\S+Z);|ledger (\d+) · transaction ([0-9a-f]{16}) · fee (\d+\.\d+) XLM · ([\d,]+) instructions`)

// costTolerance is how far the cost of a step may be from what the README shows, as for the figures of docs/costs.md.
const costTolerance = 0.02

// readmeShows compares what the README quotes of the demo with what a demo has printed: word by word, and its costs within costTolerance.
func readmeShows(t *testing.T, printed string) {
	t.Helper()
	readme := string(must(os.ReadFile(readmeFile)))
	m := shownStep.FindStringSubmatchIndex(readme)
	if m == nil {
		t.Fatal("the README does not show the demo's fifth step")
	}
	shown := readme[m[2]:m[3]]
	_, step, ok := strings.Cut(printed, "\n  5. ")
	step, _, ok2 := strings.Cut(step, "\n  6. ")
	if !ok || !ok2 {
		t.Fatalf("there is no fifth step in\n%s", printed)
	}
	step = "  5. " + step + "\n"
	if *update {
		if err := os.WriteFile(readmeFile, []byte(readme[:m[2]]+step+readme[m[3]:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if why := stepsDiffer(shown, step); why != "" {
		t.Errorf("the README's demo: %s; if that is meant: go test ./internal/app -run Demo -update\nit shows\n%sthe demo prints\n%s", why, shown, step)
	}
}

// stepsDiffer is what is wrong with shown as a quotation of step, empty if nothing.
func stepsDiffer(shown, step string) string {
	if stepFigures.ReplaceAllString(shown, "…") != stepFigures.ReplaceAllString(step, "…") {
		return "it says something else"
	}
	was, is := costs(shown), costs(step)
	if len(was) != 2 || len(is) != 2 {
		return "it has no line with a fee and instructions"
	}
	for i, name := range []string{"fee", "instructions"} {
		if is[i] > was[i]*(1+costTolerance) || is[i] < was[i]*(1-costTolerance) {
			return name + ": more than 2 % off"
		}
	}
	return ""
}

// costs are a step's fee, in XLM, and its instructions.
func costs(step string) (all []float64) {
	for _, m := range stepFigures.FindAllStringSubmatch(step, -1) {
		for _, figure := range m[4:] {
			if n, err := strconv.ParseFloat(strings.ReplaceAll(figure, ",", ""), 64); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}

func TestStepsDiffer(t *testing.T) {
	const step = "  5. The buyer releases 250 USDC.\n     The buyer can object until 2026-11-29T13:20:54Z; then more.\n" +
		"     signed by buyer · ledger 39 · transaction f7f9c7c7009e6c66 · fee 0.0031000 XLM · 3,200,000 instructions\n"
	for _, c := range []struct{ name, old, new, want string }{
		{"another time, ledger and transaction", "2026-11-29T13:20:54Z; then more.\n     signed by buyer · ledger 39 · transaction f7", "2027-01-01T00:00:00Z; then more.\n     signed by buyer · ledger 4 · transaction 00", ""},
		{"two percent more", "3,200,000", "3,264,000", ""},
		{"more than that", "3,200,000", "3,264,001", "instructions"},
		{"less", "3,200,000", "3,135,999", "instructions"},
		{"another fee", "0.0031000", "0.0031621", "fee"},
		{"another sum", "250", "251", "something else"},
		{"another signer", "by buyer", "by seller", "something else"},
		{"no cost", " XLM ·", " ·", "something else"},
	} {
		got := stepsDiffer(step, strings.Replace(step, c.old, c.new, 1))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := stepsDiffer("  5. x\n", "  5. x\n"); !strings.Contains(got, "no line") {
		t.Errorf("two without figures: %q", got)
	}
}
