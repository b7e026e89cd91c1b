package images_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/Abdullahi130/StellarEscrow/internal/images"
)

// depot is a real registry on this machine.
type depot struct {
	t    *testing.T
	host string
	lies func(w http.ResponseWriter, r *http.Request) bool // answers in its place
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	d := &depot{t: t}
	real := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.lies == nil || !d.lies(w, r) {
			real.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	d.host = strings.TrimPrefix(server.URL, "http://")
	return d
}

// push puts a new image there, and returns its reference and digest.
func (d *depot) push(repository, tag string) (reference, digest string) {
	d.t.Helper()
	image, err := random.Image(300, 2)
	if err != nil {
		d.t.Fatal(err)
	}
	reference = d.host + "/" + repository + ":" + tag
	ref, err := name.NewTag(reference)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		d.t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		d.t.Fatal(err)
	}
	return reference, hash.String()
}

// pushForAll puts an image for two platforms there.
func (d *depot) pushForAll(repository, tag string) (reference, digest string) {
	d.t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, architecture := range []string{"amd64", "arm64"} {
		image, err := random.Image(300, 1)
		if err != nil {
			d.t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}})
	}
	reference = d.host + "/" + repository + ":" + tag
	ref, err := name.NewTag(reference)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		d.t.Fatal(err)
	}
	hash, err := index.Digest()
	if err != nil {
		d.t.Fatal(err)
	}
	return reference, hash.String()
}

func lockOf(references ...string) images.Lock {
	var l images.Lock
	for i, r := range references {
		l.Images = append(l.Images, images.Locked{Name: fmt.Sprint("part", i), Reference: r})
	}
	return l
}

func TestResolveAsksTheRegistry(t *testing.T) {
	d := newDepot(t)
	one, oneIs := d.push("library/one", "1.2")
	all, allAre := d.pushForAll("library/all", "3")
	locked := lockOf(one, all)
	now, err := locked.Resolve(t.Context(), images.FromRegistries(http.DefaultTransport))
	if err != nil {
		t.Fatal(err)
	}
	if now.Images[0].Digest != oneIs || now.Images[1].Digest != allAre {
		t.Errorf("got %+v, want %s and the index %s", now, oneIs, allAre)
	}
	if changes := locked.Changes(now); len(changes) != 2 || !strings.Contains(changes[0].String(), one+" is "+oneIs) {
		t.Errorf("of a lock without digests both have changed: %v", changes)
	}
	if changes := now.Changes(now); len(changes) != 0 {
		t.Errorf("nothing has changed: %v", changes)
	}
	_, moved := d.push("library/one", "1.2")
	again, err := now.Resolve(t.Context(), images.FromRegistries(http.DefaultTransport))
	if err != nil {
		t.Fatal(err)
	}
	if changes := now.Changes(again); len(changes) != 1 || changes[0].Now != moved || !strings.Contains(changes[0].String(), "part0: "+one+" was "+oneIs+", is "+moved) {
		t.Errorf("the tag was moved to %s: %v", moved, changes)
	}
}

// TestTheDigestIsOfWhatCame: a registry that says another one in its header is not believed.
func TestTheDigestIsOfWhatCame(t *testing.T) {
	const manifest = `{"schemaVersion":2}`
	d := newDepot(t)
	d.lies = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
		fmt.Fprint(w, manifest)
		return true
	}
	got, err := images.FromRegistries(http.DefaultTransport)(t.Context(), d.host+"/library/one:1")
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(manifest))); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestNothingIsResolvedByHalf: one image that cannot be resolved leaves none, each is named, and no digest is made up.
func TestNothingIsResolvedByHalf(t *testing.T) {
	for name, tt := range map[string]struct {
		lies func(w http.ResponseWriter, r *http.Request) bool
		want string
	}{
		"not there": {nil, "NAME_UNKNOWN"},
		"refused": {func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/other/") {
				return false
			}
			http.Error(w, `{"errors":[{"code":"DENIED","message":"not for you"}]}`, http.StatusForbidden)
			return true
		}, "DENIED"},
		"no image": {func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/other/manifests/") {
				return false
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<p>sign in first</p>")
			return true
		}, "no image"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDepot(t)
			d.lies = tt.lies
			one, _ := d.push("library/one", "1")
			now, err := lockOf(one, d.host+"/library/other:1", d.host+"/library/other:2").Resolve(t.Context(), images.FromRegistries(http.DefaultTransport))
			if !errors.Is(err, images.ErrUnresolved) || len(now.Images) != 0 {
				t.Fatalf("got %+v, %v", now, err)
			}
			for _, want := range []string{"image part1 (" + d.host + "/library/other:1) is not resolved", "image part2 (", tt.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want it to say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "part0") {
				t.Errorf("part0 was resolved, and is named: %v", err)
			}
		})
	}
	silent := func(context.Context, string) (string, error) { return "", nil }
	if _, err := lockOf("registry.test/a:1").Resolve(t.Context(), silent); !errors.Is(err, images.ErrUnresolved) {
		t.Errorf("a resolver that answered nothing: %v", err)
	}
}

func TestTheLockIsReadToTheLetter(t *testing.T) {
	const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	entry := func(name, reference, digest string) string {
		return fmt.Sprintf(`{"images": [{"name": %q, "reference": %q, "digest": %q}]}`, name, reference, digest)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"no JSON":            {"images:", "lock file:"},
		"nothing":            {`{"images": []}`, "0 images"},
		"unknown field":      {`{"images": [], "pinned": true}`, `unknown field "pinned"`},
		"two of them":        {entry("a", "registry.test/a:1", "") + "{}", "follows after its end"},
		"no name":            {entry("", "registry.test/a:1", ""), "a name of its own"},
		"no registry":        {entry("a", "a:1", ""), "write registry, repository and tag"},
		"no tag":             {entry("a", "registry.test/a", ""), "write registry, repository and tag"},
		"digest for a tag":   {entry("a", "registry.test/a@"+digest, ""), "write registry, repository and tag"},
		"half a digest":      {entry("a", "registry.test/a:1", digest[:20]), "image a: its digest"},
		"digest of anything": {entry("a", "registry.test/a:1", "latest"), "image a: its digest"},
		"too long":           {strings.Repeat(" ", 1<<20+1), "more than"},
	} {
		if _, err := images.ParseLock([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestTheProjectsLock is written as this package writes it, so that a release changes the lines of what has changed.
func TestTheProjectsLock(t *testing.T) {
	text, err := os.ReadFile("../../images/lock.json")
	if err != nil {
		t.Fatal(err)
	}
	l, err := images.ParseLock(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Text()
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("written again it is\n%s(%v), and it was\n%s", again, err, text)
	}
}

func TestReplaceKeepsTheOldFileWhenItCannotWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock.json")
	if err := images.Replace(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := images.Replace(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "two" {
		t.Errorf("it reads %q, %v", text, err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := images.Replace(filepath.Join(dir, "folder"), []byte("three")); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder was replaced: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v is left: %v", left, err)
	}
}
