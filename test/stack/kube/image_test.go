//go:build linux

package kube_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/images"
)

// trusting is an image that trusts one more authority: the same with a layer more, which has its certificate beside the others. So the manifests that run it
// are as they are.
func trusting(t *testing.T, image images.Image, authority []byte) images.Image {
	t.Helper()
	digest, text, err := addLayer(image.Archive, "etc/ssl/certs/authority-of-a-test.pem", authority)
	if err != nil {
		t.Fatalf("add an authority to the image of %s: %v", image.Name, err)
	}
	image.Digest, image.Archive = digest, filepath.Join(t.TempDir(), image.Name+".tar")
	if err := os.WriteFile(image.Archive, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return image
}

// addLayer adds a layer with one file to the image of an archive (an OCI layout, as test/parts/images writes them), and returns the manifest's digest and
// the new archive.
func addLayer(archive, name string, content []byte) (string, []byte, error) {
	files, err := unpack(archive)
	if err != nil {
		return "", nil, err
	}
	var index, manifest, config map[string]any
	read := func(file string, into *map[string]any) {
		if bad := json.Unmarshal(files[file], into); bad != nil {
			err = errors.Join(err, fmt.Errorf("read %s: %w", file, bad))
		}
	}
	read("index.json", &index)
	entry, _ := first(index["manifests"])
	read(blobOf(entry["digest"]), &manifest)
	described, _ := manifest["config"].(map[string]any)
	read(blobOf(described["digest"]), &config)
	rootfs, _ := config["rootfs"].(map[string]any)
	layers, _ := manifest["layers"].([]any)
	if err != nil || rootfs == nil || len(layers) == 0 {
		return "", nil, errors.Join(err, errors.New("it is no image with layers"))
	}
	put := func(text []byte) map[string]any {
		sum := fmt.Sprintf("sha256:%x", sha256.Sum256(text))
		files[blobOf(sum)] = text
		return map[string]any{"digest": sum, "size": len(text)}
	}
	layer, err := packed(map[string][]byte{name: content})
	if err != nil {
		return "", nil, err
	}
	added := put(layer)
	added["mediaType"] = "application/vnd.oci.image.layer.v1.tar"
	manifest["layers"] = append(layers, added)
	ids, _ := rootfs["diff_ids"].([]any)
	rootfs["diff_ids"] = append(ids, added["digest"])
	delete(config, "history") // it has a line for each layer, and this one's would be made up
	text, err := json.Marshal(config)
	if err != nil {
		return "", nil, err
	}
	for key, value := range put(text) {
		described[key] = value
	}
	if text, err = json.Marshal(manifest); err != nil {
		return "", nil, err
	}
	for key, value := range put(text) {
		entry[key] = value
	}
	if files["index.json"], err = json.Marshal(index); err != nil {
		return "", nil, err
	}
	delete(files, "manifest.json") // docker's own list, of the image as it was
	out, err := packed(files)
	return fmt.Sprint(entry["digest"]), out, err
}

func first(list any) (map[string]any, bool) {
	all, _ := list.([]any)
	if len(all) == 0 {
		return nil, false
	}
	one, ok := all[0].(map[string]any)
	return one, ok
}

func blobOf(digest any) string {
	return "blobs/" + strings.Replace(fmt.Sprint(digest), ":", "/", 1)
}

// maxFile bounds a file of an archive, in bytes.
const maxFile = 1 << 30

func unpack(archive string) (map[string][]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(io.LimitReader(r, maxFile)); err != nil {
			return nil, err
		}
	}
}

func packed(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o444, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
