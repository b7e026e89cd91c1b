//go:build unix

package images

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// descriptor is OCI's (image-spec, descriptor.md), as far as it is needed.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	Config descriptor   `json:"config"`
	Layers []descriptor `json:"layers"`
}

func blob(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

// writeArchive packs an OCI layout with one image, and adds what docker load looks for (manifest.json), as docker save itself has done since 25.0: one file that
// everybody reads, and that keeps the digest. It returns the manifest's digest.
func writeArchive(layout, reference, file string) (digest string, err error) {
	var in index
	if err := readJSON(filepath.Join(layout, "index.json"), &in); err != nil {
		return "", err
	}
	if len(in.Manifests) != 1 {
		return "", fmt.Errorf("read %s: %d images instead of one", layout, len(in.Manifests))
	}
	it := in.Manifests[0]
	var m manifest
	if err := readJSON(filepath.Join(layout, filepath.FromSlash(blob(it.Digest))), &m); err != nil {
		return "", err
	}
	_, tag, _ := strings.Cut(path.Base(reference), ":")
	// The first is containerd's and Docker's, the second OCI's and skopeo's.
	it.Annotations = map[string]string{"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tag}
	docker := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: blob(m.Config.Digest), RepoTags: []string{reference}}
	blobs := []string{blob(it.Digest), blob(m.Config.Digest)}
	for _, l := range m.Layers {
		docker.Layers = append(docker.Layers, blob(l.Digest))
		blobs = append(blobs, blob(l.Digest))
	}
	slices.Sort(blobs)

	out, err := os.Create(file + ".new")
	if err != nil {
		return "", err
	}
	defer out.Close()
	w := tar.NewWriter(out)
	for _, entry := range []struct {
		name  string
		value any
	}{
		{"oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}},
		{"index.json", index{SchemaVersion: 2, MediaType: "application/vnd.oci.image.index.v1+json", Manifests: []descriptor{it}}},
		{"manifest.json", []any{docker}},
	} {
		text, err := json.Marshal(entry.value)
		if err != nil {
			return "", err
		}
		if err := w.WriteHeader(&tar.Header{Name: entry.name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			return "", err
		}
		if _, err := w.Write(text); err != nil {
			return "", err
		}
	}
	for _, name := range slices.Compact(blobs) {
		if err := addFile(w, filepath.Join(layout, filepath.FromSlash(name)), name); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	if err := out.Close(); err != nil {
		return "", err
	}
	return it.Digest, os.Rename(out.Name(), file)
}

func addFile(w *tar.Writer, file, name string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		return fmt.Errorf("pack %s: %w", file, err)
	}
	return nil
}
