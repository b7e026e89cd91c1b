package opinions

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// tool is one that can be asked.
type tool struct {
	name    string
	install string // how it is had
	kinds   []string
	version []string // arguments that make it say its version, on the first line; nil: its answer has it
	// calls make it judge the files.
	calls func(names []string) []call
	// read is what it said to one call. It is given what anybody may have printed, and trusts none of it.
	read func(output, given) (heard, error)
	// silent is of one that tells of what it dislikes alone: each of its rules that the table knows has judged every file that it looked at.
	silent bool
}

// call is one start of a tool: with which arguments, about which files.
type call struct{ args, names []string }

// once is a single call about all files.
func once(names []string, args ...string) []call { return []call{{args, names}} }

// output is what a program has printed.
type output struct {
	out, err []byte
	exit     int
	online   bool // it could have reached a network
}

// heard is what a tool said.
type heard struct {
	version string
	checks  []check
	seen    map[string]bool // files that it has looked at
	skips   []string
}

func (h *heard) merge(more heard) {
	h.version = cmp.Or(more.version, h.version)
	h.checks, h.skips = append(h.checks, more.checks...), append(h.skips, more.skips...)
	maps.Copy(h.seen, more.seen)
}

// check is one judgement.
type check struct {
	rule, subject string
	at            guide.Place
	says          string
	passed        bool
	reason        string // why it is borne that it has not
}

func tools() []tool {
	return []tool{checkov(), hadolint(), kubeScore(), promtool(), amtool(), actionlint(), zizmor()}
}

// Names are those of the tools that can be asked.
func Names() (all []string) {
	for _, t := range tools() {
		all = append(all, t.name)
	}
	return all
}

// ask asks one tool.
func (m Machine) ask(ctx context.Context, t tool, shown *material) (guide.Tool, []check) {
	told := guide.Tool{Name: t.name}
	refuse := func(format string, args ...any) (guide.Tool, []check) {
		told.NotAsked = strings.TrimSpace(fmt.Sprintf(format, args...))
		return told, nil
	}
	program, err := m.Find(t.name)
	if err != nil {
		told.Missing = true
		return refuse("it is not installed: %s", t.install)
	}
	if m.inTree(program) {
		return refuse("%s is of the audited tree, from which nothing is started", program)
	}
	files, missing := shown.of(t.kinds)
	told.Unseen = missing
	if len(files) == 0 {
		told.Missing = len(missing) == 0
		return refuse("there is nothing for it to judge: no %s", strings.Join(t.kinds, ", no "))
	}
	if n := shown.skips[t.name]; n > 0 {
		told.Skips = append(told.Skips, fmt.Sprintf("%d annotations of the manifests tell it to overlook something: taken out before it was asked", n))
	}
	version := ""
	if t.version != nil {
		o, err := m.run(ctx, program, nil, t.version...)
		if err != nil {
			return refuse("it does not say its version: %v", err)
		}
		line := firstLine(string(o.out) + string(o.err))
		version = cmp.Or(versionForm.FindString(line), line)
	}
	names := slices.Sorted(maps.Keys(files))
	h := heard{version: version, seen: map[string]bool{}}
	for _, c := range t.calls(names) {
		o, err := m.run(ctx, program, files, c.args...)
		told.Version, told.Online = h.version, told.Online || o.online
		if err != nil {
			return refuse("it gave no answer: %v", err)
		}
		more, err := t.read(o, given{c.names, shown.objects})
		if err != nil {
			return refuse("its answer is not understood: %v; it ended with %d: %s", err, o.exit, lastLine(string(o.err)))
		}
		h.merge(more)
	}
	told.Version = h.version
	if t.silent {
		h.checks = append(h.checks, unbroken(t.name, h)...)
	}
	told.Skips, told.Checks = append(told.Skips, h.skips...), len(h.checks)
	for _, name := range names {
		if !h.seen[name] {
			told.Unseen = append(told.Unseen, name)
		}
	}
	if len(h.seen) == 0 || len(h.checks) == 0 && len(h.skips) == 0 {
		return refuse("it looked at nothing")
	}
	return told, h.checks
}

// unbroken are the checks that a silent tool has made without a word: of each rule of the table, in each file that it has looked at.
func unbroken(tool string, h heard) (all []check) {
	for _, r := range table() {
		if r.tool != tool || strings.HasSuffix(r.rule, "*") {
			continue
		}
		for name := range h.seen {
			if !slices.ContainsFunc(h.checks, func(c check) bool { return c.rule == r.rule && c.at.File == name }) {
				all = append(all, check{rule: r.rule, subject: name, at: guide.Place{File: name}, passed: true})
			}
		}
	}
	return all
}

var versionForm = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return clip(line)
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return clip(text[strings.LastIndexByte(text, '\n')+1:])
}

// clip keeps what a tool says, or has been made to say, from being more than a line.
func clip(text string) string {
	const most = 300
	return guide.OneLine(text, most)
}

// dotted are names of files as no tool can take them for options.
func dotted(names []string) (all []string) {
	for _, n := range names {
		all = append(all, "./"+n)
	}
	return all
}
