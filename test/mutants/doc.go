// Package mutants shows that the tests of the contract look: it makes contracts that are wrong in one place, builds each for this machine, and
// runs the Rust tests on it until one fails. One that passes them all is a hole in the tests.
//
// There are two lists. The wrong contracts of ours, in wrong/*.txt, are what somebody could get wrong who writes this contract, each with the
// rule or the attack that it breaks. The others are those of cargo-mutants (contract/.cargo/mutants.toml): every operator, condition and answer
// replaced by another. Of these some cannot be told from the contract by anybody; docs/proof.md argues each of them by name.
//
// It all happens in copies of contract/, in the cache, with Debian's Rust.
package mutants
