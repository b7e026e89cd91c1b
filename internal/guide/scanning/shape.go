package scanning

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

// What may stand in a job up to its scan is listed here, and everything else is found: a shell has more ways than anybody can list to make a program another one, or to lose that it has failed.

// unjudged is the way to fail of what is not listed.
const unjudged = "unjudged"

var (
	// machines are GitHub's own, new for each job.
	machines = regexp.MustCompile(`^ubuntu-([0-9]{2}\.[0-9]{2}|latest)$`)

	// variables hand values of a matrix to scripts. No program here reads one of them by itself, as they do TRIVY_SEVERITY, GOFLAGS or PATH.
	variables = []string{"IMAGE", "LOCK", "MODULE", "PACKAGE", "PACKAGES"}

	// actions, each with the inputs that the controls look at, or that leave what follows as it reads.
	actions = map[string][]string{
		checkout:                    {"fetch-depth", "persist-credentials"},
		"actions/setup-go":          {"cache", "go-version-file"},
		"hashicorp/setup-terraform": {"terraform_version", "terraform_wrapper"},
		codeqlInit:                  {"build-mode", "config", "config-file", "languages", "queries", "source-root"},
		codeqlAnalyze:               {"category", "upload", "upload-database", "wait-for-processing"},
		uploadAction:                {"category", "sarif_file"},
		trivyAction: {"exit-code", "format", "ignore-policy", "ignore-unfixed", "image-ref", "limit-severities-for-sarif", "output", "scan-type", "scanners", "severity", "skip-dirs", "skip-files",
			"trivy-config", "trivyignores", "vuln-type"},
	}

	// files are those that output may go to: no program reads one of them unasked.
	files = regexp.MustCompile(`^([a-z-]+\.sarif|npm-audit\.json|production\.yaml)$`)
)

const checkout = "actions/checkout"

// shape is a command that may stand in a job.
type shape struct {
	form    *regexp.Regexp // of its words, with a blank between
	valued  []string       // options that take a value, and
	options []string       // those that take none; nil of both: form says all
}

