package scanning

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/workflow"
)

const trivyAction = "aquasecurity/trivy-action"

func v5() guide.Control {
	return guide.Control{
		ID:     "V5",
		Clause: "Trivy on each image, fail on CRITICAL/HIGH unfixed",
		Question: "Is an image built of each Dockerfile of the tree and that image scanned, and does the job fail on anything critical or high in it, also on what has no fix yet? The guide's " +
			"words can be read as what is still unfixed in the image, or as what has no fix: failing on both holds either way. Images below " + ofTests + " are stand-ins of tests, and deployed nowhere.",
		Modes: append(shared("an image that is built here"), guide.Mode{Name: "threshold", What: "something critical or high does not make it fail"}),
		Mutations: append(weakened("images", "      - uses: "+trivyAction+"@ed142fd0673e97e23eac54620cfb913e5ce36c25 # v0.36.0", "", "C3/no-gate"),
			gone("images", notScanned, "the job is gone", "C3/no-gate"),
			in("images", notScanned, "one image is not listed", "          - backup\n", "", "C3/no-gate"),
			in("images", notScanned, "what is scanned is an image of another day", "image-ref: stellar-escrow-${{ matrix.image }}:scan", "image-ref: stellar-escrow-${{ matrix.image }}:latest", "C3/no-gate"),
			guide.Mutation{Mode: notScanned, What: "a Dockerfile more", Also: []string{"V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("images/keeper/Dockerfile", []byte("FROM scratch\nUSER 65532:65532\n"))
			}},
			guide.Mutation{Mode: notScanned, What: "one that is called otherwise", Also: []string{"V9/no-command"}, Change: func(d *guide.Draft) error {
				return d.Write("docker/keeper.dockerfile", []byte("FROM scratch\nUSER 65532:65532\n"))
			}},
			in("images", neverFails, "it only reports", `exit-code: "1"`, `exit-code: "0"`, "C3/no-gate"),
			in("images", neverFails, "nothing says that it fails", "          exit-code: \"1\"\n", "", "C3/no-gate"),
			in("images", "threshold", "only what is critical counts", "severity: CRITICAL,HIGH", "severity: CRITICAL", "C3/no-gate"),
			in("images", leftOut, "what has no fix is left out", `ignore-unfixed: "false"`, `ignore-unfixed: "true"`, "C3/no-gate"),
			in("images", leftOut, "it looks for secrets only", "scanners: vuln", "scanners: secret", "C3/no-gate"),
			in("images", leftOut, "the system's packages alone count", "          scanners: vuln\n", "          scanners: vuln\n          vuln-type: os\n", "C3/no-gate"),
			in("images", leftOut, "the program is left out", "          scanners: vuln\n", "          scanners: vuln\n          skip-files: /stellarescrow\n", "C3/no-gate"),
			guide.Mutation{Mode: leftOut, What: "a file that Trivy reads unasked has holes to ignore", Also: []string{"C3/no-gate"}, Change: func(d *guide.Draft) error {
				return d.Write(".trivyignore", []byte("CVE-2026-0001\n"))
			}},
			in("images", unjudged, "Trivy is told otherwise by a variable", "    env:\n      IMAGE: ${{ matrix.image }}\n", "    env:\n      IMAGE: ${{ matrix.image }}\n      TRIVY_IGNORE_UNFIXED: \"true\"\n", "C3/no-gate"),
			in("images", unjudged, "another stage of the Dockerfile is built", "docker build --file", "docker build --target builder --file", "C3/no-gate"),
			in("images", nothingThere, "an image more, of which there is no Dockerfile", "          - api\n", "          - api\n          - web\n"),
		),
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			attempts, err := s.trivy(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judge(s.dockerfiles(), attempts)
		},
		Silent: silent,
	}
}

// ofTests is where images are built for tests alone: stand-ins, which nobody deploys. What is deployed is C3's question, wherever it was built.
const ofTests = "test/"

func (s scans) dockerfiles() []subject {
	deployable := slices.DeleteFunc(slices.Clone(s.tree.Dockerfiles), func(name string) bool { return strings.HasPrefix(name, ofTests) })
	return paths(deployable, "add it to the images job, which builds and scans it")
}

// images are scans of images, whoever built them.
func (s scans) images(t *facts.Tree, do func(p place, with map[string]string, problems []problem)) error {
	unasked, err := facts.Read(t, "trivy's files", trivyFiles)
	if err != nil {
		return err
	}
	s.each(func(p place) {
		if with := p.step().With; p.step().Uses == trivyAction && (with["scan-type"] == "" || with["scan-type"] == "image") {
			do(p, with, append(append(p.stops(nil), weak(with)...), unasked...))
		}
		for i, c := range p.step().Commands {
			if a, ok := trivyCommand(c); ok {
				do(p, a, append(append(p.stops(&p.step().Commands[i]), weak(a)...), unasked...))
			}
		}
	})
	return nil
}

