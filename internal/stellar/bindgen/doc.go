// Command bindgen writes Go bindings for a Soroban contract from the interface that stands in its wasm (SEP-48, the custom section
// contractspecv0): structs with strict translation to and from ScVal, one constructor of a call and one decoder of the result for each
// function, events, and the error codes by name. It runs by `go generate ./internal/stellar/binding`.
//
// It knows the types that our contract uses (bool, u32, u64, i128, BytesN<32>, Address, Option, Vec, pairs, structs, one error enum) and
// refuses any other, rather than writing something that has never been tried.
package main
