package scanning

import (
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
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
		Question: "Is each image that the production overlay or the Compose file names, ours or of others, scanned by something that stops a deployment? Running: is there a result of " +
			"each, of the commit that is deployed and of these days, with nothing high or critical in it?",
		Modes: append([]guide.Mode{{Name: "no-gate", What: "an image is deployed that is scanned by nothing that could stop it"}}, scannedModes("an image that is deployed")...),
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
		},
		OnlyRunning: true,
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			required, scanned, err := scannedImages(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeGates(required, scanned)
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

// scannedImages are the images that are deployed, and the scans that there are.
func scannedImages(ctx context.Context, t *facts.Tree) (required []subject, scanned []attempt, err error) {
	s, err := look(t)
	if err != nil {
		return nil, nil, err
	}
	if required, err = deployedImages(ctx, t); err != nil {
		return nil, nil, err
	}
	scanned, err = s.deployed(t)
	return required, scanned, err
}

// deployedImages are the images of the production overlay and of the Compose file, by the last part of their names.
func deployedImages(ctx context.Context, t *facts.Tree) ([]subject, error) {
	set, err := deployment.Rendered(t)
	if err != nil {
		return nil, err
	}
	stack, err := stackfile.Project(ctx, t)
	if err != nil {
		return nil, err
	}
	at := map[string]guide.Place{}
	for _, w := range set.Workloads() {
		for _, c := range w.Containers() {
			at[short(c.Image)] = deployment.At(w.Object)
		}
	}
	for name, s := range stack.Model.Services {
		if _, known := at[short(s.Image)]; !known {
			at[short(s.Image)] = stackfile.At(stack, "services", name, "image")
		}
	}
	var all []subject
	for _, name := range slices.Sorted(maps.Keys(at)) {
		all = append(all, subject{name, at[name], "add it to the images job, or to the one of deployed images and to " + lock})
	}
	return all, nil
}

// short is the last part of an image's name, without tag and digest.
func short(reference string) string {
	name, _, _ := strings.Cut(path.Base(reference), "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

var lookedUp = regexp.MustCompile(`^\$\{\{ steps\.([A-Za-z0-9_-]+)\.outputs\.reference \}\}$`)

// deployed are the scans of images, by the last part of their names: of those that were built before, and of those that were looked up in the lock file. Holes for which others have no fix yet
// may be left out of theirs.
func (s scans) deployed(t *facts.Tree) (all []attempt, err error) {
	err = s.images(t, func(p place, with map[string]string, problems []problem) {
		evidence := "Trivy, " + with["image-ref"] + ", " + with["severity"]
		if len(p.built(with["image-ref"])) > 0 {
			if with["ignore-unfixed"] == "true" {
				problems = append(problems, problem{leftOut, ""})
			}
			all = append(all, attempt{subject: short(with["image-ref"]), place: p, evidence: evidence, problems: problems})
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
					all = append(all, attempt{subject: a.rest[0], place: p, evidence: "Trivy, as " + lock + " has it", problems: append(problems, p.beside(n).stops(&b.Commands[i])...)})
				}
			}
		}
	})
	return judged(all), err
}
