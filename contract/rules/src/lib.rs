// The rules of a trade: who may do what, until when, and where the money goes. docs/contract.md is their reference. Nothing here touches
// the ledger's storage, calls a token or asks for a signature: the escrow does that, with what is decided here (trade.rs `Decision`).
//
// Two contracts are built of it. The escrow has in itself what every trade needs; what few need, disputes above all, it asks of the
// rulebook, so that the others do not pay for its code.
//
// Comments are `//`, not `///`, wherever the SDK would copy them into the wasm's spec: the code of a contract is read, and paid for, in
// every call, and the reference is one click away.
#![no_std]

pub mod admin;
pub mod errors;
pub mod events;
pub mod made;
pub mod milestone;
pub mod money;
#[cfg(not(target_family = "wasm"))]
mod native;
pub mod phase;
pub mod state;
pub mod terms;
pub mod trade;
pub mod types;
