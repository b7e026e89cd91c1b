// Package host runs the real Soroban host inside a Go program: soroban-env-host and soroban-simulation, compiled from the Rust
// crates' own sources with a small shim (shim/) to one WebAssembly module, which is embedded here and run by wazero without cgo.
//
// What a contract may do, what it costs, what it emits and which ledger entries it changes is decided in that module alone, by the
// code that validators run. What stays outside is everything around a host function: transactions, signatures of accounts, fees
// taken and refunded, limits per transaction, ledger close, archival. See README.md for the recipe of the module and its contents.
//
// A Machine is the compiled module; a Host serves one call after another from an instance of it. Contracts are strangers' code. What
// they do wrong is a result like another, and their time and memory end with the network's budget for a transaction. Should a call
// panic inside the module all the same, or ask for more memory than there may be, it ends with an error, its instance is thrown away,
// and the next call finds a fresh one.
package host
