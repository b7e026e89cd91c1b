package scanning

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

const (
	codeqlInit    = "github/codeql-action/init"
	codeqlAnalyze = "github/codeql-action/analyze"
)

func v4() guide.Control {
	return guide.Control{
		ID:       "V4",
		Clause:   "CodeQL, `security-extended` queries",
		Question: "Is each language that the tree is written in, and that CodeQL knows, analyzed with security-extended or more?",
		Modes:    append(shared("a language of the tree"), guide.Mode{Name: "other-queries", What: "the queries are others than security-extended, or fewer"}),
		Mutations: []guide.Mutation{
			gone("codeql", notScanned, "the job is gone"),
			in("codeql", notScanned, "Rust is not listed", "          - {language: rust, build: none}\n", ""),
			in("codeql", notScanned, "nothing analyzes what was collected", "uses: "+codeqlAnalyze, "uses: "+codeqlInit, "V8/not-uploaded"),
			{Mode: notScanned, What: "a program in another language", Change: func(d *guide.Draft) error { return d.Write("scripts/help.py", []byte("print(1)\n")) }},
			in("codeql", "other-queries", "the queries are CodeQL's default", "          queries: security-extended\n", ""),
			in("codeql", "other-queries", "the queries are of code quality alone", "queries: security-extended", "queries: code-quality"),
			in("codeql", leftOut, "a folder is left out", "queries: security-extended\n", "queries: security-extended\n          config: |\n            paths-ignore: [internal]\n"),
			in("codeql", leftOut, "the settings are in a file that says what it likes", "queries: security-extended\n", "queries: security-extended\n          config-file: .github/codeql.yml\n"),
			in("codeql", leftOut, "Go is not built, so that nothing of it is collected", "{language: go, build: autobuild}", "{language: go, build: none}"),
			in("codeql", leftOut, "Go waits for somebody to build it", "{language: go, build: autobuild}", "{language: go, build: manual}"),
			{Mode: notScanned, What: "a script whose first line alone says its language", Change: func(d *guide.Draft) error {
				return d.Write("scripts/help", []byte("#!/usr/bin/env python3\nprint(1)\n"))
			}},
			in("codeql", switchedOff, "the job runs only at night", "    runs-on:", "    if: ${{ github.event_name == 'schedule' }}\n    runs-on:"),
			in("codeql", switchedOff, "the job waits for another", "    runs-on:", "    needs: [gitleaks]\n    runs-on:"),
			in("codeql", neverFails, "the job may fail", "    runs-on:", "    continue-on-error: true\n    runs-on:"),
			in("codeql", neverFails, "the analysis may fail", "          category: codeql/${{ matrix.language }}\n", "          category: codeql/${{ matrix.language }}\n        continue-on-error: true\n", "V8/not-uploaded"),
			in("codeql", unjudged, "the code is made another before it is looked at", "      - uses: "+codeqlAnalyze, "      - run: git checkout v1\n      - uses: "+codeqlAnalyze),
			in("codeql", unjudged, "another commit is checked out", "          persist-credentials: false\n", "          persist-credentials: false\n          ref: v1\n"),
			in("codeql", unjudged, "the queries are not run", "          category: codeql/", "          skip-queries: true\n          category: codeql/"),
			in("codeql", nothingThere, "a language more, which is not in the tree", "          - {language: actions, build: none}\n", "          - {language: actions, build: none}\n          - {language: swift, build: autobuild}\n"),
		},
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			s, err := look(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judge(s.languages(), s.codeql())
		},
		Silent: silent,
	}
}

func (s scans) languages() (all []subject) {
	for _, l := range slices.Sorted(maps.Keys(s.tree.Languages)) {
		all = append(all, subject{l, guide.Place{File: s.tree.Languages[l]}, "add the language to the CodeQL job"})
	}
	return all
}

// known are CodeQL's other names of a language.
func known(language string) string {
	switch language {
	case "javascript", "typescript":
		return "javascript-typescript"
	case "java", "kotlin":
		return "java-kotlin"
	case "c", "cpp":
		return "c-cpp"
	}
	return language
}

// uncollected is why a build mode brings CodeQL nothing of a language to look at (https://docs.github.com/code-security/code-scanning, "CodeQL build modes"); empty if it does.
func uncollected(language, mode string) string {
	built := []string{"go", "swift"} // that CodeQL reads while they are built, and no other way
	switch {
	case mode == "manual":
		return "write build-mode: autobuild, or none: nothing builds here what manual waits for"
	case mode == "none" && slices.Contains(built, language):
		return "write build-mode: autobuild: of " + language + " nothing is collected without a build"
	}
	return ""
}

func (s scans) codeql() (all []attempt) {
	s.each(func(p place) {
		if p.step().Uses != codeqlInit || p.step().With["languages"] == "" {
			return
		}
		var analysis *place
		for _, a := range p.after() {
			if a.step().Uses == codeqlAnalyze && analysis == nil {
				analysis = &a
			}
		}
		if analysis == nil {
			return // it collects, and looks at nothing
		}
		with := p.step().With
		problems := p.stops(nil)
		for _, more := range analysis.stops(nil) {
			if !slices.Contains(problems, more) {
				problems = append(problems, more)
			}
		}
		queries := strings.FieldsFunc(with["queries"], func(r rune) bool { return r == ',' || r == '+' || r == ' ' })
		if !slices.Contains(queries, "security-extended") && !slices.Contains(queries, "security-and-quality") {
			problems = append(problems, problem{"other-queries", "write queries: security-extended"})
		}
		for _, o := range []string{"config", "config-file", "source-root"} {
			if with[o] != "" {
				problems = append(problems, problem{leftOut, "take " + o + " away: it can leave folders and queries out"})
			}
		}
		for _, l := range strings.Split(with["languages"], ",") {
			of := known(strings.TrimSpace(l))
			wrong := slices.Clip(problems)
			if why := uncollected(of, with["build-mode"]); why != "" {
				wrong = append(wrong, problem{leftOut, why})
			}
			all = append(all, attempt{subject: of, place: p, evidence: "CodeQL, " + with["queries"], until: *analysis, problems: wrong})
		}
	})
	return judged(all)
}
