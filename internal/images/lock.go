package images

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Locked is one image of others that the platform runs, or is built on.
type Locked struct {
	// Name is what the project calls it: postgres.
	Name string `json:"name"`
	// Reference is registry, repository and tag: docker.io/library/postgres:17.6-bookworm.
	Reference string `json:"reference"`
	// Digest is what the tag was resolved to, sha256:…; empty if it never was.
	Digest string `json:"digest"`
}

// Pinned is the image by its digest alone, REPOSITORY@sha256:…, which every tool reads. The error wraps ErrUnresolved while it has none.
func (l Locked) Pinned() (string, error) {
	if l.Digest == "" {
		return "", fmt.Errorf("image %s (%s) is %w", l.Name, l.Reference, ErrUnresolved)
	}
	return l.Reference[:strings.LastIndexByte(l.Reference, ':')] + "@" + l.Digest, nil
}

// Lock is the lock file: {"images": [{"name": …, "reference": …, "digest": …}]}.
type Lock struct {
	Images []Locked `json:"images"`
}

// Bounds of what is read.
const (
	maxLockBytes = 1 << 20
	maxImages    = 1000
)

// ParseLock reads a lock file. It refuses unknown fields, an image without a name or with another's, a reference that does not name registry, repository and tag in
// full, and a digest that is none.
func ParseLock(text []byte) (Lock, error) {
	if len(text) > maxLockBytes {
		return Lock{}, fmt.Errorf("lock file: %d bytes are more than %d", len(text), maxLockBytes)
	}
	var l Lock
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return Lock{}, fmt.Errorf("lock file: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Lock{}, errors.New("lock file: something follows after its end")
	}
	if len(l.Images) == 0 || len(l.Images) > maxImages {
		return Lock{}, fmt.Errorf("lock file: %d images, and there must be 1 to %d", len(l.Images), maxImages)
	}
	seen := map[string]bool{}
	var errs []error
	for _, image := range l.Images {
		if image.Name == "" || seen[image.Name] {
			errs = append(errs, fmt.Errorf("image %q (%s): each image has a name of its own", image.Name, image.Reference))
		}
		seen[image.Name] = true
		if _, err := tagged(image.Reference); err != nil {
			errs = append(errs, fmt.Errorf("image %s: %w", image.Name, err))
		}
		if image.Digest == "" {
			continue
		}
		if _, err := v1.NewHash(image.Digest); err != nil {
			errs = append(errs, fmt.Errorf("image %s: its digest %q is none: make it empty, or let it be resolved again", image.Name, image.Digest))
		}
	}
	return l, errors.Join(errs...)
}

// tagged reads a reference that says everything: what a tool adds by itself (a registry, latest) differs from tool to tool.
func tagged(reference string) (name.Tag, error) {
	tag, err := name.NewTag(reference, name.StrictValidation)
	if err != nil {
		return name.Tag{}, fmt.Errorf("reference %q: write registry, repository and tag, as in docker.io/library/redis:7.2.11-bookworm: %w", reference, err)
	}
	return tag, nil
}

// Text is the file, an image a line, so that a change reads as one.
func (l Lock) Text() ([]byte, error) {
	out := bytes.NewBufferString("{\n  \"images\": [\n")
	for i, image := range l.Images {
		fields := make([]any, 0, 3)
		for _, s := range []string{image.Name, image.Reference, image.Digest} {
			text, err := json.Marshal(s)
			if err != nil {
				return nil, fmt.Errorf("write image %s: %w", image.Name, err)
			}
			fields = append(fields, text)
		}
		fmt.Fprintf(out, "    {\"name\": %s, \"reference\": %s, \"digest\": %s}", fields...)
		if i < len(l.Images)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("  ]\n}\n")
	return out.Bytes(), nil
}

// Replace writes a file so that whoever reads it, also after a crash, has the old text or the new one.
func Replace(path string, text []byte) (err error) {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
