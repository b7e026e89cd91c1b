package costs

import (
	"strings"
	"testing"
)

// TestDifferences shows what the page may differ by, and what a failure names.
func TestDifferences(t *testing.T) {
	const was = "It costs 0.0347 XLM.\n\n| call | instructions | entries read |\n| --- | --- | --- |\n| `open` | 1,000,000 | 60 |"
	for _, c := range []struct{ name, old, new, says string }{
		{"the same", "x", "x", ""},
		{"two percent more", "1,000,000", "1,020,000", ""},
		{"more than two percent more", "1,000,000", "1,020,001", "Life, `open`, instructions: was 1,000,000, is 1,020,001 (+2.0 %); if that is meant: " + command},
		{"more than two percent less", "1,000,000", "979,999", "Life, `open`, instructions: was 1,000,000, is 979,999 (-2.0 %)"},
		{"an entry more", "| 60 |", "| 61 |", "Life, `open`, entries read: was 60, is 61"},
		{"the last digit of a rounded number", "0.0347", "0.0348", ""},
		{"more of a rounded number", "0.0347", "0.0356", `Life, "It costs 0.0356 XLM.": was 0.0347, is 0.0356`},
		{"something out of nothing", "1,000,000", "0", "is 0"},
		{"other words", "`open`", "`fund`", "other words"},
		{"a row less", "\n| `open` | 1,000,000 | 60 |", "", "other words"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(differences("Life", was, strings.Replace(was, c.old, c.new, 1)), "\n")
			if c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("got %q, want it to say %q", got, c.says)
			}
		})
	}
}
