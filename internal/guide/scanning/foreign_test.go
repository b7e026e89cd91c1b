package scanning

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/leaks"
)

func searched(dir string) (leaks.Past, error) {
	files := os.DirFS(dir)
	r, err := leaks.Load(files, rules)
	if err != nil {
		return leaks.Past{}, err
	}
	return r.Search(files, new(leaks.Clean))
}

// modes judges a tree by one clause, and gives its verdict and the ways to fail that were found.
func modes(t *testing.T, id string, files fs.FS) (guide.Result, []string) {
	t.Helper()
	all := Controls()
	c := all[slices.IndexFunc(all, func(c guide.Control) bool { return c.ID == id })]
	r := c.Tree(t.Context(), facts.Open(files))
	found := map[string]bool{}
	for _, f := range r.Findings() {
		found[f.Mode] = true
	}
	return r, slices.Sorted(maps.Keys(found))
}

func tree(workflow string, others ...string) fstest.MapFS {
	files := fstest.MapFS{file: {Data: []byte(workflow)}}
	for _, o := range others {
		files[o] = &fstest.MapFile{Data: []byte("{}\n")}
	}
	return files
}

// Workflows as others write them: each holds, or fails by its name.
func TestOthersWorkflows(t *testing.T) {
	const job = "on: [push, pull_request]\npermissions: {contents: read}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 5\n    steps:\n      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"
	step := func(run string) string { return job + "      - run: " + run + "\n" }
	for _, c := range []struct {
		name, clause, workflow string
		others                 []string
		want                   string // modes, with blanks
	}{
		{"in its folder by cd", "V2", step("cd web && npm audit --audit-level=high"), []string{"web/package.json"}, ""},
		{"in its folder by --prefix", "V2", step("npm --prefix web audit"), []string{"web/package.json"}, ""},
		{"one of two", "V2", step("npm --prefix web audit"), []string{"web/package.json", "package.json"}, "not-scanned"},
		{"fix is no audit", "V2", step("npm audit fix"), []string{"package.json"}, "not-scanned"},
		{"signatures are no audit", "V2", step("npm audit signatures"), []string{"package.json"}, "not-scanned"},
		{"an echo", "V2", step("echo npm audit"), []string{"package.json"}, "not-scanned"},
		{"a remark", "V2", job + "      - run: |\n          # npm audit\n          true\n", []string{"package.json"}, "not-scanned"},
		{"the first of two that counts", "V2", step("\"npm audit && npm test; true\""), []string{"package.json"}, "never-fails"},
		{"below a condition", "V2", step("\"if [ -f x ]; then npm audit; fi\""), []string{"package.json"}, "never-fails"},
		{"production only", "V2", step("npm audit --omit dev"), []string{"package.json"}, "left-out"},
		{"a matrix of a run", "V2", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    strategy: {matrix: {dir: \"${{ fromJSON('[1]') }}\"}}\n    steps:\n      - run: npm --prefix ${{ matrix.dir }} audit\n",
			[]string{"package.json"}, "not-scanned nothing-there"},
		{"a lock at the root", "V3", step("cargo audit -D warnings"), []string{"Cargo.lock"}, ""},
		{"without its warnings", "V3", step("cargo audit"), []string{"Cargo.lock"}, "threshold"},
		{"a toolchain's cargo", "V3", step("cargo +stable audit -D warnings"), []string{"Cargo.lock"}, "not-scanned"},
		{"a module", "V3g", step("govulncheck -test ./..."), []string{"go.mod", "a.go"}, ""},
		{"tools only", "V3g", step("govulncheck -test tool"), []string{"go.mod"}, ""},
		{"openvex", "V3g", step("govulncheck -test -format=openvex ./..."), []string{"go.mod", "a.go"}, "never-fails"},
		{"an image, by Trivy's own command", "V5", job + "      - run: docker build -t a:b one\n      - run: trivy image --exit-code 1 --severity CRITICAL,HIGH a:b\n", []string{"one/Dockerfile"}, ""},
		{"Trivy without an exit code", "V5", job + "      - run: docker build -t a:b one\n      - run: trivy image a:b\n", []string{"one/Dockerfile"}, "never-fails"},
		{"Trivy of the files", "V5", job + "      - run: trivy fs --exit-code 1 .\n", []string{"one/Dockerfile"}, "not-scanned"},
		{"languages in one job", "V4", job + "      - uses: github/codeql-action/init@v3\n        with: {languages: \"go, javascript\", queries: +security-and-quality}\n      - uses: github/codeql-action/analyze@v3\n",
			[]string{"a.go", "a.ts"}, "not-scanned"}, // of the workflow itself: actions
		{"tags, read-all, no limit", "V1", "on:\n  push: {tags: [v1]}\n  pull_request:\n  schedule: [{cron: \"0 0 1 * *\"}]\npermissions: read-all\njobs: {a: {runs-on: ubuntu-24.04, steps: [{uses: actions/checkout@v4}, {run: go install example.com/a@latest}]}}\n",
			nil, "filtered more-rights no-time-limit not-nightly not-pinned"},
		{"nothing is checked out", "V2", strings.Replace(step("npm audit"), "actions/checkout@", "actions/setup-go@", 1), []string{"package.json"}, "unjudged"},
		{"a machine of one's own", "V2", strings.Replace(step("npm audit"), "ubuntu-24.04", "[self-hosted, linux]", 1), []string{"package.json"}, "unjudged"},
		{"in a container", "V2", strings.Replace(step("npm audit"), "    steps:", "    container: node:24\n    steps:", 1), []string{"package.json"}, "unjudged"},
		{"beside a service", "V2", strings.Replace(step("npm audit"), "    steps:", "    services: {db: {image: postgres}}\n    steps:", 1), []string{"package.json"}, "unjudged"},
		{"a variable of the job", "V3g", strings.Replace(step("govulncheck -test ./..."), "    steps:", "    env: {GOFLAGS: -tags=none}\n    steps:", 1), []string{"go.mod", "a.go"}, "unjudged"},
		{"variables that only a run knows", "V3g", strings.Replace(step("govulncheck -test ./..."), "    steps:", "    env: ${{ fromJSON('{}') }}\n    steps:", 1), []string{"go.mod", "a.go"}, "unjudged"},
		{"a variable of the script", "V3g", step("\"GOFLAGS=-tags=none govulncheck -test ./...\""), []string{"go.mod", "a.go"}, "unjudged"},
		{"an exported one", "V3g", step("|\n          export GOFLAGS=-tags=none\n          govulncheck -test ./..."), []string{"go.mod", "a.go"}, "unjudged"},
		{"a function of the scanner's name", "V3g", step("|\n          govulncheck() { :; }\n          govulncheck -test ./..."), []string{"go.mod", "a.go"}, "unjudged"},
		{"an alias", "V3g", step("|\n          alias govulncheck=true\n          govulncheck -test ./..."), []string{"go.mod", "a.go"}, "unjudged"},
		{"a program put in its place", "V3g", step("cp /bin/true /usr/local/bin/govulncheck") + "      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"a path for later steps", "V3g", step("echo . >> \"$GITHUB_PATH\"") + "      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"a program of the checkout", "V3g", step("go run ./scan") + "      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"another tool that brings one of that name", "V3g", step("go install example.com/govulncheck@v1.0.0") + "      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"an action of the checkout", "V3g", job + "      - uses: ./.github/prepare\n      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"another commit is checked out", "V3g", job + "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n        with: {ref: v1}\n      - run: govulncheck -test ./...\n", []string{"go.mod", "a.go"}, "unjudged"},
		{"an option that nobody knows", "V2", step("npm audit --ignore-scripts"), []string{"package.json"}, "unjudged"},
		{"a report in the place of settings", "V2", step("gitleaks git --report-path package-lock.json .") + "      - run: npm audit\n", []string{"package.json"}, "unjudged"},
		{"output in the place of settings", "V2", step("npm audit --json > package-lock.json") + "      - run: npm audit --audit-level=none\n", []string{"package.json"}, "unjudged"},
		{"an action's output in the place of settings", "V2", job + "      - uses: aquasecurity/trivy-action@v1\n        with: {output: package-lock.json}\n      - run: npm audit\n", []string{"package.json"}, "unjudged"},
		{"what the shell makes of it", "V2", step("npm audit \"--json$FLAGS\""), []string{"package.json"}, "unjudged"},
		{"another shell", "V2", step("npm audit") + "        shell: bash {0}\n", []string{"package.json"}, "not-scanned"},
		{"errexit off", "V2", step("|\n          set +e\n          npm audit\n          echo done"), []string{"package.json"}, "never-fails"},
		{"a colon", "V2", step("\"npm audit || :\""), []string{"package.json"}, "never-fails"},
		{"an expression that is always true", "V2", step("npm audit") + "        continue-on-error: ${{ true }}\n", []string{"package.json"}, "never-fails"},
		{"an expression that is never true", "V2", step("npm audit") + "        if: ${{ !always() }}\n", []string{"package.json"}, "switched-off"},
		{"the image is built again, of something else", "V5", job + "      - run: docker build -t a:b one\n      - run: docker build -t a:b two\n      - run: trivy image --exit-code 1 a:b\n", []string{"one/Dockerfile"}, "not-scanned nothing-there"},
		{"a stage of the image", "V5", job + "      - run: docker build --target empty -t a:b one\n      - run: trivy image --exit-code 1 a:b\n", []string{"one/Dockerfile"}, "unjudged"},
		{"no time limit", "V1", strings.Replace(step("npm audit"), "timeout-minutes: 5", "timeout-minutes: 0", 1), nil, "no-time-limit not-nightly not-valid"},
		{"branches", "V1", strings.Replace(step("npm audit"), "on: [push, pull_request]", "on: {push: {branches-ignore: [main]}, pull_request: {paths-ignore: [\"**\"]}, schedule: [{cron: \"0 0 * * *\"}]}", 1), nil, "filtered"},
		{"every branch", "V1", strings.Replace(step("npm audit"), "on: [push, pull_request]", "on: {push: {branches: [\"**\"]}, pull_request: {branches: [\"**\"]}, schedule: [{cron: \"0 0 * * *\"}]}", 1), nil, ""},
		{"most branches", "V1", strings.Replace(step("npm audit"), "on: [push, pull_request]", "on: {push: {branches: [\"**\", \"!x\"]}, pull_request: {branches: [\"*\"]}, schedule: [{cron: \"0 0 * * *\"}]}", 1), nil, "filtered"},
		{"nothing is waited for", "V4", job + "      - uses: github/codeql-action/init@v3\n        with: {languages: \"go, javascript, actions\", queries: security-extended}\n      - uses: github/codeql-action/analyze@v3\n        with: {upload-database: false, wait-for-processing: false}\n",
			[]string{"a.go", "a.ts"}, ""},
		{"Go without a build", "V4", job + "      - uses: github/codeql-action/init@v3\n        with: {languages: \"go, actions\", build-mode: none, queries: security-extended}\n      - uses: github/codeql-action/analyze@v3\n",
			[]string{"a.go"}, "left-out"},
		{"an image of a file in lower case", "V5", step("npm audit"), []string{"tools/dockerfile"}, "not-scanned"},
		{"a job that a later one ends", "V1", strings.Replace(step("npm audit"), "    steps:", "    concurrency: {group: one, cancel-in-progress: true}\n    steps:", 1), nil, "cut-short not-nightly"},
		{"no upload", "V8", step("npm audit"), []string{"package.json"}, "not-uploaded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, found := modes(t, c.clause, tree(c.workflow, c.others...))
			if got := strings.Join(found, " "); got != c.want || (c.want == "") != (r.Verdict() == guide.Passed) {
				t.Errorf("%s [%s] %s, want [%s]\n%+v", r.Verdict(), got, r.Reason(), c.want, r.Findings())
			}
		})
	}
}

