// What only the committed wasm can show: what it could do at all, which rulebook it takes, what its calls cost.

#[path = "../common/mod.rs"]
mod common;

mod costs;
mod imports;
mod rulebook;
