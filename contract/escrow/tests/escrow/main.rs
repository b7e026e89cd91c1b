// What the contract does, shown on both builds: the crates as compiled for this machine, and the committed wasm.
//
// One program, because linking the host takes longer than most of these tests: a mutant of the contract (test/mutants) pays for it once.

#[path = "../common/mod.rs"]
mod common;

mod ids;
mod invariants;
mod lifetimes;
mod owners;
mod stories;
mod tokens;
