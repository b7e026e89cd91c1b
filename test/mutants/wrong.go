package mutants

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed wrong/*.txt
var files embed.FS

// Wrong is a contract that is wrong in one place.
type Wrong struct {
	ID   string
	Rule string // what it breaks: a row of docs/contract-attacks.md, or a section of docs/contract.md
	File string // below contract/
	Why  string // what it lets happen
	Find string // stands once in File
	Put  string // and this in its place
}

// All is the list, in the order of its files. Each block of a file begins with "=== ID" and has the fields rule, file and why, then lines as in
// a unified diff: those with - are taken out, those with + put in, those with a blank stay. What stands before the first block is for readers.
func All() ([]Wrong, error) {
	entries, err := files.ReadDir("wrong")
	if err != nil {
		return nil, fmt.Errorf("list the wrong contracts: %w", err)
	}
	var all []Wrong
	for _, entry := range entries {
		text, err := files.ReadFile("wrong/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the wrong contracts: %w", err)
		}
		blocks := strings.Split(string(text), "\n=== ")
		for _, block := range blocks[1:] {
			w, err := parse(block)
			if err != nil {
				return nil, fmt.Errorf("test/mutants/wrong/%s: %w", entry.Name(), err)
			}
			all = append(all, w)
		}
	}
	return all, nil
}

func parse(block string) (Wrong, error) {
	id, rest, _ := strings.Cut(strings.TrimRight(block, "\n"), "\n")
	w := Wrong{ID: id}
	var old, now []string
	for line := range strings.SplitSeq(rest, "\n") {
		field, value, ok := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, " "):
			old, now = append(old, line[1:]), append(now, line[1:])
		case strings.HasPrefix(line, "-"):
			old = append(old, line[1:])
		case strings.HasPrefix(line, "+"):
			now = append(now, line[1:])
		case ok && field == "rule":
			w.Rule = value
		case ok && field == "file":
			w.File = value
		case ok && field == "why":
			w.Why = value
		default:
			return Wrong{}, fmt.Errorf("%s: a line is neither a field nor of the change: %q", id, line)
		}
	}
	w.Find, w.Put = strings.Join(old, "\n"), strings.Join(now, "\n")
	if w.Rule == "" || w.File == "" || w.Why == "" || w.Find == "" || w.Find == w.Put {
		return Wrong{}, fmt.Errorf("%s: it needs rule, file and why, and something that changes", id)
	}
	return w, nil
}

// Mutant is the change.
func (w Wrong) Mutant() Mutant {
	return Mutant{Name: w.ID, File: w.File, change: func(text string) (string, error) {
		if n := strings.Count(text, w.Find); n != 1 {
			return "", fmt.Errorf("its lines stand %d times in contract/%s, and must stand once: bring test/mutants/wrong up to date", n, w.File)
		}
		return strings.Replace(text, w.Find, w.Put, 1), nil
	}}
}
