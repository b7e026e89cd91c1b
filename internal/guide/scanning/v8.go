package scanning

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const uploadAction = "github/codeql-action/upload-sarif"

func v8() guide.Control {
	const upload = "      - name: upload the results\n        if: ${{ !cancelled() }}\n        uses: github/codeql-action/upload-sarif@"
	return guide.Control{
		ID:       "V8",
		Clause:   "results uploaded as SARIF",
		Question: "Does each job, in each combination of its matrix, write what it found as SARIF and upload that file, also and above all when the scan has made it fail, and under a name of its own?",
		Modes: []guide.Mode{
			{Name: "not-uploaded", What: "a job uploads nothing, or may fail to"},
			{Name: "lost-when-found", What: "results are written or uploaded only when nothing was found"},
			{Name: "no-right", What: "the job may not write results: GitHub refuses them"},
			{Name: "another-file", What: "what is uploaded is a file that nothing before it has written"},
			{Name: "overwritten", What: "two uploads have the same category: the later takes the place of the earlier"},
			{Name: unjudged, What: "between the scan and the upload something is set or done that may make the results others than were found"},
			{Name: "cut-short", What: "when one combination of the matrix fails, the others are ended and upload nothing"},
		},
		Mutations: []guide.Mutation{
			in("govulncheck", "not-uploaded", "the step is gone", upload, "      - name: upload the results\n        if: ${{ !cancelled() }}\n        uses: actions/checkout@"),
			in("gitleaks", "not-uploaded", "the step may fail", "      - name: upload the results\n", "      - name: upload the results\n        continue-on-error: true\n"),
			in("codeql", "not-uploaded", "CodeQL keeps its results", "          category: codeql/", "          upload: never\n          category: codeql/"),
			in("cargo-audit", "lost-when-found", "uploaded on success only", "      - name: upload the results\n        if: ${{ !cancelled() }}\n", "      - name: upload the results\n"),
			in("npm-audit", "lost-when-found", "uploaded on the main branch only", "      - name: upload the results\n        if: ${{ !cancelled() }}\n", "      - name: upload the results\n        if: ${{ github.ref == 'refs/heads/main' }}\n"),
			in("govulncheck", "lost-when-found", "written on success only", "      - name: write the results\n        if: ${{ !cancelled() }}\n", "      - name: write the results\n"),
			in("images", "no-right", "the job only reads", "      security-events: write # to upload the results\n", ""),
			in("zizmor", "no-right", "the job may read results", "security-events: write", "security-events: read"),
			in("checkov-terraform", "another-file", "the results of Kubernetes", "sarif_file: checkov-terraform.sarif", "sarif_file: checkov-kubernetes.sarif"),
			in("images", "another-file", "Trivy writes elsewhere", "output: trivy.sarif", "output: results.sarif"),
			in("images", "overwritten", "all images under one name", "category: trivy/${{ matrix.image }}", "category: trivy"),
			in("govulncheck", "overwritten", "no name at all", "          category: govulncheck/${{ matrix.module }}\n", ""),
			in("govulncheck", unjudged, "results without a finding are written", `run: govulncheck -C "$MODULE" -test -format sarif "$PACKAGES" > govulncheck.sarif`, `run: echo '{"version":"2.1.0","runs":[]}' > govulncheck.sarif`),
			in("zizmor", unjudged, "a step more changes what was found", "      - name: upload the results\n", "      - run: sed -i s/error/note/ zizmor.sarif\n      - name: upload the results\n"),
			in("gitleaks", unjudged, "the results are uploaded as another commit's", "          category: gitleaks\n", "          category: gitleaks\n          ref: refs/heads/none\n"),
			in("deployed-images", "cut-short", "the first that fails ends the others", "      fail-fast: false\n", ""),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			gates, err := s.gates(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeUploads(s, gates)
		},
		Silent: "what was uploaded is on GitHub, and not of the platform's running system",
	}
}

// gates are the steps that scan, by what step.key says: true for one that fails when it finds something.
func (s scans) gates(t *facts.Tree) (map[string]bool, error) {
	npm, err := s.npm(t)
	if err != nil {
		return nil, err
	}
	cargo, err := s.cargo(t)
	if err != nil {
		return nil, err
	}
	trivy, err := s.trivy(t)
	if err != nil {
		return nil, err
	}
	deployed, err := s.deployed(t)
	if err != nil {
		return nil, err
	}
	checkov, err := s.checkov(t)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, a := range slices.Concat(npm, cargo, s.govulncheck(), trivy, s.gitleaks(), checkov, deployed) {
		key := a.place.key()
		all[key] = all[key] || !slices.ContainsFunc(a.problems, func(p problem) bool { return p.mode == neverFails })
	}
	for _, a := range s.codeql() { // it finds, and never fails for it: what stops a change is the repository's own rule
		all[a.until.key()] = false
	}
	return all, nil
}

// key tells a step from every other.
func (p place) key() string { return fmt.Sprintf("%s %p %d", p.job.ID, p.run, p.n) }

func judgeUploads(s scans, gates map[string]bool) guide.Result {
	if s.workflow == nil {
		return guide.Fail(guide.Finding{Mode: "not-uploaded", Subject: file, Detail: "there is no workflow, so no results", At: guide.Place{File: file}})
	}
	var findings []guide.Finding
	var seen []guide.Subject
	category := map[string]string{} // to who uploads under it
	for i := range s.workflow.Jobs {
		j := &s.workflow.Jobs[i]
		at := guide.Place{File: file, Line: j.Line}
		if j.FailFast {
			findings = append(findings, guide.Finding{Mode: "cut-short", Subject: "job " + j.ID, Detail: "write fail-fast: false", At: at})
		}
		for r := range j.Runs {
			run := &j.Runs[r]
			name := strings.TrimSpace("job " + j.ID + " " + combination(run.Matrix))
			add := func(mode, detail string, line int) {
				findings = append(findings, guide.Finding{Mode: mode, Subject: name, Detail: detail, At: guide.Place{File: file, Line: line}})
			}
			up := uploads(place{j, run, 0})
			if len(up) == 0 {
				add("not-uploaded", "add a step with "+uploadAction, j.Line)
				continue
			}
			if j.Rights.Of("security-events") != "write" {
				add("no-right", "write permissions: {security-events: write}", j.Line)
			}
			for _, p := range up {
				mode, detail := p.upload(gates)
				if mode == "" {
					mode, detail = p.between(gates)
				}
				if mode != "" {
					add(mode, detail, p.step().Line)
				}
				c := p.step().With["category"]
				if other := category[c]; other != "" || c == "" {
					add("overwritten", fmt.Sprintf("category %q is also of %s: write one of its own", c, other), p.step().Line)
				}
				category[c] = name
				seen = append(seen, guide.Subject{Name: name, Evidence: strings.TrimSpace(p.step().With["sarif_file"] + " as " + c), At: p.at()})
			}
		}
	}
	return guide.Judge(seen, findings)
}

func combination(matrix map[string]string) string {
	var all []string
	for _, v := range matrix {
		all = append(all, v)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// uploads are the steps of a run that upload results.
func uploads(first place) (all []place) {
	for _, p := range append([]place{first}, first.after()...) {
		if s := p.step(); s.Uses == uploadAction || s.Uses == codeqlAnalyze && (s.With["upload"] == "" || s.With["upload"] == "always") {
			all = append(all, p)
		}
	}
	return all
}

// upload is what is wrong with an upload, if anything.
func (p place) upload(gates map[string]bool) (mode, detail string) {
	s := p.step()
	if ignored(s.ContinueOnError) {
		return "not-uploaded", "take continue-on-error away"
	}
	if s.Uses == codeqlAnalyze { // it writes and uploads in one
		return "", ""
	}
	gated := false // something before it may have failed because of what it found
	writer := -1
	for n := range p.before() {
		gated = gated || gates[p.beside(n).key()]
		if p.beside(n).writes(s.With["sarif_file"]) {
			writer = n
		}
	}
	switch {
	case writer < 0:
		return "another-file", "nothing before it writes " + s.With["sarif_file"]
	case gated && (s.If == "" || !unless(s.If)):
		return "lost-when-found", "write if: ${{ !cancelled() }}: without it nothing is uploaded when the scan has failed"
	}
	w := p.beside(writer)
	for n := range w.before() {
		if gates[p.beside(n).key()] && (w.step().If == "" || !unless(w.step().If)) {
			return "lost-when-found", fmt.Sprintf("write if: ${{ !cancelled() }} to the step of line %d, which writes the results", w.step().Line)
		}
	}
	return "", ""
}

// between is what nobody has judged from the first scan of a job, or from its beginning where it has none, to an upload.
func (p place) between(gates map[string]bool) (mode, detail string) {
	first := 0
	if _, scan := gates[p.key()]; scan {
		return "", ""
	}
	for n := range p.before() {
		if _, scan := gates[p.beside(n).key()]; scan {
			first = n + 1
			break
		}
	}
	for _, s := range p.run.Steps[first : p.n+1] {
		if why := odd(s); why != "" {
			return unjudged, fmt.Sprintf("the step of line %d: %s", s.Line, why)
		}
	}
	return "", ""
}

// writes tells whether a step writes the file: as an output of one of its commands, or because one is told to.
func (p place) writes(name string) bool {
	if name == "" {
		return false
	}
	if p.step().With["output"] == name {
		return true
	}
	for _, c := range p.step().Commands {
		if c.Out != "" && path.Join(c.Dir, c.Out) == path.Clean(name) {
			return true
		}
		for _, a := range c.Args[1:] {
			_, value, _ := strings.Cut(a, "=")
			if slices.Contains(strings.Split(a, ","), name) || value == name {
				return true
			}
		}
	}
	return false
}
