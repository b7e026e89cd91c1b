// The contract of StellarEscrow. docs/contract.md is its reference; this crate implements that page to the letter.
//
// Comments are `//`, not `///`, wherever the SDK would copy them into the wasm's spec: the code of a contract is read, and paid for, in
// every call, and the reference is one click away.
#![no_std]

mod contract;
mod errors;
mod events;
mod types;

pub use contract::{Escrow, EscrowClient};
pub use errors::EscrowError;
pub use events::*;
pub use types::*;
