package scanning

import (
	"cmp"
	"context"
	"regexp"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// pick is how a step of the workflow takes an image of others from images/lock.json, with its digest once it has one.
const (
	lock = "images/lock.json"
	pick = `.images[] | select(.name == $name) | "reference=" + (.reference + "@" + .digest | rtrimstr("@"))`
)

func c3() guide.Control {
	const trivy = "      - uses: " + trivyAction + "@ed142fd0673e97e23eac54620cfb913e5ce36c25 # v0.36.0"
	return guide.Control{
		ID:     "C3",
		Clause: "image scans pass for every image deployed",
		Question: "Is each image that an overlay, or the Compose file with or without a file over it, names scanned by something that stops a deployment: those of others by the very reference, and ours as they are built, of the same Dockerfile? Running: is there a result of " +
			"each, of the commit that is deployed and of these days, with nothing high or critical in it?",
		Modes: append([]guide.Mode{{Name: "no-gate", What: "an image is deployed that is scanned by nothing that could stop it, or built otherwise than the one that is"}}, scannedModes("an image that is deployed")...),
		Mutations: []guide.Mutation{
			gone("deployed-images", "no-gate", "images of others are not scanned"),
			in("deployed-images", "no-gate", "the database's is not listed", "          - postgres\n", ""),
			in("deployed-images", "no-gate", "it only reports", `exit-code: "1"`, `exit-code: "0"`),
			in("deployed-images", "no-gate", "it may fail", trivy, trivy+"\n        continue-on-error: true"),
			in("deployed-images", "no-gate", "a variable has it that it succeeds", trivy, trivy+"\n        env: {TRIVY_EXIT_CODE: \"0\"}"),
			in("deployed-images", "no-gate", "only what is critical counts", "severity: CRITICAL,HIGH", "severity: CRITICAL"),
			in("deployed-images", "no-gate", "always the same image", `--arg name "$IMAGE"`, `--arg name redis`),
			in("deployed-images", "no-gate", "the image is another than the one that was looked up", "image-ref: ${{ steps.lock.outputs.reference }}", "image-ref: docker.io/library/redis:7"),
			stackfile.Change("no-gate", "Compose starts an image that nothing scans", "${IMAGE_LOKI:-docker.io/grafana/loki:3.7.8}", "docker.io/grafana/loki-canary:3.7.8"),
			stackfile.Change("no-gate", "Compose starts an older nginx than the one that is scanned", "nginx:1.28.0-bookworm", "nginx:1.14.0"),
			{Mode: "no-gate", What: "staging alone has an older database", Change: func(d *guide.Draft) error {
				return d.Append("k8s/overlays/staging/kustomization.yaml", "images:\n  - {name: docker.io/library/postgres, newTag: \"9.6\"}\n")
			}},
			{Mode: "no-gate", What: "a file over Compose's starts an older Redis", Change: func(d *guide.Draft) error {
				return d.Write("docker-compose.prod.yml", []byte("services:\n  redis:\n    image: docker.io/library/redis:6.0\n"))
			}},
			stackfile.Change("no-gate", "the client is built of what stands in Compose", "build: {context: ., dockerfile: images/client/Dockerfile}", "build: {context: ., dockerfile_inline: \"FROM debian:12\"}"),
			stackfile.Change("no-gate", "another stage of the client's Dockerfile is built", "build: {context: ., dockerfile: images/client/Dockerfile}", "build: {context: ., dockerfile: images/client/Dockerfile, target: build}"),
			stackfile.Change("no-gate", "the client is built of another Dockerfile", "build: {context: ., dockerfile: images/client/Dockerfile}", "build: {context: ., dockerfile: images/api/Dockerfile}"),
			in("images", "no-gate", "what is scanned is built of another folder than what is deployed", `:scan" .`, `:scan" images`),
			stackfile.Change("no-gate", "the client is built of another folder", "build: {context: ., dockerfile: images/client/Dockerfile}", "build: {context: client, dockerfile: ../images/client/Dockerfile}"),
		},
		OnlyRunning: true,
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			required, scanned, err := scannedImages(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			otherwise, err := builtOtherwise(ctx, t, scanned)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			r := judgeGates(required, scanned)
			return guide.Judge(r.Subjects(), append(r.Findings(), otherwise...))
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return ranScans(ctx, s, imageScanners(), s.Now())
		},
		Agree: func(ctx context.Context, t *facts.Tree, s *facts.System) guide.Result {
			required, scanned, err := scannedImages(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return agreeScans(ctx, t, s, imageScanners(), required, scanned)
		},
	}
}

var lookedUp = regexp.MustCompile(`^\$\{\{ steps\.([A-Za-z0-9_-]+)\.outputs\.reference \}\}$`)

// deployed are the scans of images: of those that were built before, by the last part of their names, and of those that were looked up in the lock file, by what that says. Holes for which others have no fix yet
// may be left out of theirs.
func (s scans) deployed(t *facts.Tree) (all []attempt, err error) {
	locked, err := facts.Read(t, lock, readLock)
	if err != nil {
		return nil, err
	}
	err = s.images(t, func(p place, with map[string]string, problems []problem) {
		evidence := "Trivy, " + with["image-ref"] + ", " + with["severity"]
		if of := p.built(with["image-ref"]); len(of) > 0 {
			if leavesOut(with["ignore-unfixed"]) {
				problems = append(problems, problem{leftOut, ""})
			}
			all = append(all, attempt{subject: short(with["image-ref"]), of: of[0], place: p, evidence: evidence, problems: problems})
			return
		}
		ref := lookedUp.FindStringSubmatch(p.step().Written["image-ref"])
		if ref == nil {
			return
		}
		for n, b := range p.before() {
			if b.ID != ref[1] {
				continue
			}
			for i, c := range b.Commands {
				if a := parse(c.Args[1:], "arg"); c.Args[0] == "jq" && slices.Equal(a.rest[min(1, len(a.rest)):], []string{pick, lock}) && a.last("", "arg") == "name" {
					all = append(all, attempt{subject: cmp.Or(locked[a.rest[0]].Reference, a.rest[0]), place: p, evidence: "Trivy, as " + lock + " has it", problems: append(problems, p.beside(n).stops(&b.Commands[i])...)})
				}
			}
		}
	})
	return judged(all), err
}
