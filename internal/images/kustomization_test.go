package images_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/images"
)

const (
	zeros = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	twos  = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// table resolves what stands in it.
func table(known map[string]string) images.Resolver {
	return func(_ context.Context, reference string) (string, error) {
		if digest, ok := known[reference]; ok {
			return digest, nil
		}
		return "", errors.New("nobody knows it")
	}
}

func TestPinChangesTagsAndDigestsAndNothingElse(t *testing.T) {
	const before = `# For whom.
kind: Kustomization   # kept
resources: [a.yaml]
images:
  - name: stellar-escrow-api
    newName: registry.test/own/api
    newTag: unreleased # a release's

  # of others
  - name: postgres
    newName: docker.io/library/postgres
    newTag: "17"
    digest: ` + zeros + ` # as resolved
  - {name: flow}
`
	flow := strings.Replace(before, "  - {name: flow}\n", "", 1)
	locked := images.Lock{Images: []images.Locked{{Name: "postgres", Reference: "docker.io/library/postgres:17.6", Digest: ones}}}
	resolve := table(map[string]string{"registry.test/own/api:v1.2.0": twos})
	k, err := images.ParseKustomization([]byte(flow))
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Pin(t.Context(), locked, "v1.2.0", resolve)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("newTag: unreleased # a release's\n", "newTag: v1.2.0 # a release's\n    digest: "+twos+"\n", `newTag: "17"`, `newTag: "17.6"`, zeros, ones).Replace(flow)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	again, err := images.ParseKustomization(got)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := again.Pin(t.Context(), locked, "", resolve); err != nil || !bytes.Equal(twice, got) {
		t.Errorf("pinned twice it is\n%s(%v)", twice, err)
	}
	if _, err := images.ParseKustomization([]byte(before)); err == nil || !strings.Contains(err.Error(), "line 14") {
		t.Errorf("an entry in braces: %v", err)
	}
	if got, err := k.Pin(t.Context(), locked, "", resolve); !errors.Is(err, images.ErrUnresolved) || got != nil || !strings.Contains(err.Error(), "stellar-escrow-api (registry.test/own/api:unreleased)") {
		t.Errorf("what was never released: %q, %v", got, err)
	}
	locked.Images[0].Digest = ""
	if got, err := k.Pin(t.Context(), locked, "v1.2.0", resolve); !errors.Is(err, images.ErrUnresolved) || got != nil {
		t.Errorf("a lock without a digest: %q, %v", got, err)
	}
}

func TestKustomizationsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no YAML":        {"images: [", "kustomization:"},
		"none":           {"resources: []", "0 entries"},
		"no tag":         {"images:\n  - name: a\n    newName: registry.test/a\n", "write registry, repository and tag"},
		"no registry":    {"images:\n  - name: a\n    newName: a\n    newTag: x\n", "write registry, repository and tag"},
		"a suffix":       {"images:\n  - name: a\n    newName: registry.test/a\n    newTag: x\n    tagSuffix: y\n", "tagSuffix"},
		"several lines":  {"images:\n  - name: a\n    newName: registry.test/a\n    newTag: >\n      x\n    digest:\n      " + zeros + "\n", "each on one line"},
		"too much of it": {strings.Repeat("#", 1<<20+1), "more than"},
	} {
		if _, err := images.ParseKustomization([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestTheBaseCanBePinned: every image that the cluster runs is in one of the two places that a release pins.
func TestTheBaseCanBePinned(t *testing.T) {
	text, err := os.ReadFile("../../k8s/base/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lockText, err := os.ReadFile("../../images/lock.json")
	if err != nil {
		t.Fatal(err)
	}
	locked, err := images.ParseLock(lockText)
	if err != nil {
		t.Fatal(err)
	}
	for i := range locked.Images {
		locked.Images[i].Digest = ones
	}
	k, err := images.ParseKustomization(text)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var asked []string
	pinned, err := k.Pin(t.Context(), locked, "v1", func(_ context.Context, reference string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, reference)
		return twos, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 4 {
		t.Errorf("images that are not in the lock: %v, want our four", asked)
	}
	const names = "\n    newName: "
	if n := strings.Count(string(pinned), "\n    digest: sha256:"); n != strings.Count(string(text), names) || n < 10 {
		t.Errorf("%d of %d entries have a digest:\n%s", n, strings.Count(string(text), names), pinned)
	}
}
