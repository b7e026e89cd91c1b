package secret

import (
	"fmt"
	"slices"
	"strings"
)

// wellKnown are values that guides, images and examples use, and words that such values are made of. Whoever guesses begins with them.
var wellKnown = []string{
	"admin", "administrator", "change", "changeit", "changeme", "default", "demo", "docker", "example", "grafana", "guest", "insecure", "key", "letmein", "me", "my",
	"p4ssw0rd", "pass", "passw0rd", "password", "placeholder", "please", "postgres", "postgresql", "production", "qwerty", "qwertyuiop", "redis", "replace", "root",
	"secret", "secrets", "secure", "stellar", "stellarescrow", "escrow", "super", "supersecret", "temp", "test", "testing", "this", "todo", "token", "user", "value",
	"welcome", "with", "your", "api", "db", "database", "strong", "a", "in", "for", "the", "to",
}

// WellKnown are values that guides, images and examples use as secrets, and the words that such values are made of, in lower case: what whoever guesses begins with.
func WellKnown() []string { return slices.Clone(wellKnown) }

// Check refuses (ErrUnfit) a value that cannot be a secret of the usual kind: empty, short, repeated, well known.
func Check(value string) error { return fit(value, DefaultMinBytes) }

func (n Need) fit(value string) error {
	if n.Fit != nil {
		if strings.TrimSpace(value) == "" {
			return fmt.Errorf("it is empty: %w", ErrUnfit)
		}
		if len(value) > maxBytes {
			return fmt.Errorf("it is larger than %d bytes: %w", maxBytes, ErrUnfit)
		}
		if err := n.Fit(value); err != nil {
			return fmt.Errorf("%w: %w", ErrUnfit, err)
		}
		return nil
	}
	if n.Any && strings.TrimSpace(value) != "" && len(value) <= maxBytes {
		return nil
	}
	return fit(value, n.MinBytes)
}

// fit refuses what cannot be a secret. Its errors say nothing of the value but its length.
func fit(value string, minBytes int) error {
	switch {
	case strings.TrimSpace(value) == "":
		return fmt.Errorf("it is empty: %w; write a random value of at least %d bytes", ErrUnfit, minBytes)
	case len(value) > maxBytes:
		return fmt.Errorf("it is larger than %d bytes: %w", maxBytes, ErrUnfit)
	case strings.TrimSpace(value) != value:
		return fmt.Errorf("it begins or ends with white space, or has more than one line end: %w; write the value alone", ErrUnfit)
	case len(value) < minBytes:
		return fmt.Errorf("it has %d bytes, fewer than %d: %w; write a random value", len(value), minBytes, ErrUnfit)
	case fewSymbols(value):
		return fmt.Errorf("it repeats a few characters: %w; write a random value", ErrUnfit)
	case sequence(value):
		return fmt.Errorf("its characters follow each other in the alphabet: %w; write a random value", ErrUnfit)
	case wordsOnly(value):
		return fmt.Errorf("it is made of well-known words: %w; write a random value", ErrUnfit)
	}
	return nil
}

// fewSymbols finds values such as aaaa or abababab: fewer than five different bytes, however long.
func fewSymbols(value string) bool {
	seen := map[byte]bool{}
	for i := range len(value) {
		seen[value[i]] = true
	}
	return len(seen) < 5
}

// sequence finds 1234567890123456 and abcdefghijklmnop: nine of ten bytes are one above the one before, 0 after 9 included.
func sequence(value string) bool {
	steps := 0
	for i := 1; i < len(value); i++ {
		if value[i] == value[i-1]+1 || value[i] == '0' && value[i-1] == '9' {
			steps++
		}
	}
	return steps*10 >= (len(value)-1)*9
}

// wordsOnly finds values that are nothing but well-known words, digits and punctuation: change-me-please-123.
func wordsOnly(value string) bool {
	words := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r < 'a' || r > 'z' })
	letters := 0
	for _, w := range words {
		if !madeOfWords(w) {
			return false
		}
		letters += len(w)
	}
	// A random number is a secret too, and so is one with a word before it; a word with a year behind it is not.
	return letters > 0 && len(value)-letters < 12
}

// madeOfWords tells whether a text is well-known words one after the other.
func madeOfWords(text string) bool {
	made := make([]bool, len(text)+1) // made[i]: text[:i] is
	made[0] = true
	for i := range text {
		for _, w := range wellKnown {
			if made[i] && strings.HasPrefix(text[i:], w) {
				made[i+len(w)] = true
			}
		}
	}
	return made[len(text)]
}
