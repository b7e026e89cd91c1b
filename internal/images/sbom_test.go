package images_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/Abdullahi130/StellarEscrow/internal/images"
)

// pushFiles puts an image with these files there.
func (d *depot) pushFiles(repository string, files map[string][]byte) (reference string) {
	d.t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o555, Size: int64(len(text))}); err != nil {
			d.t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		d.t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		d.t.Fatal(err)
	}
	reference = d.host + "/" + repository + ":1"
	ref, err := name.NewTag(reference)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		d.t.Fatal(err)
	}
	return reference
}

func billOf(t *testing.T, reference string) []byte {
	t.Helper()
	image, err := images.OpenReference(t.Context(), reference, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := images.WriteBill(&out, image); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// program builds one of a few modules.
func program(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	const text = `package main

import (
	_ "github.com/alecthomas/kong"
	_ "github.com/google/uuid"
	_ "go.yaml.in/yaml/v3"
)

func main() {}
`
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "part"), filepath.Join(dir, "main.go"))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	built, err := os.ReadFile(filepath.Join(dir, "part"))
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func TestBill(t *testing.T) {
	program := program(t)
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	d := newDepot(t)
	reference := d.pushFiles("own/part", map[string][]byte{"part": program, "./etc/roots": []byte("authorities")})
	text := billOf(t, reference)
	if again := billOf(t, reference); !bytes.Equal(text, again) {
		t.Error("asked twice it is another one")
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	found := map[string]cyclonedx.Component{}
	for _, c := range *bom.Components {
		found[c.BOMRef] = c
	}
	if len(info.Deps) != 3 || len(found) != len(info.Deps)+3 { // the standard library, the program, and the other file
		t.Errorf("%d components, and the program has %d modules", len(found), len(info.Deps))
	}
	for _, m := range info.Deps {
		if c := found["pkg:golang/"+m.Path+"@"+strings.ReplaceAll(m.Version, "+", "%2B")]; c.Name != m.Path || c.Version != m.Version {
			t.Errorf("%s %s is %+v", m.Path, m.Version, c)
		}
	}
	if c := found["pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go")]; c.Version != info.GoVersion {
		t.Errorf("the standard library is %+v", c)
	}
	for file, content := range map[string][]byte{"file:/part": program, "file:/etc/roots": []byte("authorities")} {
		if c := found[file]; c.Hashes == nil || (*c.Hashes)[0].Value != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%s is %+v", file, c)
		}
	}
	if whole := bom.Metadata.Component; whole.Name != "part" || !strings.HasPrefix(whole.Version, "sha256:") {
		t.Errorf("the image is %+v", whole)
	}
	// Whatever is named as needed is there.
	for _, needs := range *bom.Dependencies {
		for _, ref := range *needs.Dependencies {
			if _, ok := found[ref]; !ok {
				t.Errorf("%s needs %s, which is not in the bill", needs.Ref, ref)
			}
		}
	}
	if i := slices.IndexFunc(*bom.Dependencies, func(n cyclonedx.Dependency) bool { return n.Ref == "file:/part" }); i < 0 || len(*(*bom.Dependencies)[i].Dependencies) != len(info.Deps)+1 {
		t.Errorf("what the program needs is %+v", bom.Dependencies)
	}
}

func TestNoBillOfWhatIsNotOurs(t *testing.T) {
	d := newDepot(t)
	image, err := images.OpenReference(t.Context(), d.pushFiles("others/part", map[string][]byte{"bin/sh": []byte("#!")}), http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := images.WriteBill(&out, image); !errors.Is(err, images.ErrNotOurs) || out.Len() > 0 {
		t.Errorf("an image without a program of ours: %v, %s", err, out.String())
	}
	image, err = images.OpenReference(t.Context(), d.pushFiles("others/c", map[string][]byte{"bin/c": []byte("\x7fELF and no more")}), http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	if err := images.WriteBill(&out, image); err == nil || !strings.Contains(err.Error(), "without a Go build info") {
		t.Errorf("a program that is none of Go's: %v", err)
	}
	if _, err := images.OpenReference(t.Context(), d.host+"/nobody/knows:1", http.DefaultTransport); !errors.Is(err, images.ErrUnresolved) {
		t.Errorf("an image that is not there: %v", err)
	}
	path := filepath.Join(t.TempDir(), "x.tar")
	if err := os.WriteFile(path, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := images.OpenArchive(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is no archive: %v", err)
	}
}
