// Package wasm is the contract as it is deployed: built from contract/escrow by build.sh, committed with its hash, and compared with a fresh
// build by `make contract`.
//
// How it is built anew is internal/reproduce's, and what its interface says internal/stellar/bindgen's.
package wasm
