//go:build linux

package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Images of the node's own. A name without a registry would be taken for one of a public registry.
const (
	pauseImage = "localhost/kubenode/pause:1"
	dnsImage   = "localhost/kubenode/coredns:1"
)

// Import gives the node an image from an archive (docker save's, with or without an OCI index), so that pods can name it by reference, or by digest
// instead of the tag; nothing can be pulled. digest is that of the image's manifest, and the error says so if the archive holds another.
func (n *Node) Import(ctx context.Context, archive, reference, digest string) error {
	if _, err := n.Exec(ctx, nil, "ctr", "--namespace=k8s.io", "images", "import", archive); err != nil {
		return fmt.Errorf("import %s: %w", reference, err)
	}
	list, err := n.Exec(ctx, nil, "ctr", "--namespace=k8s.io", "images", "ls", "name=="+reference)
	if err != nil {
		return fmt.Errorf("import %s: %w", reference, err)
	}
	lines := strings.Split(strings.TrimSpace(string(list)), "\n") // REF TYPE DIGEST …
	if len(lines) != 2 || len(strings.Fields(lines[1])) < 3 {
		return fmt.Errorf("import %s: %s does not hold it: %s", reference, archive, list)
	}
	if digest == "" {
		return nil
	}
	if held := strings.Fields(lines[1])[2]; held != digest {
		return fmt.Errorf("import %s: %s holds %s, not %s", reference, archive, held, digest)
	}
	repository := reference
	if i := strings.LastIndex(reference, ":"); i > strings.LastIndex(reference, "/") {
		repository = reference[:i]
	}
	if _, err := n.Exec(ctx, nil, "ctr", "--namespace=k8s.io", "images", "tag", "--force", reference, repository+"@"+digest); err != nil {
		return fmt.Errorf("import %s: name it by its digest: %w", reference, err)
	}
	return nil
}

// importProgram makes an image of one static program, as WriteImage does, and imports it.
func (n *Node) importProgram(ctx context.Context, reference, program string) error {
	archive := filepath.Join(n.Dir, filepath.Base(program)+".tar")
	if err := WriteImage(archive, reference, program); err != nil {
		return err
	}
	if err := n.Import(ctx, archive, reference, ""); err != nil {
		return err
	}
	return os.Remove(archive)
}

// WriteImage writes the archive of an image that has nothing but a static program, as /app, and runs it as user 65532.
func WriteImage(archive, reference, program string) error {
	text, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("make image %s: %w", reference, err)
	}
	layer, err := pack([]file{{name: "app", mode: 0o755, text: text}})
	if err != nil {
		return fmt.Errorf("make image %s: %w", reference, err)
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/app"}, "User": "65532:65532"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum(layer)}},
	})
	if err != nil {
		return fmt.Errorf("make image %s: %w", reference, err)
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": sum(config) + ".json", "RepoTags": []string{reference}, "Layers": []string{sum(layer) + ".tar"}}})
	if err != nil {
		return fmt.Errorf("make image %s: %w", reference, err)
	}
	all, err := pack([]file{{sum(config) + ".json", 0o644, config}, {sum(layer) + ".tar", 0o644, layer}, {"manifest.json", 0o644, manifest}})
	if err != nil {
		return fmt.Errorf("make image %s: %w", reference, err)
	}
	return os.WriteFile(archive, all, 0o600)
}

type file struct {
	name string
	mode int64
	text []byte
}

func pack(files []file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func sum(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text)) }
