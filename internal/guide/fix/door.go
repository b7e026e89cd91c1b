package fix

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/door"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

// suites are what is written where none of the suites that are there may stay: those that browsers of today and of ten years ago both have.
const suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

// ofDoor are the remedies of nginx's files.
func ofDoor() []Remedy {
	all := []Remedy{
		{"N13/header-twice", "take the second away", removeHeader}, // of N12 there is one file, and a second is that file included twice
		{"N11/old-protocol", "allow TLS 1.2 and 1.3", protocols},
		{"N11/new-protocol-off", "allow TLS 1.2 and 1.3", protocols},
		{"N11/weak-suite", "take the suite from the list", strongSuites},
		{"N14/stapling-off", "turn stapling on", inServer("ssl_stapling", "on")},
		{"N14/stapling-unverified", "verify what is stapled", inServer("ssl_stapling_verify", "on")},
	}
	for _, clause := range []string{"N12", "N13"} {
		all = append(all,
			Remedy{clause + "/header-missing", "add the header where those that hold there stand", addHeader},
			Remedy{clause + "/another-value", "write the guide's value", headerValue},
			Remedy{clause + "/not-on-every-status", "write always", headerAlways},
			Remedy{clause + "/sent-twice-by-parts", "hide what parts say of it", hideHeader},
		)
	}
	return all
}

// letter are the headers that the guide has to the letter, and one that has one strictest value.
func letter(header string) (string, bool) {
	value, ok := map[string]string{
		"strict-transport-security": `"max-age=63072000; includeSubDomains; preload"`, "x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
	}[strings.ToLower(header)]
	return value, ok
}

// argument is one of nginx's: bare, or in quotes.
const argument = `(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;{}"']+)`

// line edits one line of a file: change gives what is to stand there, nothing to take the line away.
func (e *edit) line(at guide.Place, change func(string) (string, error)) error {
	text, err := e.Read(at.File)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return errGuess
	}
	changed, err := change(strings.TrimSuffix(lines[at.Line-1], "\n"))
	if err != nil {
		return err
	}
	if changed != "" {
		changed += "\n"
	}
	lines[at.Line-1] = changed
	return e.Write(at.File, []byte(strings.Join(lines, "")))
}

// directive rewrites the arguments of the one directive of this name on a line.
func directive(line, name string, change func(args []string) []string) (string, error) {
	form := regexp.MustCompile(`^(.*?\b` + name + `)((?:\s+` + argument + `)+)(\s*;.*)$`)
	found := form.FindStringSubmatch(line)
	if found == nil || strings.Contains(found[1], "#") || strings.Count(line, name) != 1 && !strings.Contains(found[3], "#") {
		return "", errGuess
	}
	args := change(regexp.MustCompile(argument).FindAllString(found[2], -1))
	if args == nil {
		return "", errGuess
	}
	gap := found[2][:len(found[2])-len(strings.TrimLeft(found[2], " \t"))]
	return found[1] + gap + strings.Join(args, " ") + found[3], nil
}

