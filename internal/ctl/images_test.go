package ctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
)

// release is what an operator has who makes one: a registry, a lock file and a kustomization, on whose images the two agree.
type release struct {
	t                         *testing.T
	host, lock, kustomization string
	other                     string // one of others, in the lock
}

func newRelease(t *testing.T) *release {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	r := &release{t: t, host: strings.TrimPrefix(server.URL, "http://"), lock: filepath.Join(dir, "lock.json"), kustomization: filepath.Join(dir, "kustomization.yaml")}
	r.other = r.host + "/library/postgres:17"
	r.write(r.lock, fmt.Sprintf("{\n  \"images\": [\n    {\"name\": \"postgres\", \"reference\": %q, \"digest\": \"\"}\n  ]\n}\n", r.other))
	r.write(r.kustomization, fmt.Sprintf("images:\n  - name: api\n    newName: %s/own/api\n    newTag: unreleased\n  - name: postgres\n    newName: %s/library/postgres\n    newTag: \"16\"\n", r.host, r.host))
	return r
}

func (r *release) write(path, text string) {
	r.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *release) read(path string) string {
	r.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// push puts a new image under a reference.
func (r *release) push(reference string) (digest string) {
	r.t.Helper()
	image, err := random.Image(200, 1)
	if err != nil {
		r.t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := remote.Write(tag, image); err != nil {
		r.t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		r.t.Fatal(err)
	}
	return hash.String()
}

func (r *release) run(args ...string) (string, error) {
	r.t.Helper()
	var out bytes.Buffer
	err := ctl.Run(r.t.Context(), append([]string{"images"}, args...), &out)
	return out.String(), err
}

func TestImagesArePinned(t *testing.T) {
	r := newRelease(t)
	postgres, api := r.push(r.other), r.push(r.host+"/own/api:v1")
	out, err := r.run("pin", "--lock", r.lock, "--kustomization", r.kustomization, "--release", "v1")
	if err != nil || !strings.Contains(out, "postgres: "+r.other+" is "+postgres) {
		t.Fatalf("%v, printed %q", err, out)
	}
	var locked struct{ Images []struct{ Digest string } }
	if err := json.Unmarshal([]byte(r.read(r.lock)), &locked); err != nil || locked.Images[0].Digest != postgres {
		t.Errorf("the lock has %+v, %v, want %s", locked, err, postgres)
	}
	want := fmt.Sprintf("images:\n  - name: api\n    newName: %s/own/api\n    newTag: v1\n    digest: %s\n  - name: postgres\n    newName: %s/library/postgres\n    newTag: \"17\"\n    digest: %s\n", r.host, api, r.host, postgres)
	if got := r.read(r.kustomization); got != want {
		t.Errorf("the kustomization is\n%s\nwant\n%s", got, want)
	}
	if out, err := r.run("reference", "--lock", r.lock, "postgres"); err != nil || out != r.host+"/library/postgres@"+postgres+"\n" {
		t.Errorf("%v, printed %q", err, out)
	}
	check := []string{"pin", "--check", "--lock", r.lock, "--kustomization", r.kustomization}
	if out, err := r.run(check...); err != nil || !strings.Contains(out, "every tag is what was written down") {
		t.Errorf("right after: %v, printed %q", err, out)
	}

	// Somebody moves both tags.
	lock, kustomization := r.read(r.lock), r.read(r.kustomization)
	moved := r.push(r.other)
	r.push(r.host + "/own/api:v1")
	out, err = r.run(check...)
	if err == nil || ctl.ExitCode(err) != cli.ExitFails {
		t.Errorf("moved tags: %v", err)
	}
	for _, want := range []string{"postgres: " + r.other + " was " + postgres + ", is " + moved, r.kustomization + ": its images are not"} {
		if !strings.Contains(out, want) {
			t.Errorf("it printed %q, want it to say %q", out, want)
		}
	}
	if r.read(r.lock) != lock || r.read(r.kustomization) != kustomization {
		t.Error("--check has written")
	}
}

// TestImagesAreNotPinnedByHalf: whatever is missing, both files stay as they were.
func TestImagesAreNotPinnedByHalf(t *testing.T) {
	for name, tt := range map[string]struct {
		there, args []string
		code        int
		want        string
	}{
		"one of others is missing": {[]string{"/own/api:v1"}, []string{"--release", "v1"}, cli.ExitNotLooked, "image postgres ("},
		"one of ours is missing":   {[]string{"/library/postgres:17"}, []string{"--release", "v1"}, cli.ExitNotLooked, "image api ("},
		"nothing was released":     {[]string{"/library/postgres:17", "/own/api:v1"}, nil, cli.ExitNotLooked, "/own/api:unreleased) is not resolved"},
		"checked":                  {[]string{"/own/api:v1"}, []string{"--release", "v1", "--check"}, cli.ExitNotLooked, "image postgres ("},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRelease(t)
			for _, reference := range tt.there {
				r.push(r.host + reference)
			}
			lock, kustomization := r.read(r.lock), r.read(r.kustomization)
			refused(t, tt.code, append([]string{"images", "pin", "--lock", r.lock, "--kustomization", r.kustomization}, tt.args...), "nothing is written", tt.want)
			if r.read(r.lock) != lock || r.read(r.kustomization) != kustomization {
				t.Error("something was written")
			}
		})
	}
	r := newRelease(t)
	refused(t, cli.ExitNotLooked, []string{"images", "reference", "--lock", r.lock, "postgres"}, "image postgres (", "is not resolved", "escrowctl images pin")
	refused(t, cli.ExitMisused, []string{"images", "reference", "--lock", r.lock, "mysql"}, `no image "mysql"`)
	refused(t, cli.ExitMisused, []string{"images", "pin", "--lock", r.lock, "--release", "v1"}, "--kustomization")
	refused(t, cli.ExitMisused, []string{"images", "pin", "--lock", r.lock + ".none"}, "--lock")
	refused(t, cli.ExitMisused, []string{"images", "sbom", "no-such-file.tar"}, "there is no such file")
	refused(t, cli.ExitNotLooked, []string{"images", "sbom", r.other}, "is not resolved")
}
