package scanning

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const (
	infra      = "infra/terraform"
	kubernetes = "k8s/overlays/production"
)

func v7() guide.Control {
	const scan = "checkov --directory infra/terraform --framework terraform --output cli --output sarif --output-file-path console,checkov-terraform.sarif"
	return guide.Control{
		ID:       "V7",
		Clause:   "Checkov on Terraform (fail) and Kubernetes (warn)",
		Question: "Does Checkov look at all of " + infra + " and fail on any check, but those that a reason stands behind where they are skipped, and does it look at what " + kubernetes + " comes to? Of that it need only warn: this audit judges it.",
		Modes:    append(shared("the Terraform code, or the production overlay,")[:5], guide.Mode{Name: "threshold", What: "some checks do not make it fail"}),
		Mutations: append(weakened("checkov-terraform", "      - name: checkov", scan),
			gone("checkov-terraform", notScanned, "the job of Terraform is gone"),
			gone("checkov-kubernetes", notScanned, "the job of Kubernetes is gone"),
			in("checkov-terraform", neverFails, "it only warns", scan, scan+" --soft-fail"),
			in("checkov-terraform", neverFails, "everything is soft", scan, scan+" --soft-fail-on CKV_AWS"),
			in("checkov-terraform", "threshold", "only what is critical fails", scan, scan+" --hard-fail-on CRITICAL"),
			in("checkov-terraform", leftOut, "a check is skipped for all", scan, scan+" --skip-check CKV_AWS_130"),
			in("checkov-terraform", leftOut, "only one check is made", scan, scan+" --check CKV_AWS_130"),
			in("checkov-terraform", leftOut, "a folder is left out", scan, scan+" --skip-path modules"),
			in("checkov-terraform", notScanned, "another folder, in which there is nothing to find", "--directory infra/terraform", "--directory infra/terraform/environments"),
			in("checkov-terraform", leftOut, "only secrets are looked for", "--framework terraform", "--framework secrets"),
			guide.Mutation{Mode: leftOut, What: "a file that Checkov reads unasked skips a check", Change: func(d *guide.Draft) error {
				return d.Write(".checkov.yaml", []byte("skip-check: [CKV_AWS_130]\n"))
			}},
			guide.Mutation{Mode: leftOut, What: "a check is skipped where it is of, and nothing says why", Change: func(d *guide.Draft) error {
				return d.Append(infra+"/main.tf", "\n#checkov:skip=CKV_AWS_18\n")
			}},
			guide.Mutation{Mode: notScanned, What: "something is written so that Checkov does not look at it", Also: []string{"V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("infra/other/main.tf.json", []byte("{}\n"))
			}},
			in("checkov-kubernetes", notScanned, "another overlay is rendered", "kubectl kustomize k8s/overlays/production >", "kubectl kustomize k8s/overlays/dev >"),
			in("checkov-kubernetes", switchedOff, "the step is switched off", "      - name: checkov\n", "      - name: checkov\n        if: false\n"),
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			attempts, err := s.checkov(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			if !slices.Contains(s.tree.Terraform, infra) {
				return guide.NoEvidence("there is no Terraform code in %s", infra)
			}
			return judge(s.plans(), attempts)
		},
		Silent: silent,
	}
}

// plans are the two that the guide names: each folder of Terraform by the highest that it is in, and the overlay.
func (s scans) plans() []subject {
	all := []subject{
		{infra, guide.Place{File: infra}, "let Checkov look at it, and fail"},
		{kubernetes, guide.Place{File: kubernetes}, "let Checkov look at what it comes to"},
	}
	for _, dir := range s.tree.Terraform {
		if dir != infra && !strings.HasPrefix(dir, infra+"/") {
			all = append(all, subject{dir, guide.Place{File: dir}, "move it below " + infra + ", or let Checkov look at it too"})
		}
	}
	return append(all, paths(s.tree.Plans, "write it as .tf below "+infra+": Checkov does not look at it")...)
}

// skip is how a resource is left out of a check, where it stands, and why (checkov/common/util/type_forcers, COMMENT_REGEX).
var skip = regexp.MustCompile(`(?m)(?:checkov|bridgecrew|cortex):skip=\s*([A-Za-z_0-9]+)(:[^\n]*)?$`)

// unreasoned are skips that no reason stands behind.
func (s scans) unreasoned(t *facts.Tree) ([]problem, error) {
	return facts.Read(t, "checkov's skips", func(files fs.FS) (all []problem, err error) {
		for _, dir := range s.tree.Terraform {
			names, err := fs.Glob(files, path.Join(dir, "*.tf"))
			if err != nil {
				return nil, err
			}
			for _, name := range names {
				text, err := facts.File(files, name)
				if err != nil {
					return nil, err
				}
				for _, at := range skip.FindAllSubmatchIndex(text, -1) {
					reason := ""
					if at[4] >= 0 {
						reason = strings.Trim(string(text[at[4]:at[5]]), ": \t\r")
					}
					if len(reason) < 20 { // a word is no reason
						all = append(all, problem{leftOut, fmt.Sprintf("%s:%d: write behind %s why it does not hold there", name, 1+bytes.Count(text[:at[0]], []byte("\n")), text[at[2]:at[3]])})
					}
				}
			}
		}
		return all, nil
	})
}

func (s scans) checkov(t *facts.Tree) (all []attempt, err error) {
	unasked, err := facts.Read(t, "checkov's files", checkovFiles)
	if err != nil {
		return nil, err
	}
	unreasoned, err := s.unreasoned(t)
	if err != nil {
		return nil, err
	}
	s.each(func(p place) {
		for i, c := range p.step().Commands {
			if c.Args[0] != "checkov" {
				continue
			}
			a := parse(c.Args[1:], "directory", "d", "file", "f", "framework", "output", "o", "output-file-path", "skip-check", "check", "c", "skip-path", "skip-framework", "soft-fail-on", "hard-fail-on",
				"config-file", "baseline", "b", "external-checks-dir", "skip-resources-without-violations", "skip-fixes", "download-external-modules")
			problems := append(p.stops(&p.step().Commands[i]), unasked...)
			var of string
			switch framework := a.last("all", "framework"); {
			case a.has("directory", "d") != "":
				of = path.Join(c.Dir, a.last("", "directory", "d"))
				problems = append(problems, unreasoned...)
				if framework != "terraform" && framework != "all" {
					problems = append(problems, problem{leftOut, "write --framework terraform"})
				}
				if o := a.has("soft-fail", "s", "soft-fail-on"); o != "" {
					problems = append(problems, problem{neverFails, "take --" + o + " away"})
				}
				if a.has("hard-fail-on") != "" {
					problems = append(problems, problem{"threshold", "take --hard-fail-on away: what it does not name does not fail"})
				}
			case a.has("file", "f") != "":
				of = p.rendered(path.Join(c.Dir, a.last("", "file", "f")))
				if framework != "kubernetes" && framework != "all" {
					problems = append(problems, problem{leftOut, "write --framework kubernetes"})
				}
			}
			if o := a.has("skip-check", "check", "c", "skip-path", "skip-framework", "config-file", "baseline", "b"); o != "" {
				problems = append(problems, problem{leftOut, "take --" + o + " away: a skip stands beside what it is of, with its reason"})
			}
			if slices.ContainsFunc(s.plans(), func(s subject) bool { return s.name == of }) {
				all = append(all, attempt{subject: of, place: p, evidence: line(c), problems: problems})
			}
		}
	})
	return judged(all), nil
}

// rendered is the overlay that a step before this one has rendered into the file.
func (p place) rendered(name string) string {
	for _, s := range p.before() {
		for _, c := range s.Commands {
			a := parse(c.Args[1:])
			if c.Out != "" && path.Join(c.Dir, c.Out) == name && len(a.rest) > 0 &&
				(c.Args[0] == "kubectl" && slices.Contains(a.rest, "kustomize") || c.Args[0] == "kustomize" && slices.Contains(a.rest, "build")) {
				return path.Join(c.Dir, a.rest[len(a.rest)-1])
			}
		}
	}
	return name
}