// What could not be looked at is never a pass, and where there is nothing to scan nothing was scanned.
func TestWhatCannotBeLookedAt(t *testing.T) {
	for _, c := range []struct {
		name, clause string
		files        fstest.MapFS
		want         guide.Verdict
	}{
		{"a workflow that is none", "V2", tree("on: [", "package.json"), guide.NotEvidenced},
		{"a workflow that is a list", "V1", tree("- a\n"), guide.Failed},
		{"no packages", "V2", tree("on: push\njobs: {a: {runs-on: x, steps: [{run: npm test}]}}\n"), guide.NotEvidenced},
		{"no Terraform", "V7", tree("on: push\njobs: {a: {runs-on: x, steps: [{run: checkov -d .}]}}\n"), guide.NotEvidenced},
		{"no rules", "V6", tree("on: push\njobs: {a: {runs-on: x, steps: [{run: gitleaks git}]}}\n"), guide.Failed},
		{"no page", "V9", tree("on: push\n"), guide.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r, found := modes(t, c.clause, c.files); r.Verdict() != c.want {
				t.Errorf("%s %v %s, want %s", r.Verdict(), found, r.Reason(), c.want)
			}
		})
	}
}

func TestNpmSettings(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "save-exact=true\nfund = false\n": 0, "omit=dev\n": 1, "omit[] = dev\n": 1, " registry = https://npm.example/\n": 1, "@scope:registry=https://npm.example/": 1,
		"# omit=dev\n": 0, "audit=false\nproduction=true\n": 2, "omit-lockfile-registry-resolved=true\n": 0,
	} {
		if all, err := npmSettings(fstest.MapFS{npmrc: {Data: []byte(text)}}, npmrc); err != nil || len(all) != want {
			t.Errorf("%q: %+v, %v, want %d", text, all, err, want)
		}
	}
}

func TestCargoSettings(t *testing.T) {
	for text, want := range map[string]string{
		"[advisories]\nignore = [\n  \"RUSTSEC-2024-0001\", # a reason that somebody can weigh\n]\n": "",
		"[advisories]\nignore = [\n  \"RUSTSEC-2024-0001\",\n]\n":                                    "ignored-without-reason",
		"[advisories]\nignore = [\n  \"RUSTSEC-2024-0001\", # ok\n]\n":                               "ignored-without-reason",
		"[advisories]\nignore = [\"RUSTSEC-2024-0001\"]\n":                                           "threshold",
		"[yanked]\nenabled = false\n":                                                                "threshold",
		"":                                                                                           "",
	} {
		all, err := settings(fstest.MapFS{borne: {Data: []byte(text)}}, borne)
		got := ""
		for _, p := range all {
			got = p.mode
		}
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %q", text, all, err, want)
		}
	}
}
