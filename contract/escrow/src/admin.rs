// The platform's side: its fee, the pause, the admin and the anchor key. Nothing here reaches escrowed money, and nothing here can be
// undone by an upgrade: there is none.

use crate::errors::EscrowError;
use crate::events;
use crate::storage::{self, Fee, ADMIN, ANCHOR_KEY, FEE, LIMITS, PAUSED, PENDING_ADMIN, PENDING_FEE};
use crate::types::{Config, Limits, PendingFee};
use soroban_sdk::{panic_with_error, Address, BytesN, Env};

// The hard cap of the platform's fee: 1 %.
const MOST_BPS: u32 = 100;
// Whoever signed terms at the old fee has a day to use them.
const LEAST_FEE_DELAY: u64 = 86_400;

pub fn construct(env: &Env, admin: Address, bps: u32, receiver: Address, limits: &Limits) -> Result<(), EscrowError> {
    check_fee(env, bps, &receiver)?;
    for (least, most) in [
        (limits.inspection_min, limits.inspection_max),
        (limits.offers_min, limits.offers_max),
        (limits.ruling_min, limits.ruling_max),
        (limits.appeal_min, limits.appeal_max),
        (limits.min_delivery, u64::MAX),
        (LEAST_FEE_DELAY, limits.fee_delay),
    ] {
        if least == 0 || least > most {
            return Err(EscrowError::BadLimits);
        }
    }
    storage::set_config(env, ADMIN, &admin);
    storage::set_config(env, FEE, &(0u64, bps, receiver));
    storage::set_config(env, LIMITS, limits);
    Ok(())
}

// Fees collected by ourselves would be nobody's. Whether the receiver is an asset's contract is for `collect` to see: no asset is named here.
fn check_fee(env: &Env, bps: u32, receiver: &Address) -> Result<(), EscrowError> {
    if bps > MOST_BPS {
        return Err(EscrowError::FeeAboveCap);
    }
    if *receiver == env.current_contract_address() {
        return Err(EscrowError::ForbiddenReceiver);
    }
    Ok(())
}

// What the constructor set is there; the host would have to have lost it.
fn set<T>(env: &Env, value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => panic_with_error!(env, EscrowError::NotFound),
    }
}

pub fn limits(env: &Env) -> Limits {
    set(env, storage::config(env, LIMITS))
}

// The proposed fee, while it is not in force yet.
fn pending_fee(env: &Env) -> Option<Fee> {
    storage::config(env, PENDING_FEE).filter(|(from, _, _): &Fee| env.ledger().timestamp() < *from)
}

// The fee in force now, by the clock: a proposal whose time has come needs nobody to carry it out.
pub fn fee(env: &Env) -> Fee {
    let proposed = if pending_fee(env).is_some() { None } else { storage::config(env, PENDING_FEE) };
    set(env, proposed.or_else(|| storage::config(env, FEE)))
}

// Errors: Paused.
pub fn not_paused(env: &Env) -> Result<(), EscrowError> {
    if paused(env) {
        return Err(EscrowError::Paused);
    }
    Ok(())
}

fn paused(env: &Env) -> bool {
    storage::config(env, PAUSED).unwrap_or(false)
}

// The admin signs.
fn admin(env: &Env) -> Address {
    let admin: Address = set(env, storage::config(env, ADMIN));
    admin.require_auth();
    admin
}

pub fn propose_fee(env: &Env, bps: u32, receiver: Address) -> Result<(), EscrowError> {
    admin(env);
    check_fee(env, bps, &receiver)?;
    let (from, old_bps, old_receiver) = fee(env);
    let effective = env.ledger().timestamp().saturating_add(limits(env).fee_delay);
    storage::set_config(env, FEE, &(from, old_bps, old_receiver.clone()));
    storage::set_config(env, PENDING_FEE, &(effective, bps, receiver.clone()));
    events::FeeProposed { old_bps, old_receiver, bps, receiver, effective }.publish(env);
    Ok(())
}

pub fn cancel_fee(env: &Env) -> Result<(), EscrowError> {
    admin(env);
    let (_, bps, receiver) = pending_fee(env).ok_or(EscrowError::NoPendingFee)?;
    storage::remove_config(env, PENDING_FEE);
    events::FeeCancelled { bps, receiver }.publish(env);
    Ok(())
}

pub fn pause(env: &Env, now: bool) {
    admin(env);
    let old = paused(env);
    storage::set_config(env, PAUSED, &now);
    events::Paused { old, now }.publish(env);
}

pub fn propose_admin(env: &Env, to: Address) {
    let admin = admin(env);
    storage::set_config(env, PENDING_ADMIN, &to);
    events::AdminProposed { admin, to }.publish(env);
}

pub fn accept_admin(env: &Env) -> Result<(), EscrowError> {
    let now: Address = storage::config(env, PENDING_ADMIN).ok_or(EscrowError::NoPendingAdmin)?;
    now.require_auth();
    let old: Address = set(env, storage::config(env, ADMIN));
    storage::remove_config(env, PENDING_ADMIN);
    storage::set_config(env, ADMIN, &now);
    events::AdminChanged { old, now }.publish(env);
    Ok(())
}

pub fn set_anchor(env: &Env, key: Address) {
    admin(env);
    let old = storage::config(env, ANCHOR_KEY);
    storage::set_config(env, ANCHOR_KEY, &key);
    events::AnchorSet { old, key }.publish(env);
}

pub fn anchor(env: &Env, seq: u64, hash: BytesN<32>) -> Result<(), EscrowError> {
    let key: Address = storage::config(env, ANCHOR_KEY).ok_or(EscrowError::NoAnchorKey)?;
    key.require_auth();
    let (old, _) = storage::anchored(env);
    if seq <= old {
        return Err(EscrowError::AnchorNotNewer);
    }
    storage::set_anchored(env, &(seq, hash.clone()));
    events::Anchored { old, seq, hash }.publish(env);
    Ok(())
}

pub fn config(env: &Env) -> Config {
    let (_, fee_bps, fee_receiver) = fee(env);
    Config {
        admin: set(env, storage::config(env, ADMIN)),
        anchor_key: storage::config(env, ANCHOR_KEY),
        anchored: storage::anchored(env),
        fee_bps,
        fee_receiver,
        limits: limits(env),
        paused: paused(env),
        pending_admin: storage::config(env, PENDING_ADMIN),
        pending_fee: pending_fee(env).map(|(effective, bps, receiver)| PendingFee { bps, effective, receiver }),
    }
}
