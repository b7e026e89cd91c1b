package guide

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                          "plain",
		" two\n\tlines \r":               "two lines",
		"\x1b[31mred\x07":                "[31mred",
		"\u009b31mred":                   "31mred",
		"a\u2028b\u2029c":                "a b c",
		"a\u202eb\u202ac\u2066d\u2069e":  "a b c d e",
		"a\u200bb\ufeffc":                "a b c",
		"half a letter: \xc3":            "half a letter:",
		"größer, 大きい":                    "größer, 大きい",
		strings.Repeat("ß", 30):          strings.Repeat("ß", 30),
		strings.Repeat("ß", 31):          strings.Repeat("ß", 30) + " …",
		strings.Repeat("\u200b", 31):     "",
		strings.Repeat("x ", 20) + "end": strings.TrimSpace(strings.Repeat("x ", 15)) + " …",
	} {
		if got := OneLine(text, 30); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
