//go:build unix

package images

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// checkout is a repository of its own with what a release needs of ours, its images at a registry on this machine.
type checkout struct {
	dir, bin, registry string
	golang             string // the builder's digest
	said               string // file with what buildah was called with
}

func newCheckout(t *testing.T, w *workshop) checkout {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	c := checkout{dir: w.root, bin: t.TempDir(), registry: strings.TrimPrefix(server.URL, "http://")}
	c.said = filepath.Join(c.bin, "said")
	c.golang = c.push(t, "/library/golang:1")
	c.push(t, "/library/redis:7")
	write(t, filepath.Join(c.dir, "images/lock.json"), fmt.Sprintf(`{"images": [{"name": "golang", "reference": "%[1]s/library/golang:1", "digest": ""}, {"name": "redis", "reference": "%[1]s/library/redis:7", "digest": ""}]}`, c.registry))
	write(t, filepath.Join(c.dir, "k8s/base/kustomization.yaml"), fmt.Sprintf("images:\n  - name: stellar-escrow-client\n    newName: %[1]s/stellar-escrow-client\n    newTag: unreleased\n  - name: redis\n    newName: %[1]s/library/redis\n    newTag: \"6\"\n", c.registry))
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}, {"-c", "user.name=a test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", "as released"}} {
		if _, err := run(t.Context(), c.dir, nil, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (c checkout) push(t *testing.T, repository string) string {
	t.Helper()
	image, err := random.Image(200, 1)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(c.registry + repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, image); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// programs are those that the page calls: escrowctl, and buildah with a store of its own, where GO_IMAGE is what stands in for it here.
func (c checkout) programs(t *testing.T, w *workshop) {
	t.Helper()
	if _, err := run(t.Context(), w.root, nil, "go", "build", "-o", filepath.Join(c.bin, "escrowctl"), "./cmd/escrowctl"); err != nil {
		t.Fatal(err)
	}
	if err := w.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	table, err := w.libraries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.prepare(t.Context(), w.bench); err != nil {
		t.Fatal(err)
	}
	modules, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.bin, "registries.conf"), fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", c.registry))
	store := w.bench.store.work
	write(t, filepath.Join(c.bin, "buildah"), fmt.Sprintf(`#!/bin/sh
set -eu
echo "$*" >>%[1]q
word=$1
shift
for argument; do
	shift
	case $argument in GO_IMAGE=*) argument=GO_IMAGE=%[4]s ;; esac
	set -- "$@" "$argument"
done
[ "$word" != bud ] || set -- --isolation chroot --volume %[2]q:/go/pkg/mod:ro --volume %[3]q:/go-build --build-arg GOPROXY=off "$@"
CONTAINERS_REGISTRIES_CONF=%[5]q exec unshare --mount nice -n 10 %[6]q --root %[7]q --runroot %[8]q --storage-driver vfs "$word" "$@"
`, c.said, strings.TrimSpace(string(modules)), w.goCache, builderTag, filepath.Join(c.bin, "registries.conf"), w.buildah, filepath.Join(store, "storage"), filepath.Join(store, "run")))
}

// TestTheManualOfImages runs every command of the page, as a release and as somebody who doubts it.
func TestTheManualOfImages(t *testing.T) {
	building(t)
	shell := parts.Program(t, "bash", "apt-get install bash")
	parts.Program(t, "git", "apt-get install git")
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	page := string(read(t, filepath.Join(root, "docs/operations/images.md")))
	w := elsewhere(t, "release", 0o644)
	c := newCheckout(t, w)
	c.programs(t, w)
	again := filepath.Join(t.TempDir(), "elsewhere")
	env := append(os.Environ(), "PATH="+c.bin+":"+os.Getenv("PATH"), "REGISTRY="+c.registry, "TAG=v1", "PARTS=client", "ELSEWHERE="+again)
	want := []string{
		"2 images have their digests, 2 of them another one than before", "", "0 of them another one than before", "", "client: the same image\n",
		"is the program in the image", "every tag is what was written down",
	}
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if ran == len(want) {
			t.Fatalf("the page has a block that this test does not know:\n%s", block[1])
		}
		cmd := exec.CommandContext(t.Context(), shell, "-euo", "pipefail", "-c", block[1])
		cmd.Env, cmd.Dir = env, c.dir
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want[ran]) {
			t.Fatalf("%s\n%s(%v), want %q", block[1], out, err, want[ran])
		}
		ran++
	}
	if ran != len(want) {
		t.Fatalf("%d blocks were run, want %d", ran, len(want))
	}
	digest := strings.TrimSpace(string(read(t, filepath.Join(c.dir, "client.digest"))))
	if k := string(read(t, filepath.Join(c.dir, "k8s/base/kustomization.yaml"))); !strings.Contains(k, "newTag: v1\n    digest: "+digest+"\n") {
		t.Errorf("what was pushed is %s, and the kustomization says\n%s", digest, k)
	}
	if said := string(read(t, c.said)); strings.Count(said, "GO_IMAGE="+c.registry+"/library/golang@"+c.golang) != 2 {
		t.Errorf("the builder was not named by its digest: %s", said)
	}
}
