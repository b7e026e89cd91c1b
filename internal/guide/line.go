package guide

import (
	"strings"
	"unicode"
)

// OneLine is a text of others as one line of at most so many letters: nothing that terminals obey, that turns the order of letters round, or that cannot be seen.
func OneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if letters := []rune(text); len(letters) > most {
		return strings.TrimRight(string(letters[:most]), " ") + " …"
	}
	return text
}
