// The contract of StellarEscrow. docs/contract.md is its reference; this crate implements that page to the letter.
//
// Comments are `//`, not `///`, wherever the SDK would copy them into the wasm's spec: the code of a contract is read, and paid for, in
// every call, and the reference is one click away.
#![no_std]

mod admin;
mod contract;
mod deal;
mod errors;
mod events;
mod money;
#[cfg(not(target_family = "wasm"))]
mod native;
mod payout;
mod phase;
mod state;
mod storage;
mod terms;
mod types;

pub use contract::{Escrow, EscrowClient};
pub use errors::EscrowError;
pub use events::*;
pub use types::*;
