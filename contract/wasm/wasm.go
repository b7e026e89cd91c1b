package wasm

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
)

//go:embed stellar_escrow.wasm
var escrow []byte

//go:embed stellar_escrow.wasm.sha256
var escrowRecorded string

//go:embed stellar_escrow_rulebook.wasm
var rulebook []byte

//go:embed stellar_escrow_rulebook.wasm.sha256
var rulebookRecorded string

// Escrow returns the contract's code and its SHA-256, which is how the network names it. It refuses code that is not what the recorded hash
// says: a file that was changed by hand must not reach a network.
func Escrow() (code []byte, hash [32]byte, err error) {
	return recorded("stellar_escrow.wasm", escrow, escrowRecorded)
}

// Rulebook returns the same of the contract that the escrow asks, and whose hash stands in the escrow's code.
func Rulebook() (code []byte, hash [32]byte, err error) {
	return recorded("stellar_escrow_rulebook.wasm", rulebook, rulebookRecorded)
}

func recorded(name string, code []byte, line string) ([]byte, [32]byte, error) {
	hash := sha256.Sum256(code)
	want, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	if got := hex.EncodeToString(hash[:]); got != want {
		return nil, hash, fmt.Errorf("contract/wasm/%s has the hash %s, but %s is recorded: rebuild it with `make contract`", name, got, want)
	}
	return code, hash, nil
}
