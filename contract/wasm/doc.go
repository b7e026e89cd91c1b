// Package wasm is the two contracts as they are deployed: built from contract/escrow and contract/rulebook by build.sh, committed with their hashes, and compared with a fresh
// build by `make contract`.
//
// How it is built anew is internal/reproduce's, and what its interface says internal/stellar/bindgen's.
package wasm