func form(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

// shapes are all of them: the scanners, what hands them something or makes SARIF of what they say, and what installs them.
var shapes = []shape{
	{form(`npm (--prefix \S+ )?audit( .*)?`), []string{"prefix", "C", "audit-level"}, []string{"json"}},
	{form(`cargo audit( .*)?`), []string{"file", "f", "deny", "D", "format"}, []string{"no-fetch"}},
	{form(`govulncheck .*`), []string{"C", "format"}, []string{"test", "json"}},
	{form(`gitleaks (git|dir|detect) .*`), []string{"config", "exit-code", "report-format", "report-path", "source"}, []string{"ignore-gitleaks-allow", "no-banner", "redact", "verbose"}},
	{form(`checkov .*`), []string{"directory", "d", "file", "f", "framework", "output", "o", "output-file-path"}, []string{"compact", "quiet", "soft-fail"}},
	{form(`zizmor --offline --persona=pedantic( --format=sarif)? \.github`), nil, nil},
	{form(`trivy image .*`), []string{"exit-code", "severity", "s", "scanners", "vuln-type", "pkg-types", "format", "f", "output", "o"}, []string{"ignore-unfixed"}},
	{form(`docker build .*`), []string{"file", "f", "tag", "t", "progress"}, []string{"pull", "no-cache"}},
	{form(`jq --exit-status --raw-output --arg name \S+ ` + regexp.QuoteMeta(pick+" "+lock)), nil, nil},
	{form(`cd [A-Za-z0-9/._-]+`), nil, nil},
	{form(`kubectl kustomize k8s/overlays/[a-z-]+`), nil, nil},
	{form(`go run \./internal/ops/npmsarif -lock \S+/package-lock\.json`), nil, nil},
	{form(`terraform (fmt -check -recursive|-chdir=infra/terraform (init -backend=false|validate))( infra/terraform)?`), nil, nil},
	// Of what version, V1 says.
	{form(`go install (golang\.org/x/vuln/cmd/govulncheck|github\.com/zricethezav/gitleaks/v8)@\S+`), nil, nil},
	{form(`cargo install (--locked )?cargo-audit(@\S+)?`), nil, nil},
	{form(`pipx install (checkov|zizmor)(==\S+)?`), nil, nil},
}

// strange is why a command is none of the shapes; empty for one that is.
func strange(c workflow.Command) string {
	if c.Out != "" && c.Out != workflow.Unknown && !files.MatchString(c.Out) {
		return "it writes " + c.Out + ", which something may read"
	}
	text := line(c)
	for _, s := range shapes {
		if !s.form.MatchString(text) {
			continue
		}
		if s.valued == nil {
			return ""
		}
		for name, values := range parse(c.Args[1:], s.valued...).options {
			if !slices.Contains(s.valued, name) && !slices.Contains(s.options, name) {
				return "take --" + name + " away"
			}
			if why := writes(c.Args[0], name, values); why != "" {
				return why
			}
		}
		return ""
	}
	return fmt.Sprintf("%.60s is none of the commands that are known to leave a scan as it reads", text)
}

// writes is why an option has a program write what something may read; empty if it does not.
func writes(program, option string, values []string) string {
	if option != "report-path" && option != "output-file-path" && !(program == "trivy" && (option == "output" || option == "o")) {
		return ""
	}
	for _, name := range strings.Split(strings.Join(values, ","), ",") {
		if name != "console" && !files.MatchString(name) {
			return "it writes " + name + ", which something may read"
		}
	}
	return ""
}

// odd is what nobody has judged of a step; empty if there is nothing.
func odd(s workflow.Step) string {
	for _, v := range s.Env {
		if !slices.Contains(variables, v) {
			return "it sets " + v + ": a program may read it by itself"
		}
	}
	if s.Uses != "" {
		inputs, ok := actions[s.Uses]
		if !ok {
			return s.Uses + " is none of the actions that are known to leave a scan as it reads"
		}
		for name := range s.With {
			if !slices.Contains(inputs, name) {
				return "take " + name + " away from " + s.Uses
			}
			if name == "output" && !files.MatchString(s.With[name]) {
				return "it writes " + s.With[name] + ", which something may read"
			}
		}
		return ""
	}
	if s.More != "" {
		return "its script cannot be followed: " + s.More
	}
	for _, c := range s.Commands {
		if why := strange(c); why != "" {
			return why
		}
	}
	return ""
}

// unjudged is what nobody has judged of where a scan runs, and of all that runs before it; empty if there is nothing.
func (p place) unjudged() string {
	j := p.job
	switch {
	case len(j.RunsOn) != 1 || !machines.MatchString(j.RunsOn[0]):
		return fmt.Sprintf("job %s runs on %s: write ubuntu-24.04, whose programs are GitHub's", j.ID, strings.Join(j.RunsOn, ", "))
	case j.Inside != "":
		return fmt.Sprintf("job %s has %s: take it away", j.ID, j.Inside)
	}
	for _, v := range j.Env {
		if !slices.Contains(variables, v) {
			return fmt.Sprintf("job %s has the variable %s: a program may read it by itself", j.ID, v)
		}
	}
	whole := false // this repository is there
	for n, s := range p.run.Steps[:p.n+1] {
		whole = whole || s.Uses == checkout
		switch why := odd(s); {
		case why != "":
			return fmt.Sprintf("the step of line %d: %s", s.Line, why)
		case n < p.n && (!unless(s.If) || ignored(s.ContinueOnError)):
			return fmt.Sprintf("the step of line %d may not have done what the scan needs: take its condition, or continue-on-error, away", s.Line)
		}
	}
	if !whole {
		return "job " + j.ID + " looks at an empty folder: check the repository out before, by " + checkout
	}
	return ""
}

// judged adds to scans of which nothing else is wrong what nobody has judged.
func judged(all []attempt) []attempt {
	for i, a := range all {
		if len(a.problems) > 0 {
			continue
		}
		last := a.place
		if a.until.job != nil {
			last = a.until
		}
		if why := last.unjudged(); why != "" {
			all[i].problems = []problem{{unjudged, why}}
		}
	}
	return all
}
