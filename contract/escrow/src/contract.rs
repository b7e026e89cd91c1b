// The public face.
#![allow(unused_variables)] // the bodies follow in the next commits

use crate::errors::EscrowError;
use crate::types::{Config, Limits, Owed, Terms, Trade};
use soroban_sdk::{contract, contractimpl, panic_with_error, Address, BytesN, Env, Vec};

#[contract]
pub struct Escrow;

#[contractimpl]
impl Escrow {
    pub fn __constructor(env: Env, admin: Address, fee_bps: u32, fee_receiver: Address, limits: Limits) -> Result<(), EscrowError> {
        let config = Config {
            admin,
            anchor_key: None,
            anchored: (0, BytesN::from_array(&env, &[0; 32])),
            fee_bps,
            fee_receiver,
            limits,
            paused: false,
            pending_admin: None,
            pending_fee: None,
        };
        env.storage().instance().set(&0u32, &config);
        Ok(())
    }

    pub fn trade(env: Env, id: BytesN<32>) -> Option<Trade> {
        None
    }

    pub fn config(env: Env) -> Config {
        match env.storage().instance().get(&0u32) {
            Some(config) => config,
            None => panic_with_error!(&env, EscrowError::NotFound),
        }
    }

    pub fn owed(env: Env, asset: Address) -> Owed {
        Owed { fees: 0, total: 0 }
    }

    pub fn open(env: Env, terms: Terms, by: u32) -> Result<BytesN<32>, EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn accept(env: Env, terms: Terms) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn fund(env: Env, terms: Terms) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn cancel(env: Env, terms: Terms, by: Option<u32>, push: bool) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn deliver(env: Env, terms: Terms, milestone: u32, proof: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn release(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn refund(env: Env, terms: Terms, milestone: u32, amount: i128) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn settle(env: Env, terms: Terms, milestones: Vec<u32>, push: bool) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn dispute(env: Env, terms: Terms, by: u32, milestone: u32, reason: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn accept_offer(env: Env, terms: Terms, by: u32, milestone: u32, of: i128, seller_amount: i128) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn evidence(env: Env, terms: Terms, by: u32, milestone: u32, hash: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn rule(env: Env, terms: Terms, by: u32, rulings: Vec<(u32, u32)>, hash: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn appeal(env: Env, terms: Terms, by: u32, milestone: u32) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn claim(env: Env, terms: Terms, role: u32, to: Address, amount: i128) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn collect(env: Env, asset: Address) -> Result<i128, EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn extend(env: Env, id: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn propose_fee(env: Env, bps: u32, receiver: Address) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn cancel_fee(env: Env) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn pause(env: Env) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn unpause(env: Env) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn propose_admin(env: Env, to: Address) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn accept_admin(env: Env) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn set_anchor(env: Env, key: Address) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }

    pub fn anchor(env: Env, seq: u64, hash: BytesN<32>) -> Result<(), EscrowError> {
        Err(EscrowError::NotFound)
    }
}
