package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Image is one that is looked into.
type Image struct {
	// Name is how it was named: the archive's own name for it, or the reference.
	Name string
	// Digest is that of its manifest, sha256:…
	Digest string

	content v1.Image
}

// OpenArchive opens an image in a file, as docker save (25.0 or newer) and buildah write it: an OCI layout that docker load reads too. It refuses a file with more
// than one image, and one that does not say its manifest's digest. Contents are compared with their digests as they are read.
func OpenArchive(path string) (Image, error) {
	content, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return Image{}, fmt.Errorf("open %s: %w", path, err)
	}
	text, err := readEntry(path, "index.json")
	if err != nil {
		return Image{}, fmt.Errorf("open %s: %w", path, err)
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(text, &index); err != nil {
		return Image{}, fmt.Errorf("open %s: index.json: %w", path, err)
	}
	if len(index.Manifests) != 1 {
		return Image{}, fmt.Errorf("open %s: it holds %d images instead of one", path, len(index.Manifests))
	}
	it := index.Manifests[0]
	if err := same(path, it.Digest, content); err != nil {
		return Image{}, fmt.Errorf("open %s: %w", path, err)
	}
	called := it.Annotations["io.containerd.image.name"]
	if called == "" {
		called = it.Annotations["org.opencontainers.image.ref.name"]
	}
	return Image{Name: called, Digest: it.Digest.String(), content: content}, nil
}

// same tells whether the manifest of that digest is of the image that docker load would find: the two views of an archive need not agree.
func same(path string, digest v1.Hash, content v1.Image) error {
	text, err := readEntry(path, "blobs/"+digest.Algorithm+"/"+digest.Hex)
	if err != nil {
		return err
	}
	var m v1.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("manifest %s: %w", digest, err)
	}
	config, err := content.ConfigName()
	if err != nil {
		return err
	}
	if m.Config.Digest != config {
		return fmt.Errorf("manifest %s is of another image than manifest.json: its configuration is %s, not %s", digest, m.Config.Digest, config)
	}
	if is, err := sum(text); err != nil || is != digest {
		return errors.Join(err, fmt.Errorf("manifest %s is damaged: it is %s", digest, is))
	}
	return nil
}

// maxEntryBytes bounds the descriptions in an archive.
const maxEntryBytes = 4 << 20

func readEntry(path, entry string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("it has no %s: export it as an OCI archive (buildah push IMAGE oci-archive:FILE, or docker save of 25.0 or newer)", entry)
		}
		if err != nil {
			return nil, err
		}
		if h.Name != entry {
			continue
		}
		if h.Size > maxEntryBytes {
			return nil, fmt.Errorf("%s has %d bytes, more than %d", entry, h.Size, maxEntryBytes)
		}
		return io.ReadAll(r)
	}
}

// OpenReference opens an image in a registry. Of one for several platforms it is that for linux/amd64.
func OpenReference(ctx context.Context, reference string, transport http.RoundTripper) (Image, error) {
	ref, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil {
		return Image{}, fmt.Errorf("reference %q: %w", reference, err)
	}
	content, err := remote.Image(ref, remote.WithContext(ctx), remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}), remote.WithUserAgent("escrowctl"))
	if err != nil {
		return Image{}, fmt.Errorf("image %s is %w: %w", reference, ErrUnresolved, err)
	}
	digest, err := content.Digest()
	if err != nil {
		return Image{}, fmt.Errorf("image %s is %w: %w", reference, ErrUnresolved, err)
	}
	return Image{Name: reference, Digest: digest.String(), content: content}, nil
}

// Bounds of an image that is looked into.
const (
	maxFiles     = 100_000
	maxFileBytes = 1 << 30
)

// files calls f for each file of the image's root, as a container has it, links and folders left out.
func (i Image) files(f func(name string, size int64, content io.Reader) error) error {
	stream := mutate.Extract(i.content)
	defer stream.Close()
	r := tar.NewReader(stream)
	for range maxFiles {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read image %s: %w", i.Name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if h.Size > maxFileBytes {
			return fmt.Errorf("image %s: %s has %d bytes, more than %d", i.Name, h.Name, h.Size, maxFileBytes)
		}
		if err := f(h.Name, h.Size, r); err != nil {
			return fmt.Errorf("image %s: %s: %w", i.Name, h.Name, err)
		}
	}
	return fmt.Errorf("image %s has more than %d files: it is none of ours", i.Name, maxFiles)
}