// trivyCommand is a command `trivy image` as the action's inputs.
func trivyCommand(c workflow.Command) (map[string]string, bool) {
	a := parse(c.Args[1:], "exit-code", "severity", "s", "skip-dirs", "skip-files", "ignorefile", "config", "c", "ignore-policy", "vuln-type", "pkg-types", "scanners", "format", "f", "output", "o", "timeout", "vex")
	if c.Args[0] != "trivy" || len(a.rest) != 2 || a.rest[0] != "image" {
		return nil, false
	}
	with := map[string]string{"image-ref": a.rest[1]}
	for input, names := range map[string][]string{"exit-code": nil, "severity": {"s"}, "skip-dirs": nil, "skip-files": nil, "trivyignores": {"ignorefile", "vex"}, "trivy-config": {"config", "c"},
		"ignore-policy": nil, "vuln-type": {"pkg-types"}, "scanners": nil, "format": {"f"}, "output": {"o"}} {
		with[input] = a.last("", append([]string{input}, names...)...)
	}
	if a.has("ignore-unfixed") != "" && a.last("", "ignore-unfixed") != "false" {
		with["ignore-unfixed"] = "true"
	}
	return with, true
}

// weak are the problems of a scan's inputs, but for holes without a fix.
func weak(with map[string]string) (all []problem) {
	if with["exit-code"] == "" || with["exit-code"] == "0" {
		all = append(all, problem{neverFails, `write exit-code: "1"`})
	}
	if names := fields(with["severity"]); with["severity"] != "" && !(slices.Contains(names, "CRITICAL") && slices.Contains(names, "HIGH")) {
		all = append(all, problem{"threshold", "write severity: CRITICAL,HIGH"})
	}
	if names := fields(with["vuln-type"]); with["vuln-type"] != "" && !(slices.Contains(names, "OS") && slices.Contains(names, "LIBRARY")) {
		all = append(all, problem{leftOut, "write vuln-type: os,library"})
	}
	if with["scanners"] != "" && !slices.Contains(fields(with["scanners"]), "VULN") {
		all = append(all, problem{leftOut, "write scanners: vuln"})
	}
	for _, o := range []string{"skip-dirs", "skip-files", "trivyignores", "trivy-config", "ignore-policy"} {
		if with[o] != "" {
			all = append(all, problem{leftOut, "take " + o + " away"})
		}
	}
	return all
}

func fields(list string) []string {
	return strings.FieldsFunc(strings.ToUpper(list), func(r rune) bool { return r == ',' || r == ' ' })
}

// trivy are the scans of images that the same job has built, by their Dockerfiles.
func (s scans) trivy(t *facts.Tree) (all []attempt, err error) {
	err = s.images(t, func(p place, with map[string]string, problems []problem) {
		for _, of := range p.built(with["image-ref"]) {
			if leavesOut(with["ignore-unfixed"]) {
				problems = append(problems, problem{leftOut, `write ignore-unfixed: "false": what has no fix is in the image all the same`})
			}
			all = append(all, attempt{subject: of.dockerfile, place: p, evidence: "Trivy, " + with["image-ref"] + ", " + with["severity"], problems: problems})
		}
	})
	return judged(all), err
}

// leavesOut tells whether an input is anything but off.
func leavesOut(input string) bool { return input != "" && input != "false" }

// build is what an image is built of.
type build struct{ dockerfile, context string }

// built are the builds by which steps before this one have made an image of that name: one, the last, for what is built later takes the name.
func (p place) built(image string) []build {
	var found []build
	for n := range p.before() {
		for _, c := range p.run.Steps[n].Commands {
			a := parse(c.Args[1:], "file", "f", "tag", "t", "target", "build-arg", "platform", "output", "o", "network", "progress")
			builds := len(a.rest) > 0 && a.rest[0] == "build" || len(a.rest) > 1 && a.rest[0] == "buildx" && a.rest[1] == "build"
			if c.Args[0] != "docker" || !builds || image == "" {
				continue
			}
			if slices.Contains(append(a.options["tag"], a.options["t"]...), image) {
				context := a.rest[len(a.rest)-1]
				found = []build{{path.Join(c.Dir, a.last(path.Join(context, "Dockerfile"), "file", "f")), path.Join(c.Dir, context)}}
			}
		}
	}
	return found
}
