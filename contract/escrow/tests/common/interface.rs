// The escrow's functions with the types of what they take and answer. In the wasm some are handed on without being read, and have no type there.

use soroban_sdk::{contractclient, Address, BytesN, Env, Vec};
use stellar_escrow::{EscrowError, Owed, Terms, Trade};

#[contractclient(name = "EscrowClient")]
pub trait Interface {
    fn open(env: Env, terms: Terms, by: u32) -> Result<BytesN<32>, EscrowError>;
    fn accept(env: Env, terms: Terms) -> Result<(), EscrowError>;
    fn fund(env: Env, terms: Terms) -> Result<(), EscrowError>;
    fn deliver(env: Env, terms: Terms, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError>;
    fn release(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError>;
    fn settle(env: Env, terms: Terms, milestones: Vec<u32>, push: bool) -> Result<(), EscrowError>;
    fn dispute(env: Env, terms: Terms, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError>;
    fn offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError>;
    fn evidence(env: Env, terms: Terms, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError>;
    fn rule(env: Env, terms: Terms, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError>;
    fn appeal(env: Env, terms: Terms, by: u32, milestone: u32) -> Result<(), EscrowError>;
    fn claim(env: Env, terms: Terms, role: u32, to: Address, amount: i128) -> Result<(), EscrowError>;
    fn collect(env: Env, asset: Address) -> Result<i128, EscrowError>;
    fn extend(env: Env, id: BytesN<32>) -> Result<(), EscrowError>;
    fn trade(env: Env, id: BytesN<32>) -> Option<Trade>;
    fn owed(env: Env, asset: Address) -> Owed;
}
