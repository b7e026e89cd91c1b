// The contract of StellarEscrow. docs/contract.md is its reference; this crate implements that page to the letter.
//
// Comments are `//`, not `///`, wherever the SDK would copy them into the wasm's spec: the code of a contract is read, and paid for, in
// every call, and the reference is one click away.
#![no_std]

use soroban_sdk::contractmeta;

mod admin;
mod announce;
mod contract;
mod payout;
mod refusal;
mod storage;
mod trade;

// What the wasm says of itself (SEP-46). The SDK adds its own version and the compiler's; its interface stands in the spec (SEP-48).
//
// Of the build data's vocabulary (SEP-58, draft 0.6) nothing stands in here. A container image that builds this byte for byte does not
// exist yet (bldimg must be one with stellar-cli as its entry point, and bldarg and bldopt are its arguments), and the hash of a source
// archive (source_sha256) would make another contract of this one whenever a test or a lock file changed. The SEP leaves open where its
// fields are kept, and a release names them beside the wasm. What stands here depends on neither machine nor commit, so that anybody's
// build is the same to the byte: the repository (source_repo, as in SEP-55) and the recipe in it.
contractmeta!(key = "name", val = "StellarEscrow");
contractmeta!(key = "version", val = "1.0.0");
contractmeta!(key = "source_repo", val = "github:Abdullahi130/StellarEscrow");

pub use contract::{Escrow, EscrowClient};
pub use refusal::Refusal;
pub use stellar_escrow_rules::errors::EscrowError;
pub use stellar_escrow_rules::types::*;
