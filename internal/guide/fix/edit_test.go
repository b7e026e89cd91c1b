package fix

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// An edit changes the one value and leaves the rest of the text as it is.
func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, text string
		path       []string
		value      string
		want       string // nothing: it is refused
	}{
		{"a value", "a: 1 # why\nb: 2\n", []string{"a"}, "3", "a: 3 # why\nb: 2\n"},
		{"a value in quotes", "a: \"x: y\" # why\n", []string{"a"}, "3", "a: 3 # why\n"},
		{"a list on one line", "a: [x, \"]\"] # why\n", []string{"a"}, "[y]", "a: [y] # why\n"},
		{"a value below", "a:\n  b: 1\n  c: 2\n", []string{"a", "c"}, "3", "a:\n  b: 1\n  c: 3\n"},
		{"what is missing", "a:\n  b: 1\n  c: 2\n", []string{"a", "d"}, "3", "a:\n  b: 1\n  d: 3\n  c: 2\n"},
		{"what is missing on the way", "a:\n  b: 1\n", []string{"a", "d", "e"}, "3", "a:\n  b: 1\n  d: {e: 3}\n"},
		{"in braces", "a: {b: 1}\n", []string{"a", "c"}, "3", "a: {c: 3, b: 1}\n"},
		{"in empty braces", "a: {}\n", []string{"a", "c"}, "3", "a: {c: 3}\n"},
		{"behind a dash is not", "- a: 1\n", nil, "", ""},
		{"after a merge", "x: &x {c: 1}\na:\n  <<: *x\n  b: 1\n", []string{"a", "d"}, "3", "x: &x {c: 1}\na:\n  <<: *x\n  d: 3\n  b: 1\n"},
		{"before a block", "a:\n  b:\n    c: 1\n", []string{"a", "d"}, "3", "a:\n  d: 3\n  b:\n    c: 1\n"},
		{"characters of several bytes", "a: {é: ü, b: 1}\n", []string{"a", "b"}, "3", "a: {é: ü, b: 3}\n"},
		{"a value with an anchor", "a: &x 1\n", []string{"a"}, "3", ""},
		{"a value of several lines", "a: |\n  one\n  two\n", []string{"a"}, "3", ""},
		{"a list of several lines", "a:\n  - one\n", []string{"a"}, "3", ""},
		{"a value that is no mapping", "a: 1\n", []string{"a", "b"}, "3", ""},
		{"lines that end otherwise", "a: 1\r\n", []string{"a"}, "3", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := readYAML([]byte(c.text))
			var got []byte
			if err == nil && len(m.docs) == 1 {
				got, err = m.set(m.docs[0], c.value, c.path...)
			} else if err == nil {
				err = errGuess
			}
			if string(got) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// Whatever the file looks like, an edit that is made sets exactly that value: read again, everything else is what it was.
func TestSetChangesOneValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{"1", `"two # and: more"`, "'it''s'", "[a, b]", "{c: d}", "é", "true", "null"})
		var b strings.Builder
		depth := 0
		names := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		seen := []map[string]bool{{}}
		for range rapid.IntRange(1, 8).Draw(t, "lines") {
			name := names.Draw(t, "name")
			if seen[depth][name] {
				continue
			}
			seen[depth][name] = true
			if rapid.Bool().Draw(t, "comment") {
				fmt.Fprintf(&b, "%s# of %s\n", strings.Repeat("  ", depth), name)
			}
			fmt.Fprintf(&b, "%s%s: %s", strings.Repeat("  ", depth), name, value.Draw(t, "value"))
			if rapid.Bool().Draw(t, "remark") {
				b.WriteString(" # a remark")
			}
			b.WriteByte('\n')
			if below := names.Draw(t, "below"); !seen[depth][below] && depth < 3 && rapid.Bool().Draw(t, "deeper") {
				seen[depth][below] = true
				fmt.Fprintf(&b, "%s%s:\n%sfirst: 1\n", strings.Repeat("  ", depth), below, strings.Repeat("  ", depth+1))
				depth++
				seen = append(seen[:depth], map[string]bool{"first": true})
			}
		}
		path := rapid.SliceOfN(names, 1, 3).Draw(t, "path")
		text := b.String()
		m, err := readYAML([]byte(text))
		if err != nil || len(m.docs) != 1 {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := m.set(m.docs[0], "of-the-test", path...)
		if err != nil {
			return
		}
		var before, after map[string]any
		if err := yaml.Unmarshal([]byte(text), &before); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(got, &after); err != nil {
			t.Fatalf("%v:\n%s", err, got)
		}
		put(before, path)
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%v of\n%s\nis\n%s\n%v, want %v", path, text, got, after, before)
		}
	})
}

func put(in map[string]any, path []string) {
	if len(path) == 1 {
		in[path[0]] = "of-the-test"
		return
	}
	below, ok := in[path[0]].(map[string]any)
	if !ok {
		below = map[string]any{}
		in[path[0]] = below
	}
	put(below, path[1:])
}

func TestBindPort(t *testing.T) {
	for in, want := range map[string]string{
		"5432:5432": "127.0.0.1:5432:5432", "0.0.0.0:80:8080": "127.0.0.1:80:8080", "[::]:80:8080/tcp": "127.0.0.1:80:8080/tcp", "3000": "127.0.0.1::3000",
		"9090-9093:9090-9093": "127.0.0.1:9090-9093:9090-9093", "127.0.0.1:1:2": "127.0.0.1:1:2", "[::1]:1:2": "[::1]:1:2",
		"${PORT:-5432}:5432": "", "5432:${PORT}": "", "": "", "web": "",
	} {
		if got, ok := bindPort(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestDirective(t *testing.T) {
	to := func(args []string) []string { return []string{"on"} }
	for in, want := range map[string]string{
		"  ssl_stapling   off; # why":  "  ssl_stapling   on; # why",
		"server { ssl_stapling off; }": "server { ssl_stapling on; }",
		"  # ssl_stapling off;":        "", "  ssl_stapling_verify off;": "", "  ssl_stapling off": "", "ssl_stapling off; ssl_stapling on;": "",
		`  ssl_stapling "a;b" 'c';`: "  ssl_stapling on;",
	} {
		if got, err := directive(in, "ssl_stapling", to); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestRequireVariable(t *testing.T) {
	for in, want := range map[string]string{
		"a: ${X:-one}\n":             "a: ${X:?write a value into .env, see .env.example}\n",
		"a: ${X?why}\n":              "a: ${X:?why}\n",
		"a: ${X}\n":                  "a: ${X:?write a value into .env, see .env.example}\n",
		"a: 1 # not ${X}\n":          "a: 1 # not ${X}\n\nx-required:\n  - ${X:?write a value into .env, see .env.example}\n",
		"a: 1\nx-required:\n  - b\n": "a: 1\nx-required:\n  - ${X:?write a value into .env, see .env.example}\n  - b\n",
		"a: ${XY}\n":                 "a: ${XY}\n\nx-required:\n  - ${X:?write a value into .env, see .env.example}\n",
	} {
		d := guide.NewDraft(fstest.MapFS{"docker-compose.yml": {Data: []byte(in)}})
		err := requireVariable(&edit{d, nil}, guide.Finding{Subject: "X"})
		if got := string(d.Changed()["docker-compose.yml"]); err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", in, got, err, want)
		}
	}
}
