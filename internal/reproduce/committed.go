package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// committed is what the tree holds of an artifact.
type committed struct {
	wasm      []byte
	toolchain string // what it was built with; empty if that is not recorded
}

// read loads the committed file and checks it against its recorded sha256.
func read(root string, a artifact) (committed, error) {
	var c committed
	wasm, err := os.ReadFile(filepath.Join(root, a.committed))
	if err != nil {
		return c, fmt.Errorf("read the committed file: %w", err)
	}
	if strings.HasSuffix(a.committed, ".zst") {
		if wasm, err = unpack(wasm); err != nil {
			return c, fmt.Errorf("unpack %s: %w", a.committed, err)
		}
	}
	want, err := os.ReadFile(filepath.Join(root, a.sum()))
	if err != nil {
		return c, fmt.Errorf("read the recorded sha256: %w", err)
	}
	if have := sumLine(a, wasm); have != string(want) {
		return c, fmt.Errorf("%s and %s do not belong together: the file has %s, recorded is %s",
			a.committed, a.sum(), strings.TrimSpace(have), strings.TrimSpace(string(want)))
	}
	tools, err := os.ReadFile(filepath.Join(root, a.toolchain()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("read the recorded compiler: %w", err)
	}
	return committed{wasm, string(tools)}, nil
}

// sumLine is a line as sha256sum prints it for the module.
func sumLine(a artifact, wasm []byte) string {
	return fmt.Sprintf("%x  %s\n", sha256.Sum256(wasm), strings.TrimSuffix(filepath.Base(a.sum()), ".sha256"))
}

// record writes the committed file, its sha256 and what it was built with.
func record(root string, a artifact, wasm []byte, tools string) error {
	file := wasm
	if strings.HasSuffix(a.committed, ".zst") {
		var err error
		if file, err = pack(wasm); err != nil {
			return fmt.Errorf("compress %s: %w", a.name, err)
		}
	}
	for _, f := range []struct {
		path    string
		content []byte
	}{{a.committed, file}, {a.sum(), []byte(sumLine(a, wasm))}, {a.toolchain(), []byte(tools)}} {
		path := filepath.Join(root, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("record %s: %w", a.name, err)
		}
		if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return fmt.Errorf("record %s: %w", a.name, err)
		}
	}
	return nil
}

// maxUnpacked bounds what a committed file may unpack to.
const maxUnpacked = 64 << 20

func unpack(packed []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}

// pack compresses. Another version of the library may do it differently: what is compared is the module, never the compressed bytes.
func pack(wasm []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	packed := e.EncodeAll(wasm, nil)
	if err := e.Close(); err != nil {
		return nil, err
	}
	if back, err := unpack(packed); err != nil || !bytes.Equal(back, wasm) {
		return nil, errors.New("what was compressed does not unpack to the same")
	}
	return packed, nil
}
