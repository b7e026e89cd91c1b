// Package binding is the escrow contract as Go sees it: its types, one constructor of a call for each of its functions, one decoder for
// each of its events, and its error codes by name.
//
// contract_gen.go is written by internal/stellar/bindgen from the interface that stands in the built contracts themselves (SEP-48), so a
// field that the contract does not have cannot be sent to it, and a test there fails when the two have drifted apart. The rest of the
// package is the strict translation of single values: whatever is not exactly what the interface says is refused, naming the field. It
// knows no rule of a trade; internal/stellar maps these types to those of internal/escrow.
package binding

//go:generate go run ../bindgen -wasm ../../../contract/wasm/stellar_escrow.wasm -rulebook ../../../contract/wasm/stellar_escrow_rulebook.wasm -spec ../../../contract/wasm/interface.xdr -out contract_gen.go
