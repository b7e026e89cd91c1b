package scanning

import "github.com/Abdullahi130/StellarEscrow/internal/guide"

func v1Mutations() []guide.Mutation {
	change := func(mode, what, old, new string) guide.Mutation {
		return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(file, old, new) }}
	}
	return []guide.Mutation{
		{Mode: "no-workflow", What: "the workflow is gone", Change: func(d *guide.Draft) error { return d.Remove(file) }, Also: []string{
			"V2/" + notScanned, "V3/" + notScanned, "V3g/" + notScanned, "V4/" + notScanned, "V5/" + notScanned, "V6/" + notScanned, "V7/" + notScanned, "V8/not-uploaded", "C2/no-gate", "C3/no-gate",
		}},
		{Mode: "no-workflow", What: "it has another name", Also: []string{
			"V2/" + notScanned, "V3/" + notScanned, "V3g/" + notScanned, "V4/" + notScanned, "V5/" + notScanned, "V6/" + notScanned, "V7/" + notScanned, "V8/not-uploaded", "C2/no-gate", "C3/no-gate",
		}, Change: func(d *guide.Draft) error {
			text, err := d.Read(file)
			if err != nil {
				return err
			}
			if err := d.Write(file+".disabled", text); err != nil {
				return err
			}
			return d.Remove(file)
		}},
		in("zizmor", "not-valid", "a key that GitHub does not know", "    timeout-minutes:", "    retries: 3\n    timeout-minutes:"),
		in("zizmor", "not-valid", "an expression of something that there is not", "    name: zizmor (this folder)", "    name: zizmor ${{ matrix.folder }}"),
		change("not-on-push", "a push does not start it", "  push:\n", ""),
		change("not-on-pull-request", "a pull request does not start it", "  pull_request:\n", ""),
		change("not-nightly", "it has no schedule", "  schedule:\n    - cron: \"17 2 * * *\"\n", ""),
		change("not-nightly", "it runs on Mondays", "17 2 * * *", "17 2 * * 1"),
		change("not-nightly", "it runs every other day", "17 2 * * *", "17 2 */2 * *"),
		change("filtered", "a push to the main branch alone starts it", "  push:\n", "  push:\n    branches: [main]\n"),
		change("filtered", "a change of pages does not start it", "  pull_request:\n", "  pull_request:\n    paths-ignore: [\"docs/**\"]\n"),
		change("filtered", "only a push of code starts it", "  push:\n", "  push:\n    paths: [\"**.go\"]\n"),
		change("filtered", "only a pull request that is opened starts it", "  pull_request:\n", "  pull_request:\n    types: [opened]\n"),
		change("cut-short", "every later run ends it", "cancel-in-progress: ${{ github.event_name == 'pull_request' }}", "cancel-in-progress: true"),
		in("cargo-audit", "cut-short", "every later run ends one job", "    runs-on:", "    concurrency: {group: crates, cancel-in-progress: true}\n    runs-on:"),
		in("gitleaks", "not-pinned", "an action by its tag", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "actions/checkout@v7"),
		in("images", "not-pinned", "an action by a branch", trivyAction+"@ed142fd0673e97e23eac54620cfb913e5ce36c25", trivyAction+"@master"),
		in("gitleaks", "not-pinned", "the newest of a tool", "gitleaks/v8@v8.30.1", "gitleaks/v8@latest"),
		in("checkov-kubernetes", "not-pinned", "a tool without a version", "checkov==3.3.30", "checkov"),
		in("cargo-audit", "not-pinned", "a tool with whatever its dependencies are today", "cargo install --locked ", "cargo install "),
		change("more-rights", "a job that says nothing may write everything", "permissions: {}\n", "permissions: write-all\n"),
		in("codeql", "more-rights", "a job may write code", "      contents: read\n", "      contents: write\n"),
		in("zizmor", "more-rights", "a job may publish packages", "      contents: read\n", "      contents: read\n      packages: write\n"),
		change("more-rights", "strangers' changes run with the rights of the repository", "  pull_request:\n", "  pull_request:\n  pull_request_target:\n"),
		in("govulncheck", "no-time-limit", "a job may take six hours", "    timeout-minutes: 30\n", ""),
	}
}
