package door

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/headers"
)

// wanted is a header and what it must be. fits says what is wrong with a value, nothing if it will do.
type wanted struct {
	name string
	fits func(value string) string
}

func exactly(want string) func(string) string {
	return func(value string) string {
		if value != want {
			return fmt.Sprintf("%q, not %q", value, want)
		}
		return ""
	}
}

// keepsToItself is a Referrer-Policy that tells nobody else more than where the page is. Of several words browsers take the last that they know.
func keepsToItself(value string) string {
	for _, word := range strings.Split(value, ",") {
		if !slices.Contains([]string{"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}, strings.ToLower(strings.TrimSpace(word))) {
			return fmt.Sprintf("%q: write no-referrer", value)
		}
	}
	return ""
}

// never are features that no page of ours uses, and that tell most of who is at a machine.
var never = []string{"camera", "geolocation", "microphone", "payment", "usb"}

// allowsNothingToAll is a Permissions-Policy that gives nobody the use of what no page of ours needs, and nothing to every page within ours.
func allowsNothingToAll(value string) string {
	denied := map[string]bool{}
	for feature := range strings.SplitSeq(value, ",") {
		name, list, _ := strings.Cut(strings.TrimSpace(feature), "=")
		if strings.Contains(list, "*") {
			return "it lets every page use something: write () in place of *"
		}
		denied[name] = list == "()" // of several browsers take the last (RFC 8941, 3.2)
	}
	for _, name := range never {
		if !denied[name] {
			return "write " + name + "=()"
		}
	}
	return ""
}

func headerModes() []guide.Mode {
	return append(doorModes(), []guide.Mode{
		{Name: "header-missing", What: "an answer lacks the header: a location with a header of its own has none of its server's"},
		{Name: "another-value", What: "the header says something else than it must"},
		{Name: "header-twice", What: "the header is there twice: browsers may take either"},
		{Name: "not-on-every-status", What: "the header is on good answers alone: an error page goes without"},
		{Name: "sent-twice-by-parts", What: "what a part behind says of the header comes through beside nginx's"},
		{Name: "answer-without", What: "a real answer lacks the header", Running: true},
		{Name: "answer-with-another", What: "a real answer has another value, or the header twice", Running: true},
	}...)
}

// inLocations judges every location of a server of nginx.
func inLocations(all []wanted) func(nginxconf.Server) seen {
	return func(s nginxconf.Server) seen {
		var subjects []guide.Subject
		var findings []guide.Finding
		for _, at := range s.Locations() {
			name := at.String() + " (" + at.At.String() + ")"
			add := func(mode, detail string, where guide.Place) {
				findings = append(findings, guide.Finding{Mode: mode, Subject: name, Detail: detail, At: where})
			}
			for _, w := range all {
				var found []nginxconf.Header
				for _, h := range at.Headers() {
					if strings.EqualFold(h.Name, w.name) {
						found = append(found, h)
					}
				}
				switch len(found) {
				case 0:
					add("header-missing", w.name+": include it here too, or add no header in the location", place(at.At))
					continue
				case 1:
				default:
					add("header-twice", w.name, place(found[1].At))
				}
				h := found[0]
				if !h.Always {
					add("not-on-every-status", w.name+": write always behind it", place(h.At))
				}
				if wrong := w.fits(h.Value); wrong != "" {
					add("another-value", w.name+": "+wrong, place(h.At))
				}
				if through := at.Effective("proxy_pass_header"); at.Written("proxy_pass") != nil && slices.ContainsFunc(through, func(d nginxconf.Directive) bool { return len(d.Args) > 0 && strings.EqualFold(d.Args[0], w.name) }) {
					add("sent-twice-by-parts", "take proxy_pass_header "+w.name+" away: it undoes proxy_hide_header", place(at.At))
				} else if at.Written("proxy_pass") != nil && !slices.ContainsFunc(at.Effective("proxy_hide_header"), func(d nginxconf.Directive) bool { return strings.EqualFold(d.Args[0], w.name) }) {
					add("sent-twice-by-parts", "write proxy_hide_header "+w.name, place(at.At))
				}
			}
			subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("%d headers, each once and on every status", len(all)), At: place(at.At)})
		}
		return seen{subjects, findings}
	}
}

func inAnswers(ctx context.Context, s *facts.System, all []wanted) guide.Result {
	got, err := answers(ctx, s)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return judgeAnswers(got, all)
}

func judgeAnswers(got []headers.Answer, all []wanted) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	var unseen []string
	for _, a := range got {
		name := a.Route.String()
		if a.Err != nil || !a.AsWanted() {
			unseen = append(unseen, fmt.Sprintf("%s: status %d, not %d, %v", name, a.Status, a.Route.Want, a.Err))
			continue
		}
		for _, w := range all {
			values := a.Header.Values(w.name)
			switch {
			case len(values) == 0:
				findings = append(findings, guide.Finding{Mode: "answer-without", Subject: name, Detail: fmt.Sprintf("%s on status %d", w.name, a.Status)})
			case len(values) > 1:
				findings = append(findings, guide.Finding{Mode: "answer-with-another", Subject: name, Detail: fmt.Sprintf("%s is there %d times", w.name, len(values))})
			case w.fits(values[0]) != "":
				findings = append(findings, guide.Finding{Mode: "answer-with-another", Subject: name, Detail: w.name + ": " + w.fits(values[0])})
			}
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("status %d, %d headers as they must be", a.Status, len(all))})
	}
	if len(findings) == 0 && len(unseen) > 0 {
		return guide.NoEvidence("not every kind of answer was seen: %s", strings.Join(unseen, "; "))
	}
	return guide.Judge(subjects, findings)
}
