package fix

import (
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const example = ".env.example"

// Remedies are all of them, in the order in which they are tried for one finding: there is one a way.
func Remedies() []Remedy { return slices.Concat(ofStack(), ofPods(), ofDoor(), ofValues()) }

// ofValues are the remedies of .env.example and .gitignore.
func ofValues() []Remedy {
	return []Remedy{
		{"S9/not-in-example", "list the variable, without a value", func(e *edit, f guide.Finding) error { return e.endWith(example, f.Subject+"=\n") }},
		{"S9/has-a-value", "take the value away", emptyValue},
		{"S9/no-example", "list every required variable, without a value", writeExample},
		{"S10/env-not-ignored", "ignore .env and its like", func(e *edit, _ guide.Finding) error { return e.endWith(".gitignore", ".env\n.env.*\n!"+example+"\n") }},
		{"S10/example-ignored", "take the example from what is ignored", func(e *edit, _ guide.Finding) error { return e.endWith(".gitignore", "!"+example+"\n") }},
	}
}

// endWith adds lines to a file, whose last line need not have been ended.
func (e *edit) endWith(name, more string) error {
	if text, err := e.Read(name); err == nil && len(text) > 0 && text[len(text)-1] != '\n' {
		more = "\n" + more
	}
	return e.Append(name, more)
}

func emptyValue(e *edit, f guide.Finding) error {
	form := regexp.MustCompile(`^(\s*(?:export\s+)?` + regexp.QuoteMeta(f.Subject) + `\s*=).*$`)
	return e.line(f.At, func(line string) (string, error) {
		found := form.FindStringSubmatch(line)
		if found == nil {
			return "", errGuess
		}
		return found[1], nil
	})
}

func writeExample(e *edit, _ guide.Finding) error {
	variables, err := compose.Variables(e.files, stackfile.Name)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Copy to .env and fill in: `cp .env.example .env && chmod 600 .env`. .env is never committed.\n")
	for _, v := range variables {
		if v.Required {
			b.WriteString(v.Name + "=\n")
		}
	}
	return e.Write(example, []byte(b.String()))
}