// within adds a directive to a block that opens on a line of its own.
func (e *edit) within(at guide.Place, statement string) error {
	return e.line(at, func(line string) (string, error) {
		code, _, _ := strings.Cut(line, "#")
		if !strings.HasSuffix(strings.TrimSpace(code), "{") {
			return "", errGuess
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		return line + "\n" + indent + "    " + statement, nil
	})
}

// setting sets a directive at the line where it stands, or adds it to the block that opens there.
func (e *edit) setting(at guide.Place, name string, change func(args []string) []string, fresh string) error {
	err := e.line(at, func(line string) (string, error) { return directive(line, name, change) })
	if err == nil {
		return nil
	}
	return e.within(at, name+" "+fresh+";")
}

func protocols(e *edit, f guide.Finding) error {
	return e.setting(f.At, "ssl_protocols", func([]string) []string { return []string{"TLSv1.2", "TLSv1.3"} }, "TLSv1.2 TLSv1.3")
}

func strongSuites(e *edit, f guide.Finding) error {
	return e.setting(f.At, "ssl_ciphers", func(args []string) []string {
		if len(args) != 1 {
			return nil
		}
		quote := ""
		if q := args[0][:1]; q == `"` || q == "'" {
			quote = q
		}
		kept := slices.DeleteFunc(strings.Split(strings.Trim(args[0], quote), ":"), func(s string) bool { return !door.Strong(s) })
		if len(kept) == 0 {
			return []string{suites}
		}
		return []string{quote + strings.Join(kept, ":") + quote}
	}, suites)
}

// scope is the block of nginx's configuration that opens at a place, as it is in the draft.
func (e *edit) scope(at guide.Place) (*nginxconf.Scope, error) {
	c, err := nginxconf.Load(e.files, door.ConfigFile, nginxconf.Options{})
	if err != nil {
		return nil, err
	}
	for s := range c.Main.All() {
		if s.At.File == at.File && s.At.Line == at.Line && s.Kind != "main" {
			return s, nil
		}
	}
	return nil, errGuess
}

func place(p nginxconf.Place) guide.Place { return guide.Place{File: p.File, Line: p.Line} }

// inServer sets a directive where it stands that is in force in the server.
func inServer(name, value string) func(*edit, guide.Finding) error {
	return func(e *edit, f guide.Finding) error {
		server, err := e.scope(f.At)
		if err != nil {
			return err
		}
		at := f.At
		if all := server.Effective(name); len(all) > 0 {
			at = place(all[len(all)-1].At)
		}
		return e.setting(at, name, func([]string) []string { return []string{value} }, value)
	}
}

// addHeader adds a header to the block whose headers hold where it is missing: in another they would end what that one hands down.
func addHeader(e *edit, f guide.Finding) error {
	name, _, _ := strings.Cut(f.Detail, ":")
	at, err := e.scope(f.At)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(at.Headers(), func(h nginxconf.Header) bool { return strings.EqualFold(h.Name, name) }) {
		return errGuess // an edit before has added it
	}
	value, ok := letter(name)
	if !ok {
		// What has no one right value is taken from the server, if it has one.
		for s := at.Parent(); s != nil && !ok; s = s.Parent() {
			for _, h := range s.Headers() {
				if strings.EqualFold(h.Name, name) && !strings.ContainsAny(h.Value, `"$\`) {
					value, ok = `"`+h.Value+`"`, true
				}
			}
		}
	}
	if !ok {
		return errGuess
	}
	holds := at
	for holds.Kind != "server" && len(holds.Written("add_header")) == 0 && holds.Parent() != nil {
		holds = holds.Parent()
	}
	return e.within(place(holds.At), "add_header "+name+" "+value+" always;")
}

func headerValue(e *edit, f guide.Finding) error {
	return e.line(f.At, func(line string) (string, error) {
		return directive(line, "add_header", func(args []string) []string {
			if value, ok := letter(args[0]); ok && len(args) > 1 {
				return slices.Concat(args[:1], []string{value}, args[2:])
			}
			return nil
		})
	})
}

func headerAlways(e *edit, f guide.Finding) error {
	return e.line(f.At, func(line string) (string, error) {
		return directive(line, "add_header", func(args []string) []string {
			if len(args) != 2 {
				return nil
			}
			return append(args, "always")
		})
	})
}

// removeHeader takes a line away that has nothing else. Of a file that is included twice that would be both, and is taken back.
func removeHeader(e *edit, f guide.Finding) error {
	alone := regexp.MustCompile(`^\s*add_header(?:\s+` + argument + `)+\s*;\s*$`)
	return e.line(f.At, func(line string) (string, error) {
		if !alone.MatchString(line) {
			return "", errGuess
		}
		return "", nil
	})
}

// hideHeader adds to the list that is in force in the location; where there is none, to the location.
func hideHeader(e *edit, f guide.Finding) error {
	at, err := e.scope(f.At)
	if err != nil {
		return err
	}
	hide := "proxy_hide_header " + strings.TrimPrefix(f.Detail, "write proxy_hide_header ") + ";"
	hidden := at.Effective("proxy_hide_header")
	if len(hidden) == 0 {
		return e.within(f.At, hide)
	}
	return e.line(place(hidden[len(hidden)-1].At), func(line string) (string, error) {
		if bytes.ContainsAny([]byte(line), "{}") {
			return "", errGuess
		}
		return line + "\n" + line[:len(line)-len(strings.TrimLeft(line, " \t"))] + hide, nil
	})
}
