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
var recorded string

// Escrow returns the contract's code and its SHA-256, which is how the network names it. It refuses code that is not what the recorded hash
// says: a file that was changed by hand must not reach a network.
func Escrow() (code []byte, hash [32]byte, err error) {
	hash = sha256.Sum256(escrow)
	want, _, _ := strings.Cut(strings.TrimSpace(recorded), " ")
	if got := hex.EncodeToString(hash[:]); got != want {
		return nil, hash, fmt.Errorf("contract/wasm/stellar_escrow.wasm has the hash %s, but %s is recorded: rebuild it with `make contract`", got, want)
	}
	return escrow, hash, nil
}
