package opinions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// checkov has checks of most kinds. It reads settings and Python code beside what it judges: neither is there.
func checkov() tool {
	return tool{
		name: "checkov", install: "pipx install checkov==3.3.30",
		kinds: []string{terraform, manifests, dockerfiles, workflows},
		calls: func(names []string) []call {
			return once(names, "--directory", ".", "--framework", "terraform", "kubernetes", "dockerfile", "github_actions", "--config-file", settingsHere, "--skip-download", "--download-external-modules", "false",
				"--output", "json", "--compact")
		},
		read: func(o output, g given) (heard, error) { return readCheckov(o.out, g) },
	}
}

// checkovReport is what checkov says of one framework (checkov 3, --output json). Of a folder in which it has found nothing it prints the counts alone.
type checkovReport struct {
	Kind    string `json:"check_type"`
	Results struct {
		Passed  []checkovRecord `json:"passed_checks"`
		Failed  []checkovRecord `json:"failed_checks"`
		Skipped []checkovRecord `json:"skipped_checks"`
		Unread  []string        `json:"parsing_errors"`
	} `json:"results"`
	Summary struct {
		Version string `json:"checkov_version"`
	} `json:"summary"`
	Version string `json:"checkov_version"`
}

type checkovRecord struct {
	Rule   string `json:"check_id"`
	Name   string `json:"check_name"`
	Result struct {
		Comment string `json:"suppress_comment"`
	} `json:"check_result"`
	File     string `json:"file_path"`
	Lines    []int  `json:"file_line_range"`
	Resource string `json:"resource"`
}

func readCheckov(text []byte, g given) (heard, error) {
	h := heard{seen: map[string]bool{}}
	var reports []checkovReport
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '[' {
		if err := json.Unmarshal(text, &reports); err != nil {
			return h, err
		}
	} else {
		var one checkovReport
		if err := json.Unmarshal(text, &one); err != nil {
			return h, err
		}
		reports = []checkovReport{one}
	}
	for _, r := range reports {
		switch {
		case r.Kind == "" && r.Version != "": // it has found nothing to judge
			h.version = clip(r.Version)
			continue
		case r.Kind == "" || r.Summary.Version == "":
			return h, fmt.Errorf("no report of checkov 3: it has no check_type, or no version")
		}
		h.version = clip(r.Summary.Version)
		unread := map[string]bool{}
		for _, name := range r.Results.Unread {
			unread[within(name)] = true
		}
		for _, c := range r.Results.Skipped {
			h.skips = append(h.skips, clip(fmt.Sprintf("%s of %s, as the file asks: %s", c.Rule, c.Resource, c.Result.Comment)))
			if name := within(c.File); g.has(name) {
				h.seen[name] = true
			}
		}
		for i, list := range [][]checkovRecord{r.Results.Failed, r.Results.Passed} {
			for _, c := range list {
				if c.Rule == "" || !g.has(within(c.File)) {
					return h, fmt.Errorf("a check of %s without its id, or of %q, which it was not given", clip(r.Kind), clip(c.File))
				}
				made := check{rule: clip(c.Rule), subject: clip(c.Resource), at: guide.Place{File: within(c.File)}, says: clip(c.Name), passed: i == 1}
				if len(c.Lines) > 0 && c.Lines[0] > 0 {
					made.at.Line = c.Lines[0]
				}
				h.seen[made.at.File] = true
				if r.Kind == "kubernetes" {
					made.subject, made.at = g.object(c.Resource, made.subject)
				}
				if r.Kind == "dockerfile" {
					made.subject = made.at.File
				}
				h.checks = append(h.checks, made)
			}
		}
		for name := range unread {
			delete(h.seen, name)
		}
		if r.Kind == "terraform" && len(r.Results.Failed)+len(r.Results.Passed)+len(r.Results.Skipped) > 0 {
			for _, name := range g.names { // most files of a plan have nothing that a check is about
				if ext := name[strings.LastIndexByte(name, '.')+1:]; (ext == "tf" || ext == "tfvars" || strings.HasSuffix(name, ".tf.json")) && !unread[name] {
					h.seen[name] = true
				}
			}
		}
	}
	return h, nil
}
