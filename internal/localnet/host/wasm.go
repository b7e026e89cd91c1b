package host

import (
	_ "embed"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

//go:embed host.wasm.zst
var compressed []byte

// maxWasmBytes bounds what unpacking may allocate; the module has 4.7 MB.
const maxWasmBytes = 32 << 20

// Wasm returns the module's bytes, unpacked. Their sha256 stands in host.wasm.sha256, and `make host` builds them anew.
func Wasm() ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWasmBytes))
	if err != nil {
		return nil, fmt.Errorf("unpack the host module: %w", err)
	}
	defer d.Close()
	wasm, err := d.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack the host module: %w", err)
	}
	return wasm, nil
}
