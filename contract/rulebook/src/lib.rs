// The rulebook: a contract without state and without money, which the escrow asks what follows when a trade does what few trades do. It has
// no admin, writes nothing, calls nothing, and anybody may ask it. What it answers the escrow carries out; the escrow names it by the hash of
// this code, so that no other can take its place. docs/contract.md "Two contracts".
#![no_std]
#![allow(clippy::too_many_arguments)] // three are the trade, the others those of the escrow's function

mod contract;

use soroban_sdk::contractmeta;

// As in the escrow's wasm; see there.
contractmeta!(key = "name", val = "StellarEscrow rulebook");
contractmeta!(key = "version", val = "1.0.0");
contractmeta!(key = "license", val = "Apache-2.0");
contractmeta!(key = "source_repo", val = "github:Abdullahi130/StellarEscrow");
contractmeta!(key = "recipe", val = "contract/wasm/build.sh");

pub use contract::{Rulebook, RulebookClient};
